"""What a question is asked of: a filter beside its box, and chips for what is chosen. It asks nothing itself.

Chat and compare share it; each has a scope of its own, by the name of its place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from pages.shared import session
from pages.shared.figures import counted
from pages.shared.plain_text import markdown_plain
from pages.shared.scope.choices import draw_choices, options_of
from pages.shared.scope.words import chips_of
from rag.document_scope import fits, left_out
from rag.types import Scope

#: Restrictions shown one by one beside the button; the others are counted.
NAMED = 4


def draw_scope(place: str, collection: str, *files: str) -> Scope:
    """The filter; returns what is chosen.

    `files` names the collection of attached files, when it is asked together with `collection`.
    """
    known = session.collections()
    # Asked by themselves, attached files stay so: their collection is none of those listed.
    others = [own for own in known if own != collection in known and session.ready_documents(own)]
    beside = [own for own in session.chosen_scope(place).collections if own in others]
    records = [record for own in (collection, *files, *beside) for record in session.ready_documents(own)]
    if not records and not others:
        return Scope()
    options = options_of(records) | {"collections": others}
    # What is gone since it was chosen would make a search that finds nothing.
    there: dict[str, Any] = {
        part: tuple(own for own in getattr(session.chosen_scope(place), part) if own in set(known))
        for part, known in options.items()
    }
    chosen = replace(session.chosen_scope(place), **there)
    fitting = sum(fits(record, chosen) for record in records)
    if replace(chosen, collections=()):
        summary = f"{fitting:,} of {counted(len(records), 'document')}"
    else:
        summary = f"{len(beside) + 1:,} collections" if beside else "All documents"
    with st.popover(summary, icon=":material/filter_list:", key=f"scope-{place}"):
        draw_choices(place, records, options)
        for sentence in left_out(records, chosen):
            st.caption(sentence)
        if chosen and records and not fitting:
            st.warning("No document fits all of this. Take something out.")
    return chosen


def draw_chips(place: str, chosen: Scope) -> None:
    """What is chosen, each with a cross; nothing where that is everything."""
    chips = chips_of(chosen)
    if not chips:
        return
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        gap="xsmall",
        width="content",
        key=f"scope-chips-{place}",
    ):
        for chip in chips[:NAMED]:
            st.button(
                f"{markdown_plain(chip.label)} :material/close:",
                icon=chip.icon,
                key=f"scope-out-{place}-{'-'.join(chip.parts)}-{chip.value}",
                help="Search without this restriction",
                on_click=session.leave_out,
                args=(place, chip.parts, chip.value),
            )
        if len(chips) > NAMED:
            st.caption(f"and {len(chips) - NAMED:,} more")
