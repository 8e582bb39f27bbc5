"""A long conversation begins with its last turns: the earlier ones are a click away.

Every run of the page draws and sends all that it shows, so that fifty turns would be felt at each click.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.shared import session
from pages.shared.figures import counted
from rag.history import Turn

#: Turns shown at first; a few more are no reason to hide any.
SHOWN, SPARED = 20, 4


def draw_earlier(turns: Sequence[Turn]) -> Sequence[Turn]:
    """The turns to draw, after a button for those before them where there are many."""
    hidden = len(turns) - SHOWN
    if hidden <= SPARED or session.shows_all(turns[0].conversation_id):
        return turns
    with st.container(horizontal_alignment="center", key="earlier-turns"):
        st.button(
            f"Show {counted(hidden, 'earlier question')}",
            icon=":material/expand_less:",
            type="tertiary",
            key=f"show-earlier-{turns[0].conversation_id}",
            on_click=session.show_all,
            args=(turns[0].conversation_id,),
        )
    return turns[hidden:]
