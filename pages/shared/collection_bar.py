"""Choosing the collection that a page works on, making one, renaming one, and deleting one.

Deleting asks for the collection's name to be typed.
"""

from __future__ import annotations

import streamlit as st

from ingest.documents import remove_collection, rename_collection
from pages.shared import session
from pages.shared.plain_text import markdown_plain
from rag.collection_tables import LONGEST_NAME, checked_collection_name
from rag.errors import AskanceError


def draw_collection_bar() -> str:
    """The chooser with its menu; returns the collection chosen."""
    names = session.collections()
    current = session.collection()
    with st.container(horizontal=True, vertical_alignment="bottom", width="content"):
        chosen = st.selectbox(
            "Collection",
            names,
            index=names.index(current),
            key=f"collection-{current}-{len(names)}",
            label_visibility="collapsed",
            help="Documents are kept in collections; a question searches one of them.",
            width=240,
        )
        with st.popover("Collections", icon=":material/folder_managed:"):
            _draw_new(names)
            st.divider()
            _draw_rename(current)
            st.divider()
            _draw_delete(current)
    if chosen and chosen != current:
        session.choose_collection(chosen)
        st.rerun()
    return current


def _draw_new(names: list[str]) -> None:
    with st.form("new-collection", border=False, clear_on_submit=True):
        name = st.text_input("New collection", placeholder="Contracts", max_chars=LONGEST_NAME)
        sent = st.form_submit_button("Create", icon=":material/add:")
    wanted = str(name or "").strip()
    if not sent or not wanted:
        return
    if wanted in names:
        st.error(f"There is a collection {markdown_plain(wanted)} already.", icon=":material/error:")
        return
    workspace = session.workspace()
    try:
        workspace.catalog.create_collection(checked_collection_name(wanted))
        workspace.store.open_or_create(wanted)
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    session.choose_collection(wanted)
    st.rerun()


def _draw_rename(current: str) -> None:
    if not session.workspace().catalog.has_collection(current):
        return
    with st.form("rename-collection", border=False):
        name = st.text_input(
            f"Rename {markdown_plain(current)}", current, max_chars=LONGEST_NAME, key=f"new-name-{current}"
        )
        sent = st.form_submit_button("Rename", icon=":material/edit:")
    wanted = str(name or "").strip()
    if not sent or wanted == current:
        return
    if session.rereadings().is_running(current):
        st.error("Its documents are being read again. Rename it when that is done.", icon=":material/error:")
        return
    try:
        rename_collection(session.workspace(), current, wanted)
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    session.choose_collection(wanted)
    st.rerun()


def _draw_delete(current: str) -> None:
    reading = session.rereadings().is_running(current)
    if reading or any(job.active for job in session.jobs().jobs(current)):
        st.caption("Documents of this collection are being read; it cannot be deleted meanwhile.")
        return
    if not session.workspace().catalog.has_collection(current):
        st.caption("This collection is still empty.")
        return
    with st.form("delete-collection", border=False, clear_on_submit=True):
        typed = st.text_input(
            f"Delete {markdown_plain(current)} with all its documents",
            placeholder=f"type {current} to confirm",
            autocomplete="off",
        )
        sent = st.form_submit_button("Delete collection", icon=":material/delete_forever:")
    if not sent:
        return
    if str(typed or "").strip() != current:
        st.error("The name typed is not the collection's. Nothing was deleted.", icon=":material/error:")
        return
    try:
        remove_collection(session.workspace(), current)
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    session.choose_collection(session.DEFAULT_COLLECTION)
    st.rerun()
