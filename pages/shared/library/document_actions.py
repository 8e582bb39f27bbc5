"""What can be done with the documents chosen in the library: one of them in detail, or several at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import streamlit as st

from ingest.documents import remove_documents
from ingest.given import given_records
from ingest.language import language_name
from pages.shared import session
from pages.shared.figures import counted, date_text, size_text
from pages.shared.job_cards import draw_password, wants_password
from pages.shared.library.document_list import notes_of
from pages.shared.library.document_viewer import view_document
from pages.shared.plain_text import markdown_plain, shortened
from rag.catalog import DocumentRecord
from rag.errors import AskanceError

#: Names shown in the question before deleting.
NAMED = 8


def draw_actions(collection: str, chosen: Sequence[DocumentRecord]) -> None:
    """The buttons for the documents chosen; nothing when none is."""
    if not chosen:
        return
    with st.container(border=True, key="document-actions"):
        if len(chosen) == 1:
            _draw_one(collection, chosen[0])
        else:
            st.markdown(f"**{counted(len(chosen), 'document')} chosen**")
            with st.container(horizontal=True):
                _draw_read_again(collection, chosen)
                _draw_delete(collection, chosen)


def _draw_one(collection: str, record: DocumentRecord) -> None:
    st.markdown(f"**{markdown_plain(record.title or record.name)}**")
    st.caption(markdown_plain(record.name) + "  \n" + markdown_plain(" · ".join(_facts(record))))
    kept = bool(record.document_id) and session.workspace().blobs.has(record.document_id)
    for note in notes_of(record):
        if record.status == "ready":
            st.warning(markdown_plain(note), icon=":material/warning:")
        else:
            st.error(markdown_plain(note), icon=":material/error:")
    with st.container(horizontal=True):
        if record.status == "ready":
            if st.button(
                "Open", type="primary", icon=":material/visibility:", key="open-document", disabled=not kept
            ):
                view_document(record)
            if st.button("Ask about it", icon=":material/forum:", key="ask-document"):
                session.ask_about(record.name)
                st.switch_page("chat.py")
        _draw_read_again(collection, [record])
        if kept:
            blobs = session.workspace().blobs
            st.download_button(
                "Download",
                lambda: blobs.get(record.document_id),
                file_name=PurePosixPath(record.name.replace("!", "/")).name,
                mime="application/octet-stream",
                icon=":material/download:",
                key="download-document",
                on_click="ignore",
            )
        _draw_delete(collection, [record])
    if kept and wants_password(record.name, record.error):
        password = draw_password("chosen-document")
        if password:
            _read_again(collection, [record], password=password)


def _facts(record: DocumentRecord) -> list[str]:
    facts = []
    if record.pages:
        facts.append(counted(record.pages, "page"))
    if record.chunks:
        facts.append(counted(record.chunks, "passage"))
    facts.append(size_text(record.bytes))
    if record.language:
        facts.append(language_name(record.language))
    return [*facts, f"added {date_text(record.added_at)}"]


def _draw_read_again(collection: str, chosen: Sequence[DocumentRecord]) -> None:
    blobs = session.workspace().blobs
    kept = [record for record in chosen if record.document_id and blobs.has(record.document_id)]
    if st.button(
        "Read again",
        icon=":material/refresh:",
        key="read-again",
        disabled=not kept,
        help=None if kept else "The original file is not kept here; add it again.",
    ):
        _read_again(collection, kept)


def _read_again(collection: str, records: Sequence[DocumentRecord], password: str | None = None) -> None:
    label = records[0].name if len(records) == 1 else counted(len(records), "document")
    session.jobs().submit(
        collection,
        given_records(records),
        label=label,
        force=True,
        password=password,
    )
    st.rerun()


def _draw_delete(collection: str, chosen: Sequence[DocumentRecord]) -> None:
    if st.button("Delete", icon=":material/delete:", key="delete-documents"):
        _confirm_delete(collection, chosen)


def _delete(collection: str, names: Sequence[str]) -> None:
    try:
        remove_documents(session.workspace(), collection, names)
    except AskanceError as error:
        st.toast(markdown_plain(str(error)), icon=":material/error:", duration="infinite")


@st.dialog("Delete documents?")
def _confirm_delete(collection: str, chosen: Sequence[DocumentRecord]) -> None:
    names = [f"- {markdown_plain(shortened(record.name, 60))}" for record in chosen[:NAMED]]
    st.markdown("\n".join(names))
    if len(chosen) > NAMED:
        st.markdown(f"and {len(chosen) - NAMED:,} more.")
    st.caption(
        "They leave this collection with all their passages; Askance's copy of the originals goes too. "
        "Your own files stay where they are."
    )
    with st.container(horizontal=True):
        if st.button(
            "Delete",
            type="primary",
            icon=":material/delete:",
            key="delete-confirmed",
            on_click=_delete,
            args=(collection, [record.name for record in chosen]),
        ):
            st.rerun()
        if st.button("Cancel", key="delete-cancelled"):
            st.rerun()
