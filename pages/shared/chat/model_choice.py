"""Who gives the next answers, chosen beside the question box, and why that one may not. Asks nothing."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.answerer_titles import answerer_title
from pages.shared.plain_text import markdown_plain
from rag.answerers import EXTRACTIVE, answering_by, set_up
from rag.errors import AskanceError
from rag.llms import ServerChatModel, get_chat_model
from rag.settings import Settings


def draw_model_choice() -> Settings:
    """The chooser, where there is a choice; returns the settings with the chosen one in them."""
    names = set_up(session.settings())
    chosen = session.chosen_answerer()
    if len(names) > 1:
        # The key changes with the choice, so that a change elsewhere is shown.
        key = f"answerer-{chosen}-{len(names)}"
        st.selectbox(
            "Who answers",
            names,
            index=names.index(chosen),
            format_func=answerer_title,
            key=key,
            on_change=_choose,
            args=(key,),
            label_visibility="collapsed",
            filter_mode=None,
            width=170,
        )
    settings = answering_by(session.settings(), chosen)
    problem = _problem(settings)
    if problem:
        st.caption(f":material/warning: {markdown_plain(problem)}")
    return settings


def _choose(key: str) -> None:
    session.choose_answerer(str(session.typed(key) or ""))


def _problem(settings: Settings) -> str:
    if settings.answer.model == EXTRACTIVE:
        return ""
    try:
        model = get_chat_model(settings)
    except AskanceError as error:
        return str(error)
    problem = model.problem if isinstance(model, ServerChatModel) else ""
    return f"{model.name} {problem} Use another model until then." if problem else ""
