"""Choosing the settings that are compared: two to four of them, side by side. It asks and saves nothing."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared.comparison.draft import (
    HEADINGS,
    MODE_NAMES,
    PLAIN,
    TITLES,
    Choice,
    Draft,
    is_in_force,
    names_of,
    presets_beside,
)
from pages.shared.icon_button import icon_button
from pages.shared.reranker_choice import draw_sentence, labels_with_state
from rag.compare import FEWEST, MOST
from rag.presets import PRESETS, is_plain, not_plain
from rag.rerankers import RERANKERS
from rag.settings import Settings, known_paths

PLAIN_LABEL = "Plain: nothing refined"
PLAIN_SENTENCE = (
    "What many tools do: both searches read the passages alone, and their lists are merged by place. It "
    "never changes, so it shows what the other settings are worth."
)
BOOSTS = {
    TITLES: "How much more a match in the title counts",
    HEADINGS: "How much more a match in a heading counts",
}
BOOST_HELP = "For the search by words. 0: no more than anywhere else; 1: as much again; at most 10."


def draw_editor(draft: Draft, settings: Settings, *, expanded: bool) -> None:
    """A card for each setting; what is changed in them goes into the draft at once."""
    label = "Settings compared" if expanded else "Change the settings compared"
    # An expander keeps the state that it began with, so folding it takes another key.
    key = f"compare-settings-{'open' if expanded else 'folded'}"
    with st.expander(label, key=key, expanded=expanded, icon=":material/tune:"):
        labels = labels_with_state(settings)
        removable = len(draft.choices) > FEWEST
        headings = []
        columns = st.columns(len(draft.choices), gap="small")
        for column, choice in zip(columns, draft.choices, strict=True):
            with column, st.container(border=True, gap="small", key=f"variant-{choice.number}"):
                headings.append(_draw_card(draft, choice, labels, settings, removable=removable))
        # Named last, by what the cards hold now.
        names = names_of([choice.values for choice in draft.choices])
        for place, (heading, choice) in enumerate(zip(headings, draft.choices, strict=True)):
            badge = " :green-badge[in use]" if is_in_force(choice.values, settings) else ""
            heading.markdown(f"**{place + 1}.** {names[place]}{badge}", width="stretch")
        if len(draft.choices) < MOST:
            _draw_additions(draft)


def _draw_additions(draft: Draft) -> None:
    """One more setting: the next that differs, or one by its name."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Add a setting",
            key="variant-add",
            icon=":material/add:",
            type="tertiary",
            on_click=draft.add_choice,
        )
        presets = presets_beside(draft.choices)
        for values, name in zip(presets, names_of(presets), strict=True):
            st.button(
                name,
                key=f"variant-preset-{'plain' if is_plain(values) else values['mode']}-{values['reranker']}",
                type="tertiary",
                on_click=draft.add_preset,
                args=(values,),
            )


def _draw_card(
    draft: Draft, choice: Choice, labels: dict[str, str], settings: Settings, *, removable: bool
) -> Any:
    """The fields of a setting; returns the place for its heading."""
    number, values = choice.number, choice.values
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", wrap=False):
        heading = st.container(width="stretch")
        if removable:
            icon_button(
                ":material/close:",
                "Take this setting out of the comparison",
                f"variant-{number}-remove",
                draft.remove_choice,
                number,
            )
    modes = [*MODE_NAMES, PLAIN]
    mode = st.selectbox(
        "Search by",
        modes,
        index=modes.index(PLAIN if is_plain(values) else values["mode"]),
        format_func=lambda own: MODE_NAMES.get(own, PLAIN_LABEL),
        key=f"variant-{number}-mode",
    )
    if mode == PLAIN:
        st.caption(PLAIN_SENTENCE)
        chosen = values | PRESETS["plain"]
    else:
        ranked = _draw_ranking(choice, labels, settings)
        chosen = (not_plain(values) if is_plain(values) else values) | {"mode": mode} | ranked
        if mode != "vector":
            # Folded by a key of its own, which keeps its state while the figures in it change.
            with st.expander("Titles and headings", type="compact", key=f"variant-{number}-fields"):
                chosen |= {path: _draw_boost(label, path, choice) for path, label in BOOSTS.items()}
    with st.container(horizontal=True, gap="small"):
        chosen["k"] = _draw_count("Passages kept", "k", choice)
        chosen["candidates"] = _draw_count("Looked at first", "candidates", choice)
    draft.change_choice(number, chosen)
    return heading


def _draw_ranking(choice: Choice, labels: dict[str, str], settings: Settings) -> dict[str, Any]:
    values = choice.values
    reranker = st.selectbox(
        "Put in order by",
        RERANKERS,
        index=RERANKERS.index(values["reranker"]) if values["reranker"] in RERANKERS else 0,
        format_func=labels.__getitem__,
        key=f"variant-{choice.number}-reranker",
        help="What puts the passages found in their final order.",
    )
    draw_sentence(reranker, settings)
    return {"reranker": reranker}


def _draw_boost(label: str, path: str, choice: Choice) -> float:
    known: dict[str, Any] = known_paths()[path]
    return float(
        st.number_input(
            label,
            min_value=float(known["minimum"]),
            max_value=float(known["maximum"]),
            value=float(choice.values[path]),
            step=0.5,
            format="%g",
            key=f"variant-{choice.number}-{path}",
            help=BOOST_HELP,
        )
    )


def _draw_count(label: str, name: str, choice: Choice) -> int:
    known: dict[str, Any] = known_paths()[f"retrieval.{name}"]
    return int(
        st.number_input(
            label,
            min_value=known["minimum"],
            max_value=known["maximum"],
            value=choice.values[name],
            key=f"variant-{choice.number}-{name}",
            help=known["help"],
            width=130,
        )
    )
