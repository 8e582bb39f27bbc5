"""What a follow-up question was taken to mean, small under it, and a way to put that right."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.plain_text import markdown_plain
from rag.history import Turn
from rag.turns import scope_of, standalone_of
from rag.waiting_questions import WaitingQuestion


def draw_understood(turn: Turn) -> None:
    """Nothing when the question was searched for as it stands."""
    meant = standalone_of(turn)
    if not meant:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"understood-{turn.id}"):
        st.caption(
            f":material/subdirectory_arrow_right: Understood as: {markdown_plain(meant)}", width="content"
        )
        if st.button("Change", type="tertiary", key=f"change-{turn.id}"):
            _change(turn, meant)


@st.dialog("What did you mean?", on_dismiss="rerun")
def _change(turn: Turn, meant: str) -> None:
    st.text(turn.question)
    key = f"meant-{turn.id}"
    st.text_area("Search for", meant, key=key, max_chars=2000)
    if st.button(
        "Ask again",
        icon=":material/refresh:",
        type="primary",
        key=f"ask-meant-{turn.id}",
        on_click=_ask_meant,
        args=(turn, key),
    ):
        st.rerun()


def _ask_meant(turn: Turn, key: str) -> None:
    meant = str(session.typed(key) or "").strip()
    if meant:
        session.waiting().put(
            WaitingQuestion(
                turn.question,
                standalone=meant,
                beside=turn.id,
                instead=True,
                scope=scope_of(turn),
            )
        )
