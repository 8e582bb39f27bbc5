"""Documents read again from their kept originals, in a job like any other. It decides nothing about files."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ingest.given import given_records
from pages.shared import session
from pages.shared.figures import counted
from rag.catalog import DocumentRecord


def draw_read_again(collection: str, chosen: Sequence[DocumentRecord]) -> None:
    """The button; documents whose original was never kept are left out."""
    kept = [record for record in chosen if record.document_id]
    if st.button(
        "Read again",
        icon=":material/refresh:",
        key="read-again",
        disabled=not kept,
        help=None if kept else "The original file is not kept here; add it again.",
    ):
        read_again(collection, kept)


def read_again(collection: str, records: Sequence[DocumentRecord], password: str | None = None) -> None:
    """Queue the documents and run the page again, which then shows the job."""
    label = records[0].name if len(records) == 1 else counted(len(records), "document")
    session.jobs().submit(
        collection,
        given_records(records),
        label=label,
        force=True,
        password=password,
    )
    st.rerun()
