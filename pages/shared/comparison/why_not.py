"""Why wasn't it found? The expected passage is named, and its way through one setting shown.

It draws what rag.trace says; what documents say is escaped. It changes no settings by itself.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared import session
from pages.shared.chat.found_view import RERANKERS
from pages.shared.comparison.draft import MODE_NAMES, Draft, is_in_force
from pages.shared.figures import counted, ordinal
from pages.shared.plain_text import markdown_plain, shortened
from rag.compare import MOST, VARIED, Comparison
from rag.expected_passage import Expected, expected_passage
from rag.passage_places import part_of
from rag.trace import Trace, trace

PLACE = "compare"
STAGES = {
    "reading": "Reading the document",
    "passages": "Cutting into passages",
    "filter": "The filter",
    "text": "Search by words",
    "vector": "Search by meaning",
    "fusion": "Merging the searches",
    "reranking": "Putting in order",
    "kept": "Passages kept",
    "threshold": "Deciding whether to answer",
    "budget": "Room in the prompt",
}
OTHER_CHANGES = {
    "retrieval.exact_first": "codes and quoted words not put first",
    "retrieval.correct_spelling": "words searched for as they are written",
    "retrieval.milliseconds": "no bound on the time",
}
SIGNS = {
    "kept": ":green[:material/check:]",
    "missed": ":gray[:material/remove:]",
    "lost": ":red[:material/close:]",
    "unused": "",
    "unreached": "",
}


def draw_why_not(draft: Draft, made: Comparison) -> None:
    """A folded part of the page: what is expected, then its way."""
    traced = draft.traced
    with st.expander(
        "Why wasn't it found?", key="why-not", icon=":material/route:", expanded=traced is not None
    ):
        st.markdown(
            "You know a passage that should be here? Name its document and some of its words, and see "
            "where it got lost."
        )
        _draw_form(draft, made)
        if traced is not None:
            _draw_trace(draft, made, *traced)


def _draw_form(draft: Draft, made: Comparison) -> None:
    places = _places(draft, made)
    with (
        st.form("why-not-form", border=False),
        st.container(horizontal=True, vertical_alignment="bottom", gap="small"),
    ):
        chosen = st.selectbox(
            "Document",
            places,
            format_func=lambda own: _place_text(made, *own),
            key="why-not-document",
            width=260,
        )
        phrase = st.text_input(
            "Words of the passage",
            key="why-not-phrase",
            placeholder="Any passage of the document",
            width=280,
        )
        place = st.selectbox(
            "Followed through",
            range(len(made.runs)),
            index=_place_in_use(made),
            format_func=lambda number: f"{number + 1}. {made.runs[number].variant.name}",
            key="why-not-variant",
            width=230,
        )
        sent = st.form_submit_button("Find out", icon=":material/route:")
    opened = session.opened(PLACE)
    if opened and opened.where in _searched(draft, made):
        passage = opened.passage
        label = f"Follow the opened passage, of {shortened(passage.document, 40)}"
        if st.button(
            markdown_plain(label), key="why-not-opened", type="tertiary", icon=":material/my_location:"
        ):
            expected = expected_passage(
                session.workspace(), opened.where, passage.document, span=(passage.start, passage.end)
            )
            _follow(draft, made, place, expected)
    if sent and chosen:
        _follow(draft, made, place, expected_passage(session.workspace(), *chosen, phrase or ""))


def _searched(draft: Draft, made: Comparison) -> list[str]:
    """The collections that the comparison asked, its own first."""
    known = set(session.collections())
    return [made.collection, *(own for own in draft.made_of.collections if own in known)]


def _places(draft: Draft, made: Comparison) -> list[tuple[str, str]]:
    """Every document searched, with its collection."""
    return [(own, record.name) for own in _searched(draft, made) for record in session.documents(own)]


def _place_text(made: Comparison, collection: str, name: str) -> str:
    beside = "" if collection == made.collection else f" (in {shortened(collection, 30)})"
    return f"{shortened(name, 60)}{beside}"


def _place_in_use(made: Comparison) -> int:
    settings = session.settings()
    places = (place for place, run in enumerate(made.runs) if is_in_force(run.variant.changes, settings))
    return next(places, 0)


def _follow(draft: Draft, made: Comparison, place: int, expected: Expected) -> None:
    workspace = session.workspace()
    found = trace(
        made.question,
        expected,
        table=workspace.searched(_searched(draft, made)),
        settings=made.runs[place].variant.settings,
        filters=workspace.filters(made.collection, draft.made_of),
    )
    draft.traced = (place, found)
    st.rerun()


def _draw_trace(draft: Draft, made: Comparison, place: int, found: Trace) -> None:
    name = made.runs[place].variant.name
    st.markdown(f"{_headline(found)} {markdown_plain(f'With {place + 1}. {name}.')}")
    steps = [step for step in found.steps if step.says]
    st.table(
        {
            "Stage": [f"{SIGNS[step.outcome]} {STAGES[step.stage]}" for step in steps],
            "What happened": [markdown_plain(step.says) for step in steps],
            "Score": ["" if step.score is None else f"{step.score:.3g}" for step in steps],
        },
        border="horizontal",
        hide_index=True,
    )
    for note in found.notes:
        st.warning(markdown_plain(note), icon=":material/info:")
    if found.remedies:
        st.markdown("**What would have kept it.** Each was tried with your question:")
    values = made.runs[place].variant.changes
    for number, remedy in enumerate(found.remedies):
        is_full = len(draft.choices) >= MOST
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"{changes_text(remedy.changes)}: it comes {ordinal(remedy.rank)}.", width="content")
            # The others are no part of what the page compares.
            if remedy.changes.keys() <= set(VARIED):
                st.button(
                    "Compare with this",
                    key=f"why-not-try-{number}",
                    type="tertiary",
                    icon=":material/add:",
                    on_click=draft.add_and_ask,
                    args=(values | remedy.changes,),
                    disabled=is_full,
                    help="Take a setting out first: four are compared." if is_full else None,
                )


def _headline(found: Trace) -> str:
    part = part_of(found.passage.chunk) if found.passage else ""
    passage = f" It is on {markdown_plain(part)}." if part else ""
    if found.lost_at:
        return f"**Lost: {' and '.join(STAGES[stage].lower() for stage in found.lost_at)}.**{passage}"
    kept = next(step for step in found.steps if step.stage == "kept")
    return f"**It was found, and comes {ordinal(kept.rank or 1)}.**{passage}"


def changes_text(changes: dict[str, Any]) -> str:
    """Changed settings in plain words, the first letter a capital."""
    said = []
    for name, value in changes.items():
        if name == "mode":
            said.append(f"search by {MODE_NAMES[value].lower().replace(' + ', ' and ').replace(' only', '')}")
        elif name == "reranker":
            said.append("no reranker" if value == "none" else f"reranker {RERANKERS.get(value, value)}")
        elif name == "candidates":
            said.append(f"fetch {counted(value, 'candidate')}")
        elif name == "k":
            said.append(f"keep {counted(value, 'passage')}")
        else:
            said.append(OTHER_CHANGES.get(name, f"{name} = {value}"))
    text = ", ".join(said)
    return text[:1].upper() + text[1:]
