"""Which documents the list shows, and in which order: search, filters, sorting. It draws no list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import streamlit as st

from ingest.report import EMPTY, GARBLED, SCANNED
from pages.shared.library.document_report import FAILED, NO_TEXT, NOTED, READY, Alike, status_of
from rag.catalog import DocumentRecord
from rag.document_kinds import kind_of

ALIKE, BLANK, SCANS, RUBBISH = "Nearly the same as another", "Empty pages", "Scanned pages", "Garbled text"
_STATUSES = (READY, NOTED, NO_TEXT, FAILED, ALIKE, BLANK, SCANS, RUBBISH)
_PARTS = {EMPTY: BLANK, SCANNED: SCANS, GARBLED: RUBBISH}
_STATUS_ORDER = {FAILED: 0, NO_TEXT: 1, NOTED: 2, READY: 3}
_DATES = {"Any time": 0, "Last 24 hours": 1, "Last 7 days": 7, "Last 30 days": 30, "Last year": 365}
_SORTS: dict[str, Callable[[DocumentRecord], Any]] = {
    "Newest first": lambda record: -record.added_at.timestamp(),
    "Oldest first": lambda record: record.added_at.timestamp(),
    "Name": lambda record: record.name.casefold(),
    "Largest first": lambda record: -record.bytes,
    "Most passages first": lambda record: -record.chunks,
    "Problems first": lambda record: (_STATUS_ORDER[status_of(record)], record.name.casefold()),
}
_KEYS = ("library-kinds", "library-statuses", "library-tags")


def draw_filters(records: Sequence[DocumentRecord], alike: Mapping[str, Alike]) -> list[DocumentRecord]:
    """Draw search, filters and sorting; returns the documents to list, in order."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            "Search",
            key="library-search",
            type="search",
            live=True,
            placeholder="Search names, titles, tags and notes",
            label_visibility="collapsed",
            icon=":material/search:",
            width=320,
        )
        order = st.selectbox(
            "Sort", list(_SORTS), key="library-sort", label_visibility="collapsed", width=180
        )
        with st.popover("Filter", icon=":material/filter_list:"):
            known = {kind_of(record.mime_type, record.name) for record in records}
            kinds = _choice("Type", sorted(known), _KEYS[0])
            statuses = _choice("Status", list(_STATUSES), _KEYS[1])
            tags = _choice("Tag", sorted({tag for record in records for tag in record.tags}), _KEYS[2])
            added = st.selectbox("Added", list(_DATES), key="library-added")
    shown = _matching(records, str(wanted or ""))
    if kinds:
        shown = [record for record in shown if kind_of(record.mime_type, record.name) in kinds]
    if statuses:
        shown = [record for record in shown if _statuses_of(record, alike) & set(statuses)]
    if tags:
        shown = [record for record in shown if set(record.tags) & set(tags)]
    days = _DATES[added or "Any time"]
    if days:
        since = datetime.now(UTC) - timedelta(days=days)
        shown = [record for record in shown if record.added_at >= since]
    _draw_what_is_set(kinds, statuses, tags, added if days else None)
    return sorted(shown, key=_SORTS[order or "Newest first"])


def _choice(label: str, options: list[str], key: str) -> list[str]:
    if not options:
        return []
    return st.multiselect(label, options, key=key, placeholder="All", width=320)


def _draw_what_is_set(*chosen: Sequence[str] | str | None) -> None:
    """The filters in force, since the popover hides them."""
    labels = [label for each in chosen if each for label in ([each] if isinstance(each, str) else each)]
    if labels:
        from pages.shared.plain_text import markdown_plain

        st.caption("Only: " + " · ".join(markdown_plain(label) for label in labels))


def _statuses_of(record: DocumentRecord, alike: Mapping[str, Alike]) -> set[str]:
    own = {status_of(record, alike.get(record.name, ()))}
    if record.name in alike:
        own.add(ALIKE)
    own.update(word for part, word in _PARTS.items() if record.report.get(part))
    return own


def _matching(records: Sequence[DocumentRecord], wanted: str) -> list[DocumentRecord]:
    words = wanted.casefold().split()
    if not words:
        return list(records)
    return [record for record in records if all(word in _searched(record) for word in words)]


def _searched(record: DocumentRecord) -> str:
    return f"{record.name} {record.title} {' '.join(record.tags)} {record.notes}".casefold()
