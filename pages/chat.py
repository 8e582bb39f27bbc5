"""The chat: conversations at the side, questions and cited answers, and the passage a citation opens."""

import streamlit as st

from pages.shared import session
from pages.shared.answering import draw_live
from pages.shared.chat_scope import draw_scope
from pages.shared.citation_clicks import caught_clicks
from pages.shared.conversation_list import draw_conversations, draw_heading
from pages.shared.passage_panel import draw_passage_panel
from pages.shared.plain_text import markdown_plain
from pages.shared.turn_view import PLACE, draw_turn, open_citation
from pages.shared.welcome import draw_welcome
from rag.disclosure import who_answers

conversation = session.current_conversation()
draw_conversations(conversation)
collection = session.collection()
caught = caught_clicks()
if caught.stopped and conversation:
    session.chats().stop(conversation.id)

can_ask = bool(session.ready_documents(collection)) or conversation is not None
with st.bottom, st.container(key="question-bar", gap="xsmall"):
    typed = st.chat_input(
        "Ask your documents" if can_ask else "Add documents first, then ask about them",
        key="question",
        submit_mode="stop",
        disabled=not can_ask,
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        documents = draw_scope(collection)
        st.caption(markdown_plain(who_answers(session.settings())))

question = typed or session.take_question()
if question:
    conversation = conversation or session.start_conversation(collection)
    session.chats().ask(session.workspace(), conversation.id, question, documents=documents)

turns = session.workspace().history.turns(conversation.id) if conversation else []
live = session.chats().live(conversation.id) if conversation else None
if caught.citation:
    open_citation(turns, *caught.citation, collection)

beside = session.opened(PLACE) is not None
left, right = st.columns([6, 5], gap="medium") if beside else (st.container(key="chat-column"), st.empty())
with right:
    # Drawn first: following an answer takes until its end.
    draw_passage_panel(PLACE)
with left:
    if conversation:
        draw_heading(conversation)
    elif not turns:
        draw_welcome(collection)
    for turn in turns:
        if live is not None and turn.id == live.turn_id:
            draw_live(turn, live.reply)
        else:
            draw_turn(turn, collection)
