"""The card of answer styles: which one to begin with, those that come along to look at, and one's own.

A style is kept when its button is pressed and its text holds what it must (rag/styles.py).
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.shared import session
from pages.shared.plain_text import markdown_plain
from pages.shared.settings.group import SettingGroup
from rag.errors import AskanceError
from rag.settings import save_settings
from rag.styles import (
    BEGINNING,
    BUILT_IN,
    LONGEST_NAME,
    LONGEST_TEXT,
    get_style,
    own_style_names,
    own_style_text,
    remove_style,
    save_style,
    style_titles,
)

_GROUP, _OWN = "styles", "own-styles"
_EXPLAINED = (
    "Keep `$rules` (how to cite, and not to guess) and `$passages` (the passages, fenced off) where their "
    "content belongs. Write `$$` for a dollar sign."
)


def draw_styles() -> None:
    """The card."""
    folder = session.settings().data_dir
    group = SettingGroup(_GROUP)
    st.markdown("#### How answers are written")
    group.choice("answer.style", "Style to begin with", style_titles(folder))
    st.caption(
        "Another one can be chosen beside each question. The built-in answerer follows Short, Detailed and "
        "Quotes only; the others need a chat model."
    )
    group.draw_foot()
    with st.expander("Styles that come along", icon=":material/visibility:"):
        shown = st.selectbox("Style", list(BUILT_IN), format_func=lambda name: BUILT_IN[name][0])
        st.code(get_style(folder, shown).text, language=None, wrap_lines=True)
    note = session.take_settings_note(_OWN)
    if note:
        st.success(note, icon=":material/check_circle:")
    for name in own_style_names(folder):
        with st.expander(markdown_plain(name), icon=":material/edit_note:"):
            _draw_own(name)
    with st.expander("Add a style of your own", icon=":material/add:"):
        _draw_form("", BEGINNING)


def _draw_own(name: str) -> None:
    folder = session.settings().data_dir
    try:
        text = own_style_text(folder, name)
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        text = BEGINNING
    _draw_form(name, text)
    with st.popover("Delete", icon=":material/delete:", type="tertiary", key=f"delete-style-{name}"):
        st.caption("Answers written in it stay, and remember its text.")
        if st.button("Delete this style", key=f"really-delete-style-{name}", icon=":material/delete:"):
            _attempt(lambda: remove_style(folder, name), name, "", f"“{name}” is deleted.")


def _draw_form(name: str, text: str) -> None:
    edition = session.settings_edition(_OWN)
    with st.form(f"style-{name}-{edition}", border=False):
        wanted = st.text_input("Name", name, max_chars=LONGEST_NAME, key=f"style-name-{name}-{edition}")
        written = st.text_area(
            "What the model is told",
            text,
            max_chars=LONGEST_TEXT,
            height=260,
            key=f"style-text-{name}-{edition}",
        )
        st.caption(_EXPLAINED)
        sent = st.form_submit_button("Save style", icon=":material/save:", key=f"save-style-{name}")
    if sent:
        folder = session.settings().data_dir
        kept = " ".join(wanted.split())
        _attempt(
            lambda: save_style(folder, kept, written, replacing=name),
            name,
            kept,
            f"“{kept}” is saved; choose it beside a question.",
        )


def _attempt(change: Callable[[], object], name: str, renamed: str, note: str) -> None:
    """Change a style, let the setting follow when it names it, and draw the page anew."""
    settings = session.settings()
    try:
        change()
        if name and settings.answer.style == name != renamed:
            save_settings(settings.data_dir, {"answer.style": renamed or None})
    except AskanceError as error:
        st.error(markdown_plain(str(error)), icon=":material/error:")
        return
    session.renew_settings(_OWN, markdown_plain(note))
    st.rerun()
