"""What made an answer, as kept with it: style and prompt, settings, version of the table."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.shared.plain_text import markdown_plain
from rag.answer_record import changed_settings
from rag.collection_names import in_words
from rag.history import Turn


def draw_made(turn: Turn) -> None:
    """Nothing for answers of before this was kept."""
    made = turn.details.get("made")
    if not made:
        return
    table, prompt = made["table"], made["prompt"]
    st.markdown(
        f"Style **{markdown_plain(made['style']['title'])}**; collection "
        f"{markdown_plain(in_words(table['collection']))} in its version {table['version']:,}."
    )
    st.caption(_settings_in_words(made))
    if prompt:
        st.caption(f"Prompt {markdown_plain(prompt['digest'])}, as it was then:")
        st.code(prompt["text"], language=None, wrap_lines=True, height=220)


def _settings_in_words(made: dict[str, Any]) -> str:
    changed = changed_settings(made)
    if not changed:
        return "All settings were as they are at first."
    return markdown_plain(
        "Settings that were not as they are at first: "
        + "; ".join(f"{path} = {value}" for path, value in changed.items())
        + "."
    )
