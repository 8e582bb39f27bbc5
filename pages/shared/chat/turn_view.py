"""One question and its answer as kept in the history: text, sources, how it was found, rating.

It draws what was kept and asks nothing anew. Quotes of documents never pass as Markdown.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.shared import session
from pages.shared.chat.answer_again import draw_answer_again
from pages.shared.chat.answer_quotes import quotes_as_html
from pages.shared.chat.citation_clicks import citation_address
from pages.shared.chat.declined_view import draw_declined
from pages.shared.chat.found_view import draw_how_found
from pages.shared.chat.judging import draw_reason, draw_thumbs
from pages.shared.chat.sources_view import PLACE, draw_sources
from pages.shared.chat.support_view import draw_checked
from pages.shared.chat.thinking_view import draw_thinking
from pages.shared.chat.understood import draw_understood
from pages.shared.chat.versions import draw_versions
from pages.shared.copy_button import draw_copy_button
from pages.shared.opened import Opened
from pages.shared.plain_text import markdown_plain
from pages.shared.scope.words import in_words
from rag.attached_files import Asked, asked_of, collection_asked
from rag.citation_standing import Standings
from rag.citations import to_plain
from rag.history import Conversation, Turn
from rag.turns import meant_by_user, scope_of, support_of
from rag.waiting_questions import WaitingQuestion

UNCITED = "This answer cites none of your documents: check it before you rely on it."
ANSWER_AVATAR = ":material/visibility:"
#: Faults that a change of the settings mends.
MENDED_IN_SETTINGS = (
    *("ModelUnreachable", "ModelRefused", "ModelPaused"),
    *("SettingsError", "ContextOverflow", "PromptError"),
)


def draw_question(turn: Turn) -> None:
    """The question as it was asked, and what it was asked of when not of all documents."""
    with st.chat_message("user", avatar=":material/person:"):
        st.text(turn.question, width="stretch")
        scope = scope_of(turn)
        if scope:
            st.caption(f"Asked of {markdown_plain(in_words(scope))} only")
        if asked_of(turn) is Asked.FILES:
            st.caption(":material/attach_file: Asked of the attached files")
        elif asked_of(turn) is Asked.BOTH:
            st.caption(":material/attach_file: Asked of the attached files and the collection")
        draw_understood(turn)


def draw_turn(turn: Turn, conversation: Conversation, standings: Standings) -> None:
    """The question, then what became of it, and of the documents that it cites."""
    collection = collection_asked(turn, conversation)
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
            _draw_unanswered(turn)
            # Nothing is searched for a greeting.
            if turn.details.get("mode"):
                draw_declined(turn, collection, conversation)
                draw_answer_again(turn)
                draw_how_found(turn)
        else:
            _draw_answer(turn, collection, standings)


def open_citation(turns: Sequence[Turn], turn_id: str, number: int, conversation: Conversation) -> None:
    """Open the citation of this number of one of the turns; nothing happens when there is none."""
    for turn in turns:
        numbers = [citation.number for citation in turn.citations]
        if turn.id == turn_id and number in numbers:
            where = collection_asked(turn, conversation)
            session.show_opened(PLACE, Opened(where, turn.citations, numbers.index(number)))


def _draw_unanswered(turn: Turn) -> None:
    """The reply of one who declined, or what a model claims without a source, checked like any answer."""
    if support_of(turn):
        draw_checked(turn, lambda number: citation_address(turn.id, number))
        st.caption(UNCITED)
    elif turn.answer.strip():
        st.markdown(markdown_plain(to_plain(turn.answer)))
    _draw_notes(turn)


def _draw_answer(turn: Turn, collection: str, standings: Standings) -> None:
    quoted = turn.details.get("model") == "extractive"
    if quoted:
        st.html(quotes_as_html((own, citation_address(turn.id, own.number)) for own in turn.citations))
        st.caption("Quoted from your documents by the built-in answerer.")
    elif turn.answer:
        draw_checked(turn, lambda number: citation_address(turn.id, number))
        if turn.status == "done" and not turn.citations:
            st.caption(UNCITED)
    if turn.status == "stopped":
        st.caption("Stopped before it was complete." if turn.answer else "Stopped before an answer came.")
        _draw_again(turn, "Ask again")
    draw_sources(turn, collection, standings)
    _draw_notes(turn)
    _draw_foot(turn, quoted)


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
        session.waiting().put(
            WaitingQuestion(
                turn.question,
                standalone=meant_by_user(turn),
                beside=turn.id,
                instead=True,
                scope=scope_of(turn),
            )
        )
        st.rerun()


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
