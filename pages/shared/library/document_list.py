"""The list of documents with rows to choose. It changes nothing itself and reads no file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import streamlit as st

from ingest.language import language_name
from pages.shared.figures import counted
from pages.shared.library.document_report import Alike, remarks_on, status_of
from rag.catalog import DocumentRecord
from rag.document_kinds import kind_of

_COLUMNS = (
    "Name", "Status", "Type", "Title", "Pages", "Passages", "Size", "Language", "Tags", "Added", "Report",
)  # fmt: skip
#: Left out when no document listed has any.
_OPTIONAL = ("Title", "Pages", "Tags", "Report")


def draw_documents(
    records: Sequence[DocumentRecord], shown: Sequence[DocumentRecord], alike: Mapping[str, Alike]
) -> list[DocumentRecord]:
    """Draw `shown` of a collection's `records`; returns the documents chosen."""
    if not shown:
        st.info("No document fits the search and the filters.", icon=":material/search_off:")
        return []
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_counts(records, shown), width="stretch")
        everything = len(shown) > 1 and st.checkbox(
            f"Choose all {len(shown):,}",
            key="choose-all",
            help="To change them all at once.",
        )
    table = _table(shown, alike)
    names = hash((records[0].collection, tuple(record.name for record in shown)))
    chosen = st.dataframe(
        table,
        key=f"documents-{names:x}",
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        column_order=[name for name in _COLUMNS if name not in _OPTIONAL or any(table[name])],
        column_config=_column_config(),
        height=min(36 * (len(shown) + 1) + 3, 480),
    )
    if everything:
        return list(shown)
    return [shown[row] for row in chosen["selection"]["rows"] if row < len(shown)]


def _table(records: Sequence[DocumentRecord], alike: Mapping[str, Alike]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for record in records:
        own = alike.get(record.name, ())
        row = (
            record.name,
            status_of(record, own),
            kind_of(record.mime_type, record.name),
            _own_title(record),
            record.pages,
            record.chunks,
            record.bytes,
            language_name(record.language),
            list(record.tags),
            record.added_at.astimezone().replace(tzinfo=None),
            " ".join(remarks_on(record, own)),
        )
        for name, value in zip(_COLUMNS, row, strict=True):
            columns[name].append(value)
    return columns


def _column_config() -> dict[str, Any]:
    return {
        "Name": st.column_config.TextColumn(width="medium", pinned=True),
        "Status": st.column_config.TextColumn(width="small"),
        "Type": st.column_config.TextColumn(width="small"),
        "Title": st.column_config.TextColumn(width="medium"),
        "Pages": st.column_config.NumberColumn(width="small", format="localized"),
        "Passages": st.column_config.NumberColumn(width="small", format="localized"),
        "Size": st.column_config.NumberColumn(width="small", format="bytes"),
        "Language": st.column_config.TextColumn(width="small"),
        "Tags": st.column_config.ListColumn(width="small"),
        "Added": st.column_config.DatetimeColumn(width=100, format="D MMM YYYY"),
        "Report": st.column_config.TextColumn(width="large"),
    }


def _counts(records: Sequence[DocumentRecord], shown: Sequence[DocumentRecord]) -> str:
    passages = counted(sum(record.chunks for record in shown), "passage")
    count = counted(len(shown), "document")
    if len(shown) < len(records):
        count = f"{len(shown):,} of {counted(len(records), 'document')}"
    return f"{count}, {passages}. Choose rows to see and change them."


def _own_title(record: DocumentRecord) -> str:
    """The title, unless it only repeats the file's name."""
    stem = PurePosixPath(record.name).stem.replace("_", " ").replace("-", " ").casefold()
    return "" if record.title.replace("-", " ").casefold() == stem else record.title
