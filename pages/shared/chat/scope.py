"""What the next question is asked of: a filter above the question box. It asks nothing itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import streamlit as st

from pages.shared import session
from pages.shared.figures import counted
from pages.shared.plain_text import markdown_plain, shortened
from rag.document_kinds import kind_of
from rag.document_scope import fits
from rag.types import Scope

#: Values shown one by one beside the button; the others are counted.
NAMED = 4
_ICONS = {"documents": ":material/draft:", "tags": ":material/sell:", "kinds": ":material/category:"}


def draw_scope(collection: str) -> Scope:
    """The filter and, beside it, what is chosen, each with a cross; returns what is chosen."""
    records = session.ready_documents(collection)
    if not records:
        return Scope()
    options = {
        "documents": [record.name for record in records],
        "kinds": sorted({kind_of(record.mime_type, record.name) for record in records}),
        "tags": sorted({tag for record in records for tag in record.tags}),
    }
    # What is gone since it was chosen would make a search that finds nothing.
    there: dict[str, Any] = {
        part: tuple(own for own in getattr(session.chosen_scope(), part) if own in set(options[part]))
        for part in options
    }
    chosen = replace(session.chosen_scope(), **there)
    fitting = sum(fits(record, chosen) for record in records)
    summary = f"{fitting:,} of {counted(len(records), 'document')}" if chosen else "All documents"
    with st.popover(summary, icon=":material/filter_list:"):
        _draw_choices(options)
        if chosen and not fitting:
            st.warning("No document fits all of this. Take something out.")
    _draw_chosen(chosen)
    return chosen


def in_words(scope: Scope) -> str:
    """What a question was asked of, as plain text: 'a.pdf, tagged pumps, PDF'."""
    names = [shortened(PurePosixPath(name).name, 40) for name in scope.documents[:3]]
    if len(scope.documents) > len(names):
        names.append(f"{len(scope.documents) - len(names):,} more documents")
    return ", ".join([*names, *(f"tagged {tag}" for tag in scope.tags), *scope.kinds])


def _draw_choices(options: dict[str, list[str]]) -> None:
    st.multiselect(
        "Search only these documents",
        options["documents"],
        key=session.scope_widget("documents", set(options["documents"])),
        on_change=session.keep_scope,
        args=("documents",),
        format_func=lambda name: shortened(name, 60),
        placeholder="All documents",
        width=420,
    )
    for part, label in (("kinds", "Only these types"), ("tags", "Only documents with one of these tags")):
        if len(options[part]) > (part == "kinds"):
            st.pills(
                label,
                options[part],
                selection_mode="multi",
                key=session.scope_widget(part, options[part]),
                on_change=session.keep_scope,
                args=(part,),
                format_func=markdown_plain,
                width=420,
            )


def _draw_chosen(chosen: Scope) -> None:
    values = [(part, value) for part in _ICONS for value in getattr(chosen, part)]
    for part, value in values[:NAMED]:
        name = PurePosixPath(value).name if part == "documents" else value
        st.button(
            f"{markdown_plain(shortened(name, 28))} :material/close:",
            icon=_ICONS[part],
            key=f"scope-out-{part}-{value}",
            help="Search without this restriction",
            on_click=session.leave_out,
            args=(part, value),
        )
    if len(values) > NAMED:
        st.caption(f"and {len(values) - NAMED:,} more")
