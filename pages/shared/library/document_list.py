"""The list of a collection's documents: searched, sorted, and rows chosen. It changes nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any

import streamlit as st

from ingest.language import language_name
from pages.shared.figures import counted
from rag.catalog import DocumentRecord

FAILED, EMPTY, NOTED, READY = "Failed", "No text", "Ready, see note", "Ready"
_STATUS_ORDER: dict[str, int] = {FAILED: 0, EMPTY: 1, NOTED: 2, READY: 3}
_SORTS: dict[str, Callable[[DocumentRecord], Any]] = {
    "Newest first": lambda record: -record.added_at.timestamp(),
    "Name": lambda record: record.name.casefold(),
    "Largest first": lambda record: -record.bytes,
    "Problems first": lambda record: (_STATUS_ORDER[status_of(record)], record.name.casefold()),
}


def draw_documents(records: Sequence[DocumentRecord]) -> list[DocumentRecord]:
    """Draw the list with its search; returns the documents chosen in it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            "Search",
            key="library-search",
            type="search",
            live=True,
            placeholder="Search names and titles",
            label_visibility="collapsed",
            icon=":material/search:",
            width=320,
        )
        order = st.selectbox(
            "Sort", list(_SORTS), key="library-sort", label_visibility="collapsed", width=180
        )
    shown = sorted(_matching(records, str(wanted or "")), key=_SORTS[order or "Newest first"])
    st.caption(_counts(records, shown))
    if not shown:
        st.info("No name or title holds these words.", icon=":material/search_off:")
        return []
    notes = any(_note(record) for record in shown)
    names = tuple(record.name for record in shown)
    chosen = st.dataframe(
        _table(shown),
        key=f"documents-{hash((records[0].collection, names)):x}",
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        column_order=None if notes else _COLUMNS[:-1],
        column_config=_column_config(),
        height=min(36 * (len(shown) + 1) + 3, 480),
    )
    return [shown[row] for row in chosen["selection"]["rows"] if row < len(shown)]


def status_of(record: DocumentRecord) -> str:
    """The status in plain words."""
    if record.status == "failed":
        return FAILED
    if record.status == "empty":
        return EMPTY
    return NOTED if _note(record) else READY


def notes_of(record: DocumentRecord) -> list[str]:
    """What is to be said about a document: why it failed, or what to beware of."""
    notes = [record.error] if record.error else []
    return notes + [warning for warning in record.warnings if warning not in record.error]


_COLUMNS = ["Name", "Title", "Status", "Pages", "Passages", "Size", "Language", "Added", "Note"]


def _table(records: Sequence[DocumentRecord]) -> dict[str, list[object]]:
    rows = [
        (
            record.name,
            _own_title(record),
            status_of(record),
            record.pages or None,
            record.chunks or None,
            record.bytes,
            language_name(record.language),
            record.added_at.astimezone().replace(tzinfo=None),
            _note(record),
        )
        for record in records
    ]
    return {name: [row[place] for row in rows] for place, name in enumerate(_COLUMNS)}


def _column_config() -> dict[str, Any]:
    return {
        "Name": st.column_config.TextColumn(width="medium", pinned=True),
        "Title": st.column_config.TextColumn(width="medium"),
        "Status": st.column_config.TextColumn(width="small"),
        "Pages": st.column_config.NumberColumn(width="small", format="localized"),
        "Passages": st.column_config.NumberColumn(width="small", format="localized"),
        "Size": st.column_config.NumberColumn(width="small", format="bytes"),
        "Language": st.column_config.TextColumn(width="small"),
        "Added": st.column_config.DatetimeColumn(width="small", format="D MMM YYYY, HH:mm"),
        "Note": st.column_config.TextColumn(width="large"),
    }


def _matching(records: Sequence[DocumentRecord], wanted: str) -> list[DocumentRecord]:
    words = wanted.casefold().split()
    return [
        record
        for record in records
        if all(word in f"{record.name} {record.title}".casefold() for word in words)
    ]


def _counts(records: Sequence[DocumentRecord], shown: Sequence[DocumentRecord]) -> str:
    passages = sum(record.chunks for record in shown)
    count = counted(len(shown), "document")
    if len(shown) < len(records):
        count = f"{len(shown):,} of {counted(len(records), 'document')}"
    return f"{count}, {counted(passages, 'passage')}. Choose rows to open, read again or delete."


def _note(record: DocumentRecord) -> str:
    return " ".join(notes_of(record))


def _own_title(record: DocumentRecord) -> str:
    """The title, unless it only repeats the file's name."""
    stem = PurePosixPath(record.name).stem.replace("_", " ").replace("-", " ").casefold()
    return "" if record.title.replace("-", " ").casefold() == stem else record.title
