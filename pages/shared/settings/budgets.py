"""How sure an answer must be, and how a language model's window is shared out."""

from __future__ import annotations

import streamlit as st

from pages.shared.settings.fitting_view import draw_fitting
from pages.shared.settings.group import SettingGroup
from pages.shared.settings.window_bar import draw_window
from rag.agreement import check_budgets
from rag.settings import Settings


def draw_certainty() -> None:
    """The card of declining to answer."""
    group = SettingGroup("certainty")
    st.markdown("#### When to answer")
    group.share("answer.decline_below", "Answer only when at least this sure")
    st.caption(
        "Further left: more answers, more of them wrong. Further right: Askance says more often that your "
        "documents do not seem to answer."
    )
    group.number("answer.quote_words", "Longest built-in answer (words)", step=10)
    group.draw_foot()


def draw_budgets() -> None:
    """The card of the token budgets."""
    group = SettingGroup("budgets", check=_check, live=True)
    st.markdown("#### What a language model is given")
    st.caption(
        "A model reads a limited number of tokens at once, its window; a token is about four letters. "
        "The built-in quotes need none of this."
    )
    window = int(group.number("answer.window_tokens", "The model's window", step=1024))
    group.amount("answer.context_tokens", "For passages", window, step=50)
    group.amount("answer.history_tokens", "For earlier turns", window, step=50)
    group.amount("answer.reserve_tokens", "For the answer", window, step=50)
    draw_window(group.preview().answer)
    draw_fitting(group.preview())
    group.choice(
        "answer.summed_up_by",
        "Who sums up older turns",
        {"model": "The model", "rules": "Rules"},
    )
    group.draw_foot()


def _check(settings: Settings) -> None:
    check_budgets(settings.answer)
