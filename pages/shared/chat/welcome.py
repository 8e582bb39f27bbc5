"""The chat before the first question: how to begin, whether or not there are documents yet."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.figures import counted
from pages.shared.job_cards import draw_jobs
from pages.shared.plain_text import markdown_plain
from pages.shared.sample_button import draw_sample_button
from pages.shared.sample_questions import sample_questions
from rag.waiting_questions import WaitingQuestion


def draw_welcome(collection: str) -> None:
    """An invitation: to add documents, or to ask about those that are there."""
    documents = len(session.ready_documents(collection))
    with st.container(key="welcome", gap="small", horizontal_alignment="center"):
        st.space("medium")
        if documents:
            draw_suggestions(collection)
        else:
            _draw_beginning(collection)


def _draw_beginning(collection: str) -> None:
    st.markdown("## Ask your documents", text_alignment="center", anchors=False)
    st.markdown(
        "Add PDFs, Word files, web pages or notes. Ask in plain words. "
        "Every answer shows the page it comes from, so you can check it.",
        text_alignment="center",
    )
    if any(job.active for job in session.jobs().jobs(collection)):
        draw_jobs(collection)
        return
    with st.container(horizontal=True, horizontal_alignment="center"):
        if st.button("Add documents", type="primary", icon=":material/upload_file:", key="welcome-add"):
            st.switch_page("library.py")
        if draw_sample_button("welcome-samples"):
            st.rerun()
    st.caption(
        "Or attach a file in the box below and ask about it. Everything stays on this computer.",
        text_alignment="center",
    )
    draw_jobs(collection)


def draw_suggestions(collection: str) -> None:
    """How much can be asked, and questions to begin with."""
    documents = len(session.ready_documents(collection))
    st.markdown(f"## Ask {counted(documents, 'document')}", text_alignment="center", anchors=False)
    questions = sample_questions(collection)
    if not questions:
        return
    st.caption(
        "Ask in the box below, attach a file there to ask about it, or begin with one of these:",
        text_alignment="center",
    )
    for number, question in enumerate(questions):
        st.button(
            markdown_plain(question),
            key=f"sample-question-{number}",
            width="stretch",
            on_click=session.waiting().put,
            args=(WaitingQuestion(question),),
        )
