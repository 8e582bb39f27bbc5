"""The chat: conversations at the side, questions and cited answers, and the passage a citation opens."""

import streamlit as st

from pages.shared import session
from pages.shared.chat.answering import draw_live
from pages.shared.chat.asking import BOX, as_question, ask_waiting, keep_choices, keep_typed
from pages.shared.chat.attaching import (
    attach,
    draw_attached,
    draw_reading,
    draw_refusal,
    is_reading,
    waits_for_files,
)
from pages.shared.chat.citation_clicks import clicked_citation
from pages.shared.chat.conversation_list import draw_conversations, draw_heading
from pages.shared.chat.earlier_turns import draw_earlier
from pages.shared.chat.model_choice import draw_model_choice
from pages.shared.chat.sources_view import PLACE
from pages.shared.chat.style_choice import draw_style_choice
from pages.shared.chat.turn_view import draw_turn, open_citation
from pages.shared.chat.waiting_view import draw_waiting
from pages.shared.chat.welcome import draw_suggestions, draw_welcome
from pages.shared.passage_panel import draw_passage_panel
from pages.shared.plain_text import markdown_plain
from pages.shared.scope.question_filter import draw_chips, draw_scope
from pages.shared.scroll_to import scroll_to
from rag.attached_files import Asked, attached_to, collection_asked, collections_asked
from rag.disclosure import who_answers
from rag.errors import AskanceError

conversation = session.current_conversation()
draw_conversations(conversation)
collection = session.collection()
clicked = clicked_citation()

# In the order in which a question goes from one to the other, so that it is seen in one of them.
waiting = session.waiting().next
live = session.chats().live(conversation.id) if conversation else None
turns = session.workspace().history.turns(conversation.id) if conversation else []
with st.bottom, st.container(key="question-bar", gap="xsmall"):
    typed = st.chat_input(
        "Ask your documents" if session.ready_documents(collection) else "Attach a file and ask about it",
        key=BOX,
        accept_file="multiple",
        on_submit=keep_typed,
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        asked = draw_attached(conversation, collection, turns)
        collections = collections_asked(asked, conversation.id if conversation else "", collection)
        scope = draw_scope(PLACE, *collections)
        style = draw_style_choice()
        answering = draw_model_choice()
        draw_chips(PLACE, scope)
        st.caption(markdown_plain(who_answers(answering)))

refused: AskanceError | None = None
if typed and typed.files:
    conversation = conversation or session.start_conversation(collection)
    try:
        attach(conversation, typed.files)
    except AskanceError as error:
        refused = error
        session.waiting().take(as_question(typed))
        waiting = session.waiting().next
if typed and typed.files and refused is None:
    # The list at the side, and what is asked next, change with the files.
    st.rerun()
# A question that comes while another is answered, files are read, or nothing is there waits for its turn.
something = any(session.ready_documents(own) for own in (*collections, *scope.collections))
waits = bool(live) or is_reading(conversation) or waits_for_files(asked) or not something
chosen = {"style": style, "model": answering.answer.model}
if waiting and not waits:
    ask_waiting(waiting, conversation, collection, scope, asked, **chosen)
    st.rerun()
if live:
    keep_choices(scope, asked, **chosen)

if clicked and conversation:
    open_citation(turns, *clicked, conversation)

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
        if asked is not Asked.COLLECTION and not turns:
            draw_suggestions(attached_to(conversation.id))
    else:
        with beginning.container():
            draw_welcome(collection)
    if len(turns) > 1:
        scroll_to(f"turn-{turns[-1].id}")
    shown = draw_earlier(turns)
    asked_of = [collection_asked(turn, conversation) for turn in shown] if conversation else []
    standings = {where: session.standings(where) for where in set(asked_of)}
    for turn, where in zip(shown, asked_of, strict=True):
        with st.container(key=f"turn-{turn.id}"):
            if live is not None and turn.id == live.turn_id:
                draw_live(turn, live.reply)
            elif conversation:
                draw_turn(turn, conversation, standings[where])
    if refused:
        draw_refusal(refused)
    if conversation:
        draw_reading(conversation)
    draw_waiting(conversation, collection, asked, something=something)
