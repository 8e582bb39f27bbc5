"""Thumbs under an answer, and why: kept with the places that the answer cites."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from rag.history import Turn
from rag.judgements import REASONS

LONGEST_NOTE = 1000


def draw_thumbs(turn: Turn) -> None:
    """The thumbs alone."""
    chosen = st.feedback("thumbs", key=f"rating-{turn.id}", default=turn.rating)
    if chosen != turn.rating:
        session.workspace().history.rate(turn.id, chosen)
        st.rerun()


def draw_reason(turn: Turn) -> None:
    """Why, once there is a thumb; nothing before."""
    if turn.rating is None:
        return
    names = REASONS[turn.rating]
    kept = turn.judgement.get("reason", "")
    key = f"{turn.id}-{turn.rating}"
    reason = st.pills(
        "Why?",
        list(names),
        default=kept if kept in names else None,
        format_func=lambda own: names[own],
        key=f"reason-{key}",
    )
    note = st.text_input(
        "In your words",
        turn.judgement.get("note", ""),
        key=f"note-{key}",
        max_chars=LONGEST_NOTE,
        placeholder="In your words, if you like",
        label_visibility="collapsed",
    )
    if (reason or "", note) != (kept, turn.judgement.get("note", "")):
        session.workspace().history.rate(turn.id, turn.rating, reason=reason or "", note=note)
