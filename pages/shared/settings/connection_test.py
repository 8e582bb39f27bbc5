"""Asking a model server whether it answers, and which models it has, with settings not yet saved.

The reason for a failure is shown as the server gave it; no key is. Nothing here saves.
"""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.plain_text import markdown_plain
from rag import answerers
from rag.agreement import check_key_stays
from rag.errors import AskanceError, SettingsError
from rag.llms import ServerChatModel, get_chat_model
from rag.server_settings import KINDS, OpenAISettings
from rag.settings import Settings, value_at, with_overrides

#: Longest wait for a server's list of models, in seconds.
LIST_SECONDS = 5.0


def server_of(settings: Settings) -> ServerChatModel:
    """The server that the settings name, not contacted yet.

    Raises SettingsError when there is none, or when a key kept for another server would go to it.
    """
    now, name = session.settings(), settings.answer.model
    if name in (*KINDS, *(own.name for own in now.models)):
        before, after = answerers.server_of(now, name), answerers.server_of(settings, name)
        if isinstance(before, OpenAISettings) and isinstance(after, OpenAISettings):
            check_key_stays(before, after)
    model = get_chat_model(settings)
    if not isinstance(model, ServerChatModel):
        raise SettingsError(f"{model.name} is not behind a server; there is nothing to test.")
    return model


def draw_check(settings: Settings) -> None:
    """Ask the server for its models and the model for a word; the outcome in a sentence."""
    try:
        model = server_of(settings)
        with st.spinner(f"Asking {markdown_plain(model.address)}…"):
            outcome = model.check()
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    st.success(markdown_plain(outcome), icon=":material/check_circle:")


def list_models(settings: Settings) -> None:
    """Ask the server for its models; what comes of it is kept for `session.found_models`."""
    path = f"{answerers.path_of(settings.answer.model)}.timeout_seconds"
    brief = with_overrides(settings, {path: min(LIST_SECONDS, value_at(settings, path))})
    found: tuple[str, ...] | str
    try:
        model = server_of(brief)
        with st.spinner(f"Asking {markdown_plain(model.address)}…"):
            found = tuple(model.list_models())
    except AskanceError as error:
        found = str(error)
    session.keep_found_models(answerers.address_of(settings, settings.answer.model), found)
