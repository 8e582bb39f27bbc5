"""The fields of the filter; one by which no document could be chosen is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import streamlit as st

from pages.shared import session
from pages.shared.plain_text import markdown_plain, shortened
from rag.catalog import DocumentRecord
from rag.document_kinds import kind_of
from rag.document_scope import has_pages

WIDTH = 420
HALF = 200
#: Days that can be chosen, where documents are not older or younger still.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2099, 12, 31)

Options = dict[str, list[str]]


def options_of(records: Sequence[DocumentRecord]) -> Options:
    """What the lists offer, by part of the scope."""
    return {
        "documents": list(dict.fromkeys(record.name for record in records)),
        "kinds": sorted({kind_of(record.mime_type, record.name) for record in records}),
        "tags": sorted({tag for record in records for tag in record.tags}),
        "authors": sorted({author for record in records for author in record.authors}, key=str.casefold),
    }


def draw_choices(place: str, records: Sequence[DocumentRecord], options: Options) -> None:
    """Every field shows what is chosen, and keeps what is changed in it."""
    if options["collections"]:
        _draw_collections(place, options)
    _draw_list(place, "documents", "Search only these documents", "All documents", options)
    for part, label in (("kinds", "Only these types"), ("tags", "Only documents with one of these tags")):
        if len(options[part]) > (part == "kinds"):
            st.pills(
                label,
                options[part],
                selection_mode="multi",
                key=session.scope_widget(place, part, options[part]),
                on_change=session.keep_scope,
                args=(place, part),
                format_func=markdown_plain,
                width=WIDTH,
            )
    if options["authors"]:
        _draw_list(place, "authors", "Only by these authors", "Anybody", options)
    days = [record.dated for record in records if record.dated]
    if days:
        first, last = min(FIRST_DAY, *days), max(LAST_DAY, *days)
        with st.container(horizontal=True, gap="small"):
            for part, label in (("since", "Dated from"), ("until", "Dated until")):
                st.date_input(
                    label,
                    value=None,
                    min_value=first,
                    max_value=last,
                    key=session.scope_widget(place, part),
                    on_change=session.keep_scope,
                    args=(place, part),
                    format="YYYY-MM-DD",
                    width=HALF,
                )
    if any(map(has_pages, records)):
        with st.container(horizontal=True, gap="small"):
            for part, label in (("first_page", "From page"), ("last_page", "To page")):
                st.number_input(
                    label,
                    min_value=1,
                    value=None,
                    step=1,
                    key=session.scope_widget(place, part),
                    on_change=session.keep_scope,
                    args=(place, part),
                    placeholder="Any",
                    width=HALF,
                )
    if not options["authors"] and not days:
        st.caption(
            "None of these documents says who wrote it, or when. If an earlier version of Askance read them, "
            "reading them again in the Library finds out."
        )


def _draw_collections(place: str, options: Options) -> None:
    _draw_list(place, "collections", "Ask these collections, too", "This collection alone", options)
    if len(options["collections"]) > 1:
        st.button(
            "All collections",
            icon=":material/select_all:",
            key=f"scope-everywhere-{place}",
            type="tertiary",
            on_click=session.choose_scope,
            args=(place, replace(session.chosen_scope(place), collections=tuple(options["collections"]))),
        )


def _draw_list(place: str, part: str, label: str, nothing: str, options: Options) -> None:
    st.multiselect(
        label,
        options[part],
        key=session.scope_widget(place, part, options[part]),
        on_change=session.keep_scope,
        args=(place, part),
        format_func=lambda name: shortened(name, 60),
        placeholder=nothing,
        width=WIDTH,
    )
