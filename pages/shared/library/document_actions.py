"""What can be done with the documents chosen in the library: one of them in detail, or several at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import streamlit as st

from pages.shared import session
from pages.shared.facts import draw_facts
from pages.shared.figures import counted, size_text
from pages.shared.job_cards import draw_password, wants_password
from pages.shared.library.deleting import draw_delete
from pages.shared.library.document_report import Alike, facts_of, remarks_on
from pages.shared.library.document_viewer import view_document
from pages.shared.library.reading_again import draw_read_again, read_again
from pages.shared.library.tags_and_notes import draw_tags_and_notes, draw_tags_of_many
from pages.shared.plain_text import markdown_plain
from rag.catalog import DocumentRecord


def draw_actions(collection: str, chosen: Sequence[DocumentRecord], alike: Mapping[str, Alike]) -> None:
    """The buttons for the documents chosen; nothing when none is."""
    if not chosen:
        return
    with st.container(border=True, key="document-actions"):
        if len(chosen) == 1:
            _draw_one(collection, chosen[0], alike.get(chosen[0].name, ()))
        else:
            _draw_several(collection, chosen)


def _draw_several(collection: str, chosen: Sequence[DocumentRecord]) -> None:
    passages = counted(sum(record.chunks for record in chosen), "passage")
    size = size_text(sum(record.bytes for record in chosen))
    st.markdown(f"**{counted(len(chosen), 'document')} chosen**, {passages}, {size}")
    with st.container(horizontal=True):
        draw_tags_of_many(collection, chosen)
        draw_read_again(collection, chosen)
        draw_delete(collection, chosen)


def _draw_one(collection: str, record: DocumentRecord, alike: Alike) -> None:
    st.markdown(f"**{markdown_plain(record.title or record.name)}**")
    st.caption(markdown_plain(record.name))
    kept = bool(record.document_id) and session.workspace().blobs.has(record.document_id)
    _draw_buttons(collection, record, kept)
    for remark in remarks_on(record, alike):
        if record.status == "ready":
            st.warning(markdown_plain(remark), icon=":material/warning:")
        else:
            st.error(markdown_plain(remark), icon=":material/error:")
    if kept and wants_password(record.name, record.error):
        password = draw_password("chosen-document")
        if password:
            read_again(collection, [record], password=password)
    report, words = st.columns(2, gap="large")
    with report:
        draw_facts(facts_of(record))
    with words:
        draw_tags_and_notes(collection, record)


def _draw_buttons(collection: str, record: DocumentRecord, kept: bool) -> None:
    with st.container(horizontal=True):
        if record.status == "ready":
            if st.button(
                "Open", type="primary", icon=":material/visibility:", key="open-document", disabled=not kept
            ):
                view_document(collection, record)
            if st.button("Ask this document", icon=":material/forum:", key="ask-document"):
                session.ask_about(record.name)
                st.switch_page("chat.py")
        draw_read_again(collection, [record])
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
        draw_delete(collection, [record])
