"""Where documents come in: dropped files, a folder, a ZIP archive, or a folder on this computer.

What was dropped is taken in once: the drop zone is emptied as soon as its job is queued.
"""

from __future__ import annotations

import streamlit as st

from ingest.given import Given
from ingest.uploads import given_folder, given_uploads
from pages.shared import session
from pages.shared.figures import counted
from pages.shared.plain_text import markdown_plain
from rag.errors import AskanceError
from rag.llms import is_loopback

FILES, FOLDER, PATH = "Files or ZIP", "Folder", "Folder on this computer"


def draw_drop_zone(collection: str) -> None:
    """The ways to add documents; starts a job as soon as something is given."""
    ways = [FILES, FOLDER, PATH] if _serves_only_this_machine() else [FILES, FOLDER]
    way = st.segmented_control(
        "Add documents", ways, default=FILES, required=True, key="way-to-add", label_visibility="collapsed"
    )
    if way == PATH:
        _draw_path(collection)
    else:
        _draw_uploader(collection, folder=way == FOLDER)


def _draw_uploader(collection: str, *, folder: bool) -> None:
    files = st.file_uploader(
        "Drop a folder here, or choose one" if folder else "Drop files here, or choose them",
        accept_multiple_files="directory" if folder else True,
        key=f"drop-{'folder' if folder else 'files'}-{session.uploads_taken()}",
    )
    if not files:
        return
    workspace = session.workspace()
    try:
        with st.spinner(f"Taking in {counted(len(files), 'file')}…"):
            given = given_uploads(
                ((file.name, file.getvalue()) for file in files), workspace.settings.ingest, workspace.blobs
            )
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    label = files[0].name if len(files) == 1 else counted(len(files), "file")
    session.empty_drop_zone()
    _start(collection, given, label)


def _draw_path(collection: str) -> None:
    with st.form("add-path", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        path = st.text_input(
            "Path of a folder or file on this computer",
            placeholder="/home/me/papers",
            help="Everything below the folder is read; hidden files are left out.",
        )
        sent = st.form_submit_button("Add", icon=":material/add:")
    if not sent:
        return
    try:
        with st.spinner("Looking for files…"):
            given = given_folder(str(path or ""), session.settings().ingest)
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    _start(collection, [given], str(path))


def _start(collection: str, given: list[Given], label: str) -> None:
    if given:
        _forget_clean_jobs(collection)
        session.jobs().submit(collection, given, label=label)
    st.rerun()


def _forget_clean_jobs(collection: str) -> None:
    """Reports of earlier jobs in which nothing went wrong make room."""
    jobs = session.jobs()
    clean = [job for job in jobs.jobs(collection) if job.state == "done" and not job.troubled]
    jobs.forget(*clean)


def _serves_only_this_machine() -> bool:
    """Whether everyone who sees this page sits at this computer, and may name its folders."""
    return is_loopback(str(st.get_option("server.address") or ""))
