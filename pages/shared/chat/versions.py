"""Below a question: to edit it, and to flip between its versions. Other versions are never lost."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.icon_button import icon_button
from rag.history import Turn
from rag.turns import scope_of
from rag.waiting_questions import WaitingQuestion


def draw_versions(turn: Turn) -> None:
    """The flip, when there are several versions, and the editor."""
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center", key=f"versions-{turn.id}"):
        if len(turn.versions) > 1:
            _draw_flip(turn)
        if st.button("Edit", icon=":material/edit:", type="tertiary", key=f"edit-{turn.id}"):
            _edit(turn)


@st.dialog("Edit the question", on_dismiss="rerun")
def _edit(turn: Turn) -> None:
    key = f"edited-{turn.id}"
    st.text_area("Your question", turn.question, key=key, max_chars=8000)
    st.caption("What was asked and answered so far is kept: flip back with the arrows.")
    if st.button(
        "Ask",
        icon=":material/send:",
        type="primary",
        key=f"ask-edited-{turn.id}",
        on_click=_ask_edited,
        args=(turn, key),
    ):
        st.rerun()


def _ask_edited(turn: Turn, key: str) -> None:
    text = str(session.typed(key) or "").strip()
    if text:
        session.waiting().put(WaitingQuestion(text, beside=turn.id, scope=scope_of(turn)))


def _draw_flip(turn: Turn) -> None:
    place = turn.versions.index(turn.id)
    last = len(turn.versions) - 1
    for step, icon, name in (
        (-1, ":material/chevron_left:", "Previous"),
        (1, ":material/chevron_right:", "Next"),
    ):
        other = place + step
        icon_button(
            icon,
            f"{name} version",
            f"{name.lower()}-version-{turn.id}",
            _show,
            turn.versions[min(max(other, 0), last)],
            disabled=not 0 <= other <= last,
        )
        if step < 0:
            st.markdown(f"Version {place + 1} of {last + 1}", width="content")


def _show(turn_id: str) -> None:
    session.workspace().history.show_version(turn_id)
