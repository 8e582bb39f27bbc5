"""Deleting documents, after a question that names them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ingest.documents import remove_documents
from pages.shared import session
from pages.shared.figures import counted
from pages.shared.plain_text import markdown_plain, shortened
from rag.catalog import DocumentRecord
from rag.errors import AskanceError

#: Names shown in the question before deleting.
NAMED = 8


def draw_delete(collection: str, chosen: Sequence[DocumentRecord]) -> None:
    """The button that asks before it deletes."""
    if st.button("Delete", icon=":material/delete:", key="delete-documents"):
        _confirm_delete(collection, chosen)


def _delete(collection: str, names: Sequence[str]) -> None:
    try:
        removed = remove_documents(session.workspace(), collection, names)
    except AskanceError as error:
        st.toast(markdown_plain(str(error)), icon=":material/error:", duration="infinite")
    else:
        st.toast(f"{counted(removed, 'document')} deleted.", icon=":material/delete:")


@st.dialog("Delete documents?")
def _confirm_delete(collection: str, chosen: Sequence[DocumentRecord]) -> None:
    names = [f"- {markdown_plain(shortened(record.name, 60))}" for record in chosen[:NAMED]]
    st.markdown("\n".join(names))
    if len(chosen) > NAMED:
        st.markdown(f"and **{len(chosen) - NAMED:,} more**.")
    st.caption(
        "They leave this collection with all their passages; Askance's copy of the originals goes too. "
        "Your own files stay where they are."
    )
    with st.container(horizontal=True):
        if st.button(
            f"Delete {counted(len(chosen), 'document')}",
            type="primary",
            icon=":material/delete:",
            key="delete-confirmed",
            on_click=_delete,
            args=(collection, [record.name for record in chosen]),
        ):
            st.rerun()
        if st.button("Cancel", key="delete-cancelled"):
            st.rerun()
