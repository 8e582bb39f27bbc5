"""Pages of documents as pictures, remembered where that is safe. Nothing is shown here."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ingest.page_pictures import get_page_pictures
from pages.shared import session
from rag.blobs import BlobStore


@st.cache_data(show_spinner=False, max_entries=32)
def page_image(
    document_id: str,
    page: int,
    start: int,
    end: int,
    words: tuple[tuple[int, int], ...],
    page_start: int,
    scale: float,
    _blobs: BlobStore,
) -> bytes:
    """A page with a passage highlighted as PNG; a document id is its content, so this never goes stale.

    `scale` is pixels to a point of the page.
    """
    pictures = get_page_pictures(session.settings().ingest)
    path = _blobs.path(document_id)
    return pictures.draw(path, page, start, end, words=words, page_start=page_start, scale=scale)


@st.cache_data(show_spinner=False, max_entries=32)
def page_with_passages(
    document_id: str,
    page: int,
    chosen: tuple[int, int],
    passages: tuple[tuple[int, int, int], ...],
    page_start: int,
    _blobs: BlobStore,
) -> bytes:
    """A page as PNG with its passages, (number, start, end), outlined and the chosen one highlighted."""
    return draw_page(_blobs.path(document_id), page, chosen, passages, page_start)


def draw_page(
    file: Path,
    page: int,
    chosen: tuple[int, int],
    passages: tuple[tuple[int, int, int], ...],
    page_start: int,
    password: str | None = None,
) -> bytes:
    """The same, drawn anew: what a password opens is kept nowhere."""
    pictures = get_page_pictures(session.settings().ingest)
    return pictures.draw(file, page, *chosen, page_start=page_start, passages=passages, password=password)
