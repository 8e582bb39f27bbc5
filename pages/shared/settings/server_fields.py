"""The fields of one model server, wherever among the settings it stands: address, key, model and the rest."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.plain_text import markdown_plain
from pages.shared.settings.connection_test import list_models, server_of
from pages.shared.settings.fields import help_text
from pages.shared.settings.group import SettingGroup
from rag.answerers import address_of, answering_by, path_of
from rag.llms import is_loopback
from rag.settings import Settings


def draw_server(group: SettingGroup, name: str, kind: str) -> None:
    """The fields for the server of the answerer of this name and kind."""
    section = path_of(name)
    if kind == "openai":
        group.text(f"{section}.base_url", "Address", placeholder="https://api.openai.com/v1")
        group.secret(f"{section}.api_key", "Key")
    else:
        group.text(f"{section}.host", "Address", placeholder="http://127.0.0.1:11434")
    _draw_model_name(group, name, kind)
    with st.container(horizontal=True, vertical_alignment="top"):
        group.number(f"{section}.timeout_seconds", "Longest wait (seconds)", step=10)
        group.number(f"{section}.window_tokens", "Reads at once (tokens)", step=1024)
        if kind == "ollama":
            group.text(f"{section}.keep_alive", "Stays loaded", placeholder="5m")
    with st.container(horizontal=True, vertical_alignment="top"):
        group.number(f"{section}.input_price", "Price of a million tokens read", step=0.05)
        group.number(f"{section}.output_price", "Price of a million written", step=0.05)


def check_server(settings: Settings, name: str) -> None:
    """Refuse what could not answer, and a saved key on its way to another server. Raises AskanceError."""
    server_of(answering_by(settings, name))


def _draw_model_name(group: SettingGroup, name: str, kind: str) -> None:
    """The model's name, chosen from the server's own list once that is known."""
    path = f"{path_of(name)}.model"
    preview = answering_by(group.preview(), name)
    address = address_of(preview, name)
    if kind == "ollama" and is_loopback(address) and session.found_models(address) is None:
        list_models(preview)
    found = session.found_models(address)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if isinstance(found, tuple) and found:
            _draw_listed(group, path, kind, found)
        else:
            empty = "the first installed one" if kind == "ollama" else "gpt-4o-mini"
            group.text(path, "Model", placeholder=empty)
        if st.button(
            "List models" if found is None else "List again",
            key=f"list-{path}",
            icon=":material/list:",
            help="Asks the server at the address above which models it has.",
        ):
            list_models(preview)
            st.rerun()
    _draw_found(found)


def _draw_listed(group: SettingGroup, path: str, kind: str, found: tuple[str, ...]) -> None:
    field = group.field(path, "Model")
    unnamed = ("",) if kind == "ollama" else ()
    options = list(dict.fromkeys((*unnamed, *found, *((field.saved,) if field.saved else ()))))
    chosen = st.selectbox(
        "Model",
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
