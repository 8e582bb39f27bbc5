"""Offers to fetch a model that is not on this machine, and shows the download: progress, Stop, outcome.

Nothing is fetched unless the button is pressed. It refreshes by itself only while a download runs.
"""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.figures import size_text
from pages.shared.plain_text import markdown_plain
from rag.downloads import ModelDownload, is_hub_name
from rag.errors import AskanceError, ModelNotAvailable
from rag.rerankers import local_model_folder

REFRESH_SECONDS = 0.5


def draw_model_download(name: str, setting: str) -> None:
    """Whether the model that a setting names is here; if not, the offer to fetch it, or how far that is."""
    download = session.downloads().latest(name)
    if download is not None and download.active:
        st.fragment(_draw_progress, run_every=REFRESH_SECONDS)(download)
        return
    try:
        folder = local_model_folder(name, setting)
    except ModelNotAvailable as error:
        if is_hub_name(name):
            _draw_offer(name, download)
        else:
            st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    just_now = download is not None and download.state == "done"
    st.caption(
        f":material/check_circle: {'Downloaded: this' if just_now else 'This'} model is on this machine.",
        help=markdown_plain(str(folder)),
    )


def _draw_offer(name: str, download: ModelDownload | None) -> None:
    with st.container(border=True, gap="small"):
        st.markdown(
            f":material/download: **{markdown_plain(name)}** is not on this machine. "
            "Until it is, passages are ranked word by word, as built in."
        )
        if download is not None and download.state == "failed":
            st.error(markdown_plain(str(download.error)), icon=":material/error:")
        elif download is not None and download.state == "stopped":
            st.caption("The download was stopped.")
        with st.container(horizontal=True, vertical_alignment="center"):
            pressed = st.button("Download", key="download-model", icon=":material/download:")
            st.caption("From the model hub. Only the model's name is sent.", width="content")
        if pressed:
            _start(name)


def _start(name: str) -> None:
    try:
        session.downloads().start(name)
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    st.rerun()


def _draw_progress(download: ModelDownload) -> None:
    if not download.active:
        st.rerun()
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.progress(_fraction(download), text=_progress_text(download))
        if st.button("Stop", key="stop-download", icon=":material/stop_circle:"):
            download.stop()
            st.rerun()


def _fraction(download: ModelDownload) -> float:
    total = download.bytes_total
    return min(download.bytes_done / total, 1.0) if total else 0.0


def _progress_text(download: ModelDownload) -> str:
    if download.bytes_total is None:
        return "Asking the hub…"
    return f"Downloading: {size_text(download.bytes_done)} of {size_text(download.bytes_total)}"
