"""Models beside the first, by name: added, edited, tested, removed, and who steps in when one fails."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.answerer_titles import TITLES, answerer_title
from pages.shared.plain_text import markdown_plain
from pages.shared.settings.connection_test import draw_check
from pages.shared.settings.group import SettingGroup
from pages.shared.settings.server_fields import check_server, draw_server
from rag.answerers import answering_by, fallbacks, remove_model, set_up
from rag.errors import AskanceError
from rag.named_models import SECTION, NamedModel
from rag.settings import Settings, save_settings

CARD = "models"


def draw_named_models() -> None:
    """The card of the other models."""
    settings = session.settings()
    st.markdown("#### More models")
    st.caption("Each has a name of your own. Choose among them beside the question in the chat.")
    note = session.take_settings_note(CARD)
    if note:
        st.success(markdown_plain(note), icon=":material/check_circle:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = _draw_names(settings)
        with st.popover("Add a model", icon=":material/add:", key="add-model"):
            _draw_add()
    if chosen is not None:
        _draw_editor(chosen)
    _draw_fallbacks(settings)


def _draw_names(settings: Settings) -> NamedModel | None:
    if not settings.models:
        return None
    by_name = {own.name: own for own in settings.models}
    # The one just added is shown first: its name stands in the field still.
    added = session.typed("new-model-name")
    shown = st.selectbox(
        "Model to edit",
        list(by_name),
        index=list(by_name).index(added) if added in by_name else 0,
        key=f"edited-model-{len(by_name)}",
    )
    return by_name[shown]


def _draw_add() -> None:
    name = st.text_input("Name", key="new-model-name", placeholder="fast", autocomplete="off")
    kind = st.radio(
        "Kind",
        ["openai", "ollama"],
        format_func=lambda own: TITLES[own],
        captions=["OpenAI, Azure, vLLM, llama.cpp, LM Studio and others.", "Models on your own machine."],
        key="new-model-kind",
    )
    if not st.button("Add", key="add-model-now", type="primary", icon=":material/add:"):
        return
    name = str(name or "").strip()
    if name in (own.name for own in session.settings().models):
        st.error("There is a model of this name already.", icon=":material/error:")
        return
    try:
        save_settings(session.settings().data_dir, {f"{SECTION}{name}.kind": kind})
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    session.renew_settings(CARD, f"Added {name}. Say where it is, then test the connection.")
    st.rerun()


def _draw_editor(model: NamedModel) -> None:
    with st.container(border=True):
        group = SettingGroup(f"model-{model.name}", check=lambda settings: check_server(settings, model.name))
        try:
            draw_server(group, model.name, model.kind)
        except AskanceError as error:
            st.error(markdown_plain(str(error)), icon=":material/error:")
        group.draw_foot(test=lambda settings: draw_check(answering_by(settings, model.name)))
        with st.popover("Remove", icon=":material/delete:", key=f"remove-{model.name}", type="tertiary"):
            st.caption("Its settings and its key are forgotten. Answers that it gave stay.")
            if st.button("Remove this model", key=f"remove-now-{model.name}", type="primary"):
                _remove(model.name)


def _remove(name: str) -> None:
    try:
        remove_model(session.settings(), name)
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    session.renew_settings(CARD, f"Removed {name}.")
    st.rerun()


def _draw_fallbacks(settings: Settings) -> None:
    names = set_up(settings)
    if len(names) < 2 and not settings.answer.fallbacks:
        return
    group = SettingGroup("fallbacks")
    field = group.field("answer.fallbacks", "When the chosen one fails, ask")
    chosen = st.multiselect(
        field.label,
        names,
        default=fallbacks(settings),
        format_func=answerer_title,
        key=field.key,
        disabled=field.locked,
        placeholder="Nobody: say what went wrong",
        help="In this order, and only while nothing of an answer was shown. The answer says who gave it.",
    )
    joined = ",".join(chosen)
    group.take("answer.fallbacks", field.saved if chosen == fallbacks(settings) else joined)
    group.draw_foot()
