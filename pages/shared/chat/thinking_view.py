"""What a reasoning model thought before it answered: folded, as plain text, and no part of the answer."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.shared.plain_text import markdown_plain
from rag.history import Turn

#: Characters shown while a model still thinks: the last ones, so that long thinking stays cheap to draw.
LIVE_CHARACTERS = 2000
LABEL = "Thinking"


class LiveThinking:
    """A folded place for thinking under way; nothing is drawn before there is some."""

    def __init__(self, place: DeltaGenerator) -> None:
        self._place = place
        self._text: DeltaGenerator | None = None

    def show(self, thinking: str) -> None:
        """Draw what has been thought so far."""
        if not thinking:
            return
        if self._text is None:
            self._text = self._place.expander(f"{LABEL}…", icon=":material/psychology:").empty()
        cut = len(thinking) > LIVE_CHARACTERS
        self._text.text(f"…{thinking[-LIVE_CHARACTERS:]}" if cut else thinking)


def draw_thinking(turn: Turn) -> None:
    """The thinking kept with an answer; nothing when there was none."""
    thinking = str(turn.details.get("thinking", ""))
    if not thinking:
        return
    folded = st.expander(
        LABEL,
        icon=":material/psychology:",
        type="compact",
        key=f"thinking-{turn.id}",
        on_change="rerun",
    )
    if not folded.open:
        return
    with folded:
        st.caption("The model's own notes before its answer. They are not checked, and nothing cites them.")
        st.text(thinking)
        dropped = int(turn.details.get("thinking_dropped", 0))
        if dropped:
            st.caption(markdown_plain(f"{dropped:,} more characters were not kept, to save room."))
