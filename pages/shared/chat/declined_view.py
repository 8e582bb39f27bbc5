"""Below an answer that was declined: what was searched, what came nearest, and where else to look."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.chat.answer_quotes import excerpt_as_html
from pages.shared.chat.found_view import MODES
from pages.shared.chat.sources_view import PLACE, draw_copies, source_label
from pages.shared.figures import counted
from pages.shared.opened import Opened
from pages.shared.passage_panel import open_button
from pages.shared.plain_text import markdown_plain
from pages.shared.scope.words import in_words
from rag.attached_files import Asked, asked_of, attached_to
from rag.history import Conversation, Turn
from rag.turns import meant_by_user, nearest_may_answer, nearest_of, scope_of
from rag.waiting_questions import WaitingQuestion
from rag.wider_search import Wider, wider_searches


def draw_declined(turn: Turn, collection: str, conversation: Conversation) -> None:
    """What was searched, the nearest passages, and a button for each wider search."""
    st.caption(markdown_plain(searched(turn, conversation)))
    nearest = nearest_of(turn)
    st.caption(_told_of_nearest(turn) if nearest else "No passage came near.")
    for index, citation in enumerate(nearest):
        with st.container(border=True, gap="xsmall"):
            st.html(excerpt_as_html(citation, 220))
            draw_copies(citation)
            opened = Opened(collection, nearest, index, kind="passage")
            open_button(source_label(citation), PLACE, opened, key=f"near-{turn.id}-{index}", type="tertiary")
    _draw_wider(turn, conversation)


def _told_of_nearest(turn: Turn) -> str:
    if nearest_may_answer(turn):
        return "Nearest passages. One of them may answer it:"
    return "Nearest passages, not answers:"


def searched(turn: Turn, conversation: Conversation) -> str:
    """What was searched, and how, in a sentence."""
    asked, scope = asked_of(turn), scope_of(turn)
    places = {
        Asked.COLLECTION: conversation.collection,
        Asked.FILES: "the attached files",
        Asked.BOTH: f"{conversation.collection} and the attached files",
    }
    only = f", {in_words(scope)} only" if scope else ""
    mode = MODES.get(turn.details.get("mode", ""), "")
    how = f", {mode}" if mode else ""
    compared = counted(turn.details.get("candidates", 0), "passage")
    return f"Searched: {places[asked]}{only}{how}; {compared} compared."


def _draw_wider(turn: Turn, conversation: Conversation) -> None:
    ways = _wider(turn, conversation)
    if not ways:
        st.caption("There is nothing else to search. Try other words, or add a document that covers this.")
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"wider-{turn.id}"):
        st.markdown("Search wider:", width="content")
        for own in ways:
            st.button(
                own.name,
                key=f"wider-{turn.id}-{own.name}",
                icon=":material/travel_explore:",
                help="Asks again; this reply is kept as a version.",
                on_click=_ask_wider,
                args=(turn, own),
            )


def _wider(turn: Turn, conversation: Conversation) -> list[Wider]:
    own = conversation.collection
    made = turn.details.get("made", {}).get("settings", {})
    return wider_searches(
        scope_of(turn),
        asked_of(turn),
        collection=bool(session.ready_documents(own)),
        files=bool(session.ready_documents(attached_to(conversation.id))),
        others=[name for name in session.collections() if name != own and session.ready_documents(name)],
        seen=turn.details.get("candidates", 0),
        candidates=made.get("retrieval.candidates") or session.settings().retrieval.candidates,
    )


def _ask_wider(turn: Turn, wider: Wider) -> None:
    session.waiting().put(
        WaitingQuestion(
            turn.question,
            standalone=meant_by_user(turn),
            beside=turn.id,
            scope=wider.scope,
            asked=wider.asked,
            overrides=(("retrieval.candidates", wider.candidates),) if wider.candidates else (),
        )
    )
