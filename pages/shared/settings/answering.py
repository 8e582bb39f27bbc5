"""Who answers: the built-in quotes, or a language model behind an OpenAI-compatible server or Ollama.

Fields of the server chosen alone are shown, with a test of what is typed before it is saved.
"""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.answerer_titles import TITLES, answerer_title
from pages.shared.plain_text import markdown_plain
from pages.shared.settings.connection_test import draw_check
from pages.shared.settings.group import SettingGroup
from pages.shared.settings.server_fields import check_server, draw_server
from rag.agreement import check_key_stays
from rag.answerers import EXTRACTIVE
from rag.disclosure import who_answers
from rag.errors import AskanceError
from rag.server_settings import KINDS
from rag.settings import Settings

EXPLAINED = [
    "The best sentences of your documents, word for word. Nothing to set up.",
    "OpenAI, or any server that speaks its protocol: vLLM, llama.cpp, LM Studio and others.",
    "Models on your own machine, by Ollama.",
]


def draw_answering() -> None:
    """The card of the model that answers."""
    group = SettingGroup("answering", check=_check)
    st.markdown("#### Who answers")
    chosen = _draw_answerer(group)
    if chosen in KINDS:
        draw_server(group, chosen, chosen)
    group.switch("answer.rewrite_follow_ups", "Understand follow-up questions")
    if chosen != "extractive":
        group.switch("answer.self_check", "Check before showing")
        st.caption(
            "Answers are checked against their passages either way. With this on, an answer is shown when it "
            "is complete, and asked for once more when the passages do not bear it out."
        )
    if group.changes:
        try:
            st.caption(f":material/arrow_forward: Once saved: {markdown_plain(who_answers(group.preview()))}")
        except AskanceError as error:
            st.error(markdown_plain(str(error)), icon=":material/error:")
    group.draw_foot(test=None if chosen == "extractive" else draw_check)


def _draw_answerer(group: SettingGroup) -> str:
    field = group.field("answer.model", "Who answers")
    models = group.settings.models
    options = [*TITLES, *(own.name for own in models)]
    chosen = st.radio(
        field.label,
        options,
        index=options.index(field.saved),
        format_func=lambda option: markdown_plain(answerer_title(option)),
        captions=[*EXPLAINED, *(markdown_plain(f"{own.server.model or 'one'}, below.") for own in models)],
        key=field.key,
        disabled=field.locked,
        label_visibility="collapsed",
    )
    if field.locked:
        st.caption(f":material/lock: Set by the environment variable `{field.variable}`.")
    return group.take("answer.model", chosen)


def _check(settings: Settings) -> None:
    """Refuse what could not answer, and a saved key on its way to another server."""
    check_key_stays(session.settings().openai, settings.openai)
    if settings.answer.model != EXTRACTIVE:
        check_server(settings, settings.answer.model)
