"""A question while it is being answered: what is going on, then the text as it comes.

It follows an answer that goes on without it; when that has ended, the page is drawn anew from what was kept.
"""

from __future__ import annotations

import streamlit as st

from pages.shared.chat.thinking_view import LiveThinking
from pages.shared.chat.turn_view import ANSWER_AVATAR, draw_question
from pages.shared.chat.waiting_view import draw_queue
from pages.shared.figures import counted
from pages.shared.open_dialog import dialog_is_open
from pages.shared.plain_text import markdown_plain
from rag.history import Turn
from rag.streaming import LiveReply


def draw_live(turn: Turn, live: LiveReply) -> None:
    """The question and the answer so far; does not return, since the page runs again at the end.

    With a dialog open it does: what is pressed there is heard only when this run is over. Whatever closes
    the dialog runs the page again.
    """
    draw_question(turn)
    with st.chat_message("assistant", avatar=ANSWER_AVATAR):
        thinking = LiveThinking(st.container())
        place = st.empty()
        st.button("Stop", key=f"stop-{turn.id}", icon=":material/stop_circle:", on_click=live.stop)
        draw_queue()
        # Drawing at every heartbeat is what lets a click interrupt this loop.
        for text in live.follow():
            thinking.show(live.reply.thinking)
            # Quotes of documents wait until they can be drawn as such; what a model says is safe Markdown.
            quoting = live.reply.model == "extractive"
            place.markdown(_doing(live) if quoting or not text else f"{text} ▍")
            if dialog_is_open():
                return
    st.rerun()


def _doing(live: LiveReply) -> str:
    if live.reply.waiting:
        return f":material/hourglass: {markdown_plain(live.reply.waiting)}"
    if live.reply.thinking:
        return ":material/psychology: Thinking…"
    if live.found is None:
        return ":material/search: Searching your documents…"
    return f":material/menu_book: Reading {counted(live.found, 'passage')}…"
