"""The chat: conversations at the side, questions and cited answers, and the passage a citation opens."""

import streamlit as st

from pages.shared import session
from pages.shared.chat.answering import draw_live
from pages.shared.chat.citation_clicks import clicked_citation
from pages.shared.chat.conversation_list import draw_conversations, draw_heading
from pages.shared.chat.earlier_turns import draw_earlier
from pages.shared.chat.style_choice import draw_style_choice
from pages.shared.chat.turn_view import PLACE, draw_turn, open_citation
from pages.shared.chat.welcome import draw_welcome
from pages.shared.passage_panel import draw_passage_panel
from pages.shared.pending_question import PendingQuestion
from pages.shared.plain_text import markdown_plain
from pages.shared.scope.question_filter import draw_scope
from pages.shared.scroll_to import scroll_to
from rag.disclosure import who_answers

conversation = session.current_conversation()
draw_conversations(conversation)
collection = session.collection()
clicked = clicked_citation()

can_ask = bool(session.ready_documents(collection)) or conversation is not None
with st.bottom, st.container(key="question-bar", gap="xsmall"):
    typed = st.chat_input(
        "Ask your documents" if can_ask else "Add documents first, then ask about them",
        key="question",
        disabled=not can_ask,
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        scope = draw_scope(PLACE, collection)
        style = draw_style_choice()
        st.caption(markdown_plain(who_answers(session.settings())))

live = session.chats().live(conversation.id) if conversation else None
if typed:
    session.put_question(PendingQuestion(typed))
# A question that comes while another is answered waits for its turn.
question = None if live else session.take_question()
if question:
    conversation = conversation or session.start_conversation(collection)
    session.chats().ask(
        session.workspace((("answer.style", style), *question.overrides)),
        conversation.id,
        question.text,
        scope=scope if question.scope is None else question.scope,
        standalone=question.standalone,
        beside=question.beside,
        instead=question.instead,
    )
    st.rerun()

turns = session.workspace().history.turns(conversation.id) if conversation else []
if clicked:
    open_citation(turns, *clicked, collection)

beside = session.opened(PLACE) is not None
left, right = st.columns([6, 5], gap="medium") if beside else (st.container(key="chat-column"), st.empty())
with right:
    # Drawn first: following an answer takes until its end.
    draw_passage_panel(PLACE)
with left:
    beginning = st.empty()
    if conversation:
        # Emptied, since what an earlier run drew stays until this run's end, and an answer takes its time.
        beginning.empty()
        draw_heading(conversation)
    else:
        with beginning.container():
            draw_welcome(collection)
    if len(turns) > 1:
        scroll_to(f"turn-{turns[-1].id}")
    standings = session.standings(collection)
    for turn in draw_earlier(turns):
        with st.container(key=f"turn-{turn.id}"):
            if live is not None and turn.id == live.turn_id:
                draw_live(turn, live.reply)
            else:
                draw_turn(turn, collection, standings)
