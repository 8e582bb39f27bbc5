"""One question and its answer as kept in the history: text, sources, how it was found, rating.

It draws what was kept and asks nothing anew. Quotes of documents never pass as Markdown.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import streamlit as st

from pages.shared import session
from pages.shared.chat.answer_again import draw_answer_again
from pages.shared.chat.answer_quotes import excerpt_as_html, quotes_as_html
from pages.shared.chat.citation_clicks import citation_address
from pages.shared.chat.found_view import draw_how_found
from pages.shared.chat.judging import draw_reason, draw_thumbs
from pages.shared.chat.standing_view import draw_standings, standing_mark
from pages.shared.chat.support_view import draw_checked
from pages.shared.chat.thinking_view import draw_thinking
from pages.shared.chat.understood import draw_understood
from pages.shared.chat.versions import draw_versions
from pages.shared.copy_button import draw_copy_button
from pages.shared.opened import Opened
from pages.shared.passage_panel import open_button
from pages.shared.pending_question import PendingQuestion
from pages.shared.plain_text import markdown_plain, shortened
from pages.shared.scope.words import in_words
from rag.attached_files import Asked, asked_of, collection_asked
from rag.attached_files import in_words as collections_in_words
from rag.citation_standing import Standings
from rag.citations import to_plain
from rag.history import Conversation, Turn
from rag.near_copies import also_in
from rag.turns import meant_by_user, nearest_of, scope_of
from rag.types import Citation

PLACE = "chat"
ANSWER_AVATAR = ":material/visibility:"
#: Faults that a change of the settings mends.
MENDED_IN_SETTINGS = (
    *("ModelUnreachable", "ModelRefused", "ModelPaused"),
    *("SettingsError", "ContextOverflow", "PromptError"),
)
#: Scores from which a match of a quote with the question is called so.
MATCHES = ((0.55, "strong match"), (0.42, "good match"), (0.0, "weak match"))


def draw_question(turn: Turn) -> None:
    """The question as it was asked, and what it was asked of when not of all documents."""
    with st.chat_message("user", avatar=":material/person:"):
        st.text(turn.question)
        scope = scope_of(turn)
        if scope:
            st.caption(f"Asked of {markdown_plain(in_words(scope))} only")
        if asked_of(turn) is Asked.FILES:
            st.caption(":material/attach_file: Asked of the attached files")
        elif asked_of(turn) is Asked.BOTH:
            st.caption(":material/attach_file: Asked of the attached files and the collection")
        draw_understood(turn)


def draw_turn(turn: Turn, collection: str, standings: Standings) -> None:
    """The question, then what became of it, and of the documents that it cites."""
    draw_question(turn)
    draw_versions(turn)
    with st.chat_message("assistant", avatar=ANSWER_AVATAR):
        draw_thinking(turn)
        if turn.status == "failed":
            _draw_failure(turn)
        elif turn.status == "running":
            st.caption("This answer was not finished: it is being written elsewhere, or was cut off.")
            _draw_again(turn, "Ask again")
        elif turn.answered is False and not turn.citations:
            _draw_declined(turn, collection)
        else:
            _draw_answer(turn, collection, standings)


def open_citation(turns: Sequence[Turn], turn_id: str, number: int, conversation: Conversation) -> None:
    """Open the citation of this number of one of the turns; nothing happens when there is none."""
    for turn in turns:
        numbers = [citation.number for citation in turn.citations]
        if turn.id == turn_id and number in numbers:
            where = collection_asked(turn, conversation)
            session.show_opened(PLACE, Opened(where, turn.citations, numbers.index(number)))


def source_label(citation: Citation, most: int = 40) -> str:
    """Number, document, page and, where several were asked, collection of a citation, as Markdown."""
    name = markdown_plain(shortened(PurePosixPath(citation.document).name, most))
    page = f" · p. {citation.page}" if citation.page is not None else ""
    collection = collections_in_words(citation.collection)
    where = f" · in {markdown_plain(shortened(collection, 24))}" if collection else ""
    return f"**{citation.number}** · {name}{page}{where}"


def _draw_answer(turn: Turn, collection: str, standings: Standings) -> None:
    quoted = turn.details.get("model") == "extractive"
    if quoted:
        st.html(quotes_as_html((own, citation_address(turn.id, own.number)) for own in turn.citations))
        st.caption("Quoted from your documents by the built-in answerer.")
    elif turn.answer:
        draw_checked(turn, lambda number: citation_address(turn.id, number))
        if turn.status == "done" and not turn.citations:
            st.caption("This answer cites none of your documents: check it before you rely on it.")
    if turn.status == "stopped":
        st.caption("Stopped before it was complete." if turn.answer else "Stopped before an answer came.")
        _draw_again(turn, "Ask again")
    _draw_sources(turn, collection, standings)
    _draw_notes(turn)
    _draw_foot(turn, quoted)


def _draw_declined(turn: Turn, collection: str) -> None:
    st.markdown(markdown_plain(turn.answer))
    nearest = nearest_of(turn)
    if not nearest:
        st.caption("No passage came near. Try other words, or add a document that covers this.")
    else:
        st.caption("Nearest passages, not answers:")
        for index, citation in enumerate(nearest):
            with st.container(border=True, gap="xsmall"):
                st.html(excerpt_as_html(citation, 220))
                _draw_copies(citation)
                opened = Opened(collection, nearest, index, kind="passage")
                open_button(
                    source_label(citation), PLACE, opened, key=f"near-{turn.id}-{index}", type="tertiary"
                )
    _draw_notes(turn)
    draw_answer_again(turn)
    draw_how_found(turn)


def _draw_failure(turn: Turn) -> None:
    if turn.answer:
        st.markdown(turn.answer)
    st.error(markdown_plain(turn.error), icon=":material/error:")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        _draw_again(turn, "Retry")
        mended_in_settings = turn.details.get("fault") in MENDED_IN_SETTINGS
        if mended_in_settings and st.button("Open settings", key=f"settings-{turn.id}", type="tertiary"):
            st.switch_page("settings.py")


def _draw_again(turn: Turn, label: str) -> None:
    if st.button(label, key=f"again-{turn.id}", icon=":material/refresh:"):
        session.put_question(
            PendingQuestion(
                turn.question,
                standalone=meant_by_user(turn),
                beside=turn.id,
                instead=True,
                scope=scope_of(turn),
            )
        )
        st.rerun()


def _draw_sources(turn: Turn, collection: str, standings: Standings) -> None:
    if not turn.citations:
        return
    marks = [standing_mark(own, standings) for own in turn.citations]
    with st.container(horizontal=True, gap="xsmall"):
        for index, citation in enumerate(turn.citations):
            strength = _strength(citation.score)
            open_button(
                " · ".join(part for part in (source_label(citation), strength, marks[index]) if part),
                PLACE,
                Opened(collection, turn.citations, index),
                key=f"source-{turn.id}-{index}",
                help=markdown_plain(citation.document),
            )
    draw_standings(turn.citations, standings)
    for citation in turn.citations:
        _draw_copies(citation, f"{citation.number}: ")


def _draw_copies(citation: Citation, before: str = "") -> None:
    if citation.also_in:
        st.caption(markdown_plain(f"{before}{also_in(citation.also_in)}"))


def _draw_notes(turn: Turn) -> None:
    for note in turn.details.get("notes", ()):
        st.caption(markdown_plain(note))


def _draw_foot(turn: Turn, quoted: bool) -> None:
    text = turn.answer if quoted else to_plain(turn.answer)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if text:
            draw_copy_button(text, key=turn.id)
        draw_answer_again(turn)
        draw_thumbs(turn)
    draw_reason(turn)
    draw_how_found(turn)


def _strength(score: float | None) -> str:
    return "" if score is None else next(name for least, name in MATCHES if score >= least or least == 0.0)
