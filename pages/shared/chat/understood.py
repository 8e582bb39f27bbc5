"""What a follow-up question was taken to mean, small under it, and a way to put that right."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.plain_text import markdown_plain
from rag.history import Turn
from rag.turns import standalone_of


def draw_understood(turn: Turn) -> None:
    """Nothing when the question was searched for as it stands."""
    meant = standalone_of(turn)
    if not meant:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"understood-{turn.id}"):
        st.caption(
            f":material/subdirectory_arrow_right: Understood as: {markdown_plain(meant)}", width="content"
        )
        with (
            st.popover("Change", type="tertiary", key=f"change-{turn.id}"),
            st.form(f"understood-form-{turn.id}", border=False),
        ):
            typed = st.text_area("Search for", meant, key=f"meant-{turn.id}", max_chars=2000)
            if st.form_submit_button("Ask again", icon=":material/refresh:") and typed.strip():
                session.workspace().history.delete_turn(turn.id)
                session.put_question(turn.question, standalone=typed.strip())
                st.rerun()
