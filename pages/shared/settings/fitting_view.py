"""What would fit under the budgets being chosen: of the last question asked, or of a usual one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.shared import session
from pages.shared.figures import counted
from rag.fitting import Sizes, usual_sizes, what_fits
from rag.settings import Settings


def draw_fitting(settings: Settings) -> None:
    """One sentence, which follows the sliders."""
    known = _last_sizes()
    sizes = known or usual_sizes(settings)
    fitting = what_fits(settings.answer, sizes)
    parts = [f"**{fitting.passages} of {counted(len(sizes.passages), 'passage')}**"]
    if sizes.turns:
        parts.append(f"**{fitting.turns} of {counted(len(sizes.turns), 'earlier turn')}**")
    whose = "Of your last question" if known else "Of a usual question"
    rest = " Older turns are summed up." if fitting.turns < len(sizes.turns) else ""
    st.markdown(f":material/data_usage: {whose} {' and '.join(parts)} would fit whole.{rest}")


def _last_sizes() -> Sizes | None:
    """The sizes kept with the last turn that a model answered, in the open or the newest conversation."""
    history = session.workspace().history
    newest = [own.id for own in history.conversations(limit=1)]
    open_one = session.current_conversation()
    for conversation in [open_one.id] if open_one else newest:
        for turn in reversed(history.turns(conversation)):
            tokens: dict[str, Any] = turn.details.get("tokens", {})
            if tokens.get("offered"):
                return Sizes(
                    _whole(tokens["offered"]), _whole(tokens["turns"]), tokens["system"] + tokens["question"]
                )
    return None


def _whole(kept: Sequence[Any]) -> tuple[int, ...]:
    return tuple(int(size) for size in kept)
