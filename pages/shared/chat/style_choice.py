"""The style of the next answers, chosen beside the question box. It asks nothing itself."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from rag.quoting import FOLLOWED
from rag.styles import style_titles


def draw_style_choice() -> str:
    """The chooser, and a word where the built-in answerer cannot follow; returns the style's name."""
    settings = session.settings()
    titles = style_titles(settings.data_dir)
    chosen = session.chosen_style()
    # The key changes with the choice, so that opening another conversation shows its style.
    key = f"answer-style-{chosen}-{len(titles)}"
    st.selectbox(
        "Style of the answer",
        list(titles),
        index=list(titles).index(chosen),
        format_func=titles.__getitem__,
        key=key,
        on_change=_choose,
        args=(key,),
        label_visibility="collapsed",
        filter_mode=None,
        width=150,
    )
    if session.chosen_answerer() == "extractive" and chosen not in FOLLOWED:
        st.caption(":material/info: Needs a chat model: the built-in answerer only quotes.")
    return chosen


def _choose(key: str) -> None:
    session.choose_style(str(session.typed(key) or ""))
