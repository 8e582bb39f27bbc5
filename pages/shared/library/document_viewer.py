"""A document opened in the library: the page images of a PDF, or the text of other formats.

What the document says is shown as plain text or as an image, never as live markup.
"""

from __future__ import annotations

import streamlit as st

from ingest.page_view import render_page, text_view
from pages.shared import session
from pages.shared.plain_text import markdown_plain
from rag.catalog import DocumentRecord
from rag.errors import AskanceError, PasswordNeeded

#: Characters of a text shown at once.
TEXT_PAGE = 6000


@st.dialog("Document", width="large", icon=":material/visibility:")
def view_document(record: DocumentRecord) -> None:
    """Show a document page by page in a dialog."""
    st.markdown(f"**{markdown_plain(record.title or record.name)}**")
    try:
        if record.mime_type == "application/pdf":
            _draw_pdf(record)
        else:
            _draw_text(record)
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")


def _draw_pdf(record: DocumentRecord) -> None:
    number = _page_number(record.pages)
    data = session.workspace().blobs.get(record.document_id)
    try:
        image = render_page(data, number, 0, 0, page_start=0)
    except PasswordNeeded:
        password = st.text_input("Password of this file", type="password", autocomplete="off")
        if not password:
            return
        image = render_page(data, number, 0, 0, page_start=0, password=password)
    st.image(image.png, width="stretch", alt=f"Page {number} of {record.name}")


def _draw_text(record: DocumentRecord) -> None:
    parsed = session.workspace().blobs.get_parsed(record.document_id)
    if parsed is None:
        st.info("The text is not kept in a form that can be shown; read the document again.")
        return
    starts = _part_starts(parsed.text)
    number = _page_number(len(starts))
    part = parsed.text[starts[number - 1] : ([*starts, len(parsed.text)])[number]]
    with st.container(border=True):
        st.html(text_view(part, 0, 0, around=len(part)))


def _page_number(count: int) -> int:
    """The page chosen, with a control to turn pages when there are several."""
    if count < 2:
        return 1
    with st.container(horizontal=True, horizontal_alignment="center"):
        return int(st.pagination(count, key="viewer-page"))


def _part_starts(text: str) -> list[int]:
    """Where the parts of a text begin: each ends at a line's end near TEXT_PAGE characters."""
    starts = [0]
    while len(text) - starts[-1] > TEXT_PAGE:
        limit = starts[-1] + TEXT_PAGE
        line_end = text.rfind("\n", starts[-1] + TEXT_PAGE // 2, limit)
        starts.append(line_end + 1 if line_end > 0 else limit)
    return starts
