"""People's own words about documents: tags, by which searches can be narrowed, and notes."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ingest.documents import tag_document, tag_documents
from pages.shared import session
from pages.shared.figures import counted
from pages.shared.plain_text import markdown_plain
from rag.catalog import DocumentRecord
from rag.errors import AskanceError

LONGEST_TAG = 40
LONGEST_NOTE = 4000


def draw_tags_and_notes(collection: str, record: DocumentRecord) -> None:
    """Fields for one document's tags and note, kept when sent."""
    with st.form(f"words-{record.document_id}-{record.name}", border=False):
        tags = st.multiselect(
            "Tags",
            _known_tags(collection),
            default=list(record.tags),
            accept_new_options=True,
            placeholder="Choose or write one",
            help="Questions in the chat can be narrowed to documents with a tag.",
        )
        notes = st.text_area(
            "Note",
            record.notes,
            placeholder="What others should know about it",
            max_chars=LONGEST_NOTE,
            height=88,
        )
        sent = st.form_submit_button("Save", icon=":material/save:")
    if sent:
        workspace = session.workspace()
        try:
            if set(tags) != set(record.tags):
                tag_document(workspace, collection, record.name, _short(tags))
            workspace.catalog.set_notes(collection, record.name, str(notes or ""))
        except AskanceError as error:
            st.error(markdown_plain(str(error)), icon=":material/error:")
            return
        st.toast("Saved.", icon=":material/check:")
        st.rerun()


def draw_tags_of_many(collection: str, chosen: Sequence[DocumentRecord]) -> None:
    """A form that gives tags to, and takes tags from, several documents at once."""
    theirs = sorted({tag for record in chosen for tag in record.tags})
    with st.popover("Tags", icon=":material/label:"), st.form("tags-of-many", border=False):
        add = st.multiselect(
            "Add",
            _known_tags(collection),
            accept_new_options=True,
            placeholder="Choose or write one",
            width=320,
        )
        remove = st.multiselect("Remove", theirs, placeholder="None", width=320) if theirs else []
        sent = st.form_submit_button("Save", icon=":material/save:")
    if sent and (add or remove):
        names = [record.name for record in chosen]
        try:
            tag_documents(session.workspace(), collection, names, add=_short(add), remove=remove)
        except AskanceError as error:
            st.error(markdown_plain(str(error)), icon=":material/error:")
            return
        st.toast(f"Tags of {counted(len(names), 'document')} saved.", icon=":material/check:")
        st.rerun()


def _known_tags(collection: str) -> list[str]:
    return sorted({tag for record in session.documents(collection) for tag in record.tags})


def _short(tags: Sequence[str]) -> list[str]:
    return [" ".join(tag.split())[:LONGEST_TAG] for tag in tags]
