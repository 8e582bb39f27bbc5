"""The questions that wait for their turn, why, and a way to drop each. It asks nothing."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from pages.shared import session
from pages.shared.chat.attaching import is_reading, waits_for_files
from pages.shared.icon_button import icon_button
from pages.shared.plain_text import markdown_plain
from rag.attached_files import Asked
from rag.history import Conversation
from rag.waiting_questions import WaitingQuestion

NEXT = "Asked next"


def draw_queue(reason: str = NEXT) -> None:
    """Every question that waits, each with a cross; the first for this reason."""
    for place, question in enumerate(session.waiting()):
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key=f"waiting-{place}"):
            why = NEXT if place else reason
            st.caption(f":material/schedule: {why}: {markdown_plain(question.text)}", width="content")
            icon_button(":material/close:", "Do not ask", f"drop-{place}", session.waiting().take, question)


def draw_waiting(
    conversation: Conversation | None, collection: str, asked: Asked, *, something: bool
) -> None:
    """The questions that wait for files or documents; `something` says whether any are there."""
    first = session.waiting().next
    if first is None:
        return
    if is_reading(conversation):
        draw_queue("Asked when the files are read")
    elif not something:
        draw_queue("Asked once there is a document to ask")
    elif waits_for_files(asked):
        draw_queue("Not asked, since no file could be read")
        _draw_without_files(first, collection)


def _draw_without_files(question: WaitingQuestion, collection: str) -> None:
    st.button(
        f"Ask {markdown_plain(collection)} instead",
        key="ask-without-files",
        icon=":material/send:",
        on_click=session.waiting().change,
        args=(question, replace(question, needs_files=False)),
    )
