"""Who answers: the built-in quotes, or a language model behind an OpenAI-compatible server or Ollama.

Fields of the server chosen alone are shown, with a test of what is typed before it is saved.
"""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.plain_text import markdown_plain
from pages.shared.settings.connection_test import address_of, draw_check, list_models
from pages.shared.settings.fields import help_text
from pages.shared.settings.group import SettingGroup
from rag.agreement import check_key_stays
from rag.disclosure import who_answers
from rag.errors import AskanceError
from rag.llms import get_chat_model, is_loopback
from rag.settings import Settings

ANSWERERS = {
    "extractive": "Quotes (built in)",
    "openai": "A model server",
    "ollama": "Ollama",
}
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
    if chosen == "openai":
        _draw_openai(group)
    elif chosen == "ollama":
        _draw_ollama(group)
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
    chosen = st.radio(
        field.label,
        list(ANSWERERS),
        index=list(ANSWERERS).index(field.saved),
        format_func=lambda option: ANSWERERS[option],
        captions=EXPLAINED,
        key=field.key,
        disabled=field.locked,
        label_visibility="collapsed",
    )
    if field.locked:
        st.caption(f":material/lock: Set by the environment variable `{field.variable}`.")
    return group.take("answer.model", chosen)


def _draw_openai(group: SettingGroup) -> None:
    group.text("openai.base_url", "Address", placeholder="https://api.openai.com/v1")
    group.secret("openai.api_key", "Key")
    _draw_model_name(group, "openai.model", "Model")
    group.number("openai.timeout_seconds", "Longest wait (seconds)", step=10)


def _draw_ollama(group: SettingGroup) -> None:
    group.text("ollama.host", "Address", placeholder="http://127.0.0.1:11434")
    _draw_model_name(group, "ollama.model", "Model")
    group.number("ollama.timeout_seconds", "Longest wait (seconds)", step=10)


def _draw_model_name(group: SettingGroup, path: str, label: str) -> None:
    """The model's name, chosen from the server's own list once that is known."""
    preview = group.preview()
    address = address_of(preview)
    if path == "ollama.model" and is_loopback(address) and session.found_models(address) is None:
        list_models(preview)
    found = session.found_models(address)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if isinstance(found, tuple) and found:
            _draw_listed(group, path, label, found)
        else:
            empty = "the first installed one" if path == "ollama.model" else "gpt-4o-mini"
            group.text(path, label, placeholder=empty)
        if st.button(
            "List models" if found is None else "List again",
            key=f"list-{path}",
            icon=":material/list:",
            help="Asks the server at the address above which models it has.",
        ):
            list_models(preview)
            st.rerun()
    _draw_found(found)


def _draw_listed(group: SettingGroup, path: str, label: str, found: tuple[str, ...]) -> None:
    field = group.field(path, label)
    unnamed = ("",) if path == "ollama.model" else ()
    options = list(dict.fromkeys((*unnamed, *found, *((field.saved,) if field.saved else ()))))
    chosen = st.selectbox(
        label,
        options,
        index=options.index(field.saved) if field.saved in options else 0,
        format_func=lambda name: name or "The first installed one",
        key=f"{field.key}-listed",
        help=help_text(field),
        disabled=field.locked,
        accept_new_options=True,
    )
    group.take(path, str(chosen or "").strip())


def _draw_found(found: tuple[str, ...] | str | None) -> None:
    if isinstance(found, str):
        st.warning(markdown_plain(found), icon=":material/cloud_off:")
    elif found == ():
        st.caption("The server answers, but lists no models.")
    elif found is not None:
        listed = "1 model" if len(found) == 1 else f"{len(found):,} models"
        st.caption(f":material/check: The server lists {listed}; other names can be typed.")


def _check(settings: Settings) -> None:
    """Refuse what could not answer, and a saved key on its way to another server."""
    check_key_stays(session.settings().openai, settings.openai)
    if settings.answer.model != "extractive":
        get_chat_model(settings)
