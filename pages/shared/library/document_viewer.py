"""A document opened in the library, passage by passage: on its page's image, or in its text.

What the document says is shown as plain text or as an image, never as live markup.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ingest.passage_outline import passages_in_text
from pages.shared import session
from pages.shared.page_drawings import draw_page, page_with_passages
from pages.shared.plain_text import markdown_plain, shortened
from rag.catalog import DocumentRecord
from rag.errors import AskanceError, PasswordNeeded
from rag.types import Chunk, ParsedDocument

Passages = tuple[tuple[int, int, int], ...]


@st.dialog("Document", width="large", icon=":material/visibility:")
def view_document(collection: str, record: DocumentRecord) -> None:
    """Show a document and its passages in a dialog."""
    st.markdown(f"**{markdown_plain(record.title or record.name)}**")
    try:
        workspace = session.workspace()
        chunks = workspace.table(collection).chunks(record.document_id)
        parsed = workspace.blobs.get_parsed(record.document_id)
        if parsed is None:
            st.info("The text is not kept in a form that can be shown; read the document again.")
        elif not chunks:
            st.info("This document has no passages; read it again.")
        else:
            _draw(record, parsed, chunks)
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")


def _draw(record: DocumentRecord, parsed: ParsedDocument, chunks: Sequence[Chunk]) -> None:
    place, page = session.viewed(record.document_id)
    place = min(place, len(chunks) - 1)
    chunk = chunks[place]
    drawn = record.mime_type == "application/pdf" and bool(parsed.pages)
    number = page or chunk.page or 1
    _draw_turning(record.document_id, place, chunks, number, len(parsed.pages) if drawn else 0)
    where = f"Under {shortened(chunk.headings, 90)}" if chunk.headings else ""
    st.caption(markdown_plain(where) or "Each passage is found and cited as a whole; neighbours may overlap.")
    passages = tuple((own, each.start, each.end) for own, each in enumerate(chunks, start=1))
    if drawn:
        try:
            _draw_page(record, parsed, number, (chunk.start, chunk.end), passages)
        except AskanceError as error:
            st.warning(markdown_plain(f"{error} This is its text."), icon=":material/broken_image:")
            _draw_text(parsed, passages, place + 1)
    else:
        _draw_text(parsed, passages, place + 1)


def _draw_text(parsed: ParsedDocument, passages: Passages, chosen: int) -> None:
    with st.container(border=True, height=520):
        st.html(passages_in_text(parsed.text, passages, chosen))


def _draw_turning(document_id: str, place: int, chunks: Sequence[Chunk], page: int, pages: int) -> None:
    """Arrows to the next passage and, where there are pages, to the next page's first passage."""

    def first_on(number: int) -> int:
        return next((own for own, chunk in enumerate(chunks) if chunk.page == number), place)

    def arrow(way: str, what: str, passage: int, other_page: int | None, possible: bool) -> None:
        icon = {"Previous": "chevron_left", "Next": "chevron_right"}[way]
        st.button(
            f":material/{icon}:",
            key=f"viewer-{way}-{what}",
            help=f"{way} {what}",
            disabled=not possible,
            on_click=session.view,
            args=(document_id, passage, other_page),
        )

    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="center", gap="small"
    ):
        arrow("Previous", "passage", place - 1, None, place > 0)
        st.markdown(f"Passage **{place + 1:,}** of {len(chunks):,}", width="content")
        arrow("Next", "passage", place + 1, None, place + 1 < len(chunks))
        if pages > 1:
            st.space("small")
            arrow("Previous", "page", first_on(page - 1), page - 1, page > 1)
            st.markdown(f"Page **{page:,}** of {pages:,}", width="content")
            arrow("Next", "page", first_on(page + 1), page + 1, page < pages)


def _draw_page(
    record: DocumentRecord, parsed: ParsedDocument, number: int, chosen: tuple[int, int], passages: Passages
) -> None:
    span = next((page for page in parsed.pages if page.number == number), parsed.pages[0])
    here = tuple(each for each in passages if each[1] < span.end and each[2] > span.start)
    blobs = session.workspace().blobs
    try:
        image = page_with_passages(record.document_id, number, chosen, here, span.start, blobs)
    except PasswordNeeded:
        password = st.text_input("Password of this file", type="password", autocomplete="off")
        if not password:
            return
        file = blobs.path(record.document_id)
        image = draw_page(file, number, chosen, here, span.start, password)
    st.image(image, width="stretch", alt=f"Page {number} of {record.name}, passages outlined")
