"""The panel that a citation opens: the page with the passage highlighted, or the text around it.

Chat and compare share it. It draws what is opened and nothing when nothing is; text of documents is
escaped, and originals are only ever downloaded.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import streamlit as st

from ingest.page_view import text_view
from pages.shared import session
from pages.shared.copy_button import draw_copy_button
from pages.shared.icon_button import icon_button
from pages.shared.opened import Opened
from pages.shared.page_drawings import page_image
from pages.shared.page_frame import draw_page_frame, draw_zoom, scale_of
from pages.shared.plain_text import markdown_plain, shortened
from pages.shared.theme_colours import in_both_themes
from rag.citation_standing import REMOVED, Standing, as_in
from rag.collection_names import in_words
from rag.errors import AskanceError
from rag.types import Citation, PageSpan, ParsedDocument

#: Beside the chat on wide windows, over it on narrow ones; wide enough for a page in both.
_STYLE = """<style>
@media (min-width: 641px) { div:has(> .st-key-passage-panel) { position: sticky; top: 4.5rem; } }
.st-key-passage-panel { max-height: calc(100vh - 6rem); overflow-y: auto; overflow-x: hidden; }
@media (min-width: 641px) {
  /* Above the question bar, so that nothing of it lies beneath. */
  body:has(.st-key-question-bar) .st-key-passage-panel { max-height: calc(100vh - 15.5rem); }
  body:has(.st-key-scope-chips-chat) .st-key-passage-panel { max-height: calc(100vh - 19rem); }
}
.st-key-passage-panel img { border: 1px solid #8884; border-radius: 0.25rem; }
@media (max-width: 640px) {
  .st-key-passage-panel { position: fixed; inset: 0; z-index: 1000000; max-height: none; padding: 1rem;
    background: Canvas; background: light-dark(LIGHT, DARK); }
}
</style>"""


def draw_passage_panel(place: str) -> None:
    """What is opened on the page `place`."""
    opened = session.opened(place)
    if opened is None:
        return
    st.html(in_both_themes(_STYLE, "backgroundColor"))
    with st.container(key="passage-panel", gap="xsmall"):
        _draw_head(place, opened)
        passage = opened.passage
        try:
            standing = session.standings(opened.collection).of(passage)
            if standing.sentence:
                _draw_standing(standing)
            if standing.state == REMOVED:
                _draw_quote(passage)
            else:
                _draw_document(place, _as_now(opened, standing))
        except AskanceError as error:
            st.warning(markdown_plain(str(error)))
            _draw_quote(passage)


def _draw_standing(standing: Standing) -> None:
    if standing.still_said:
        st.info(f"{standing.sentence} This is where.", icon=":material/history:")
    else:
        st.warning(f"{standing.sentence} Below is what was quoted.", icon=":material/history:")


def _as_now(opened: Opened, standing: Standing) -> Opened:
    """The passages with the one shown as the document of today has it."""
    if standing.now is None:
        return opened
    passages = list(opened.passages)
    passages[opened.index] = standing.now
    return replace(opened, passages=tuple(passages))


def open_button(
    label: str, place: str, opened: Opened, *, key: str, help: str | None = None, type: str = "secondary"
) -> None:
    """A button that opens passages; `label` is Markdown, so text of documents in it comes escaped."""
    st.button(label, key=key, help=help, type=type, on_click=session.show_opened, args=(place, opened))  # type: ignore[arg-type]


def _draw_head(place: str, opened: Opened) -> None:
    passage = opened.passage
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width="stretch", gap=None):
            st.markdown(f"**{markdown_plain(shortened(PurePosixPath(passage.document).name, 60))}**")
            if passage.collection:
                collection = in_words(passage.collection)
                st.caption(f":material/folder: {markdown_plain(shortened(collection, 60))}")
        icon_button(":material/close:", "Close", f"{place}-close", session.show_opened, place, None)
    if len(opened.passages) < 2:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        last = len(opened.passages) - 1
        icon_button(
            ":material/chevron_left:",
            f"Previous {opened.kind}",
            f"{place}-previous",
            session.show_opened,
            place,
            opened.moved(-1),
            disabled=opened.index == 0,
        )
        st.markdown(f"{opened.kind.capitalize()} {opened.index + 1} of {last + 1}", width="content")
        icon_button(
            ":material/chevron_right:",
            f"Next {opened.kind}",
            f"{place}-next",
            session.show_opened,
            place,
            opened.moved(1),
            disabled=opened.index == last,
        )


def _draw_document(place: str, opened: Opened) -> None:
    passage = opened.passage
    blobs = session.workspace().blobs
    parsed = blobs.get_parsed(passage.document_id)
    # Documents may have been read again by other means since, so the quote is looked for, never trusted.
    found = as_in(parsed, passage) if parsed is not None else None
    if parsed is None or found is None:
        _draw_quote(passage)
        return
    passage = found
    if parsed.mime_type == "application/pdf" and parsed.pages:
        _draw_page(place, opened, passage, parsed)
    else:
        with st.container(border=True):
            st.html(text_view(parsed.text, passage.start, passage.end, passage.words, around=700))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        draw_copy_button(" ".join(passage.quote.split()), key=f"{place}-quote", label="Copy the quote")
        st.download_button(
            "Original",
            data=lambda: blobs.get(passage.document_id),
            file_name=PurePosixPath(passage.document.rpartition("!")[2]).name,
            mime="application/octet-stream",
            icon=":material/download:",
            on_click="ignore",
            key=f"{place}-download",
            help="Download the original file",
        )


def _draw_page(place: str, opened: Opened, passage: Citation, parsed: ParsedDocument) -> None:
    own = passage.page or _page_at(parsed, passage.start)
    number = min(max(opened.page or own, 1), len(parsed.pages))
    span = parsed.pages[number - 1]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        icon_button(
            ":material/arrow_back:",
            "Previous page",
            f"{place}-page-back",
            session.show_opened,
            place,
            opened.at_page(number - 1),
            disabled=number == 1,
        )
        st.markdown(f"Page {_page_name(span)} of {len(parsed.pages)}", width="content")
        icon_button(
            ":material/arrow_forward:",
            "Next page",
            f"{place}-page-on",
            session.show_opened,
            place,
            opened.at_page(number + 1),
            disabled=number == len(parsed.pages),
        )
        draw_zoom(place, opened)
        if number != own:
            icon_button(
                None, f"Back to page {own}", f"{place}-page-own", session.show_opened, place, opened.moved(0)
            )
    try:
        png = page_image(
            passage.document_id,
            number,
            passage.start,
            passage.end,
            passage.words,
            span.start,
            scale_of(opened),
            session.workspace().blobs,
        )
    except AskanceError as error:
        st.warning(markdown_plain(f"{error} This is its text."), icon=":material/broken_image:")
        _draw_page_text(passage, parsed, span)
        return
    draw_page_frame(png, opened, number)


def _draw_page_text(passage: Citation, parsed: ParsedDocument, span: PageSpan) -> None:
    text = parsed.text[span.start : span.end]
    start, end = max(passage.start - span.start, 0), max(passage.end - span.start, 0)
    words = [(first - span.start, last - span.start) for first, last in passage.words]
    with st.container(border=True):
        st.html(text_view(text, start, end, words, around=len(text)))


def _draw_quote(passage: Citation) -> None:
    # A text without surroundings is marked whole.
    words = tuple((start - passage.start, end - passage.start) for start, end in passage.words)
    with st.container(border=True):
        st.html(text_view(passage.quote, 0, len(passage.quote), words))


def _page_at(parsed: ParsedDocument, start: int) -> int:
    return next((span.number for span in parsed.pages if span.start <= start < span.end), 1)


def _page_name(span: PageSpan) -> str:
    if not span.label or span.label == str(span.number):
        return str(span.number)
    return f"{span.number} (printed {markdown_plain(span.label)})"
