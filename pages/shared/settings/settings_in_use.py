"""Saving the settings that won a comparison, and saying so. Nothing else is saved here."""

from __future__ import annotations

import streamlit as st

from pages.shared import session
from pages.shared.comparison.draft import Draft
from pages.shared.plain_text import markdown_plain
from rag.compare import VARIED, choices_of
from rag.settings import ALIASES, save_settings


def draw_use(draft: Draft) -> None:
    """Save the setting that was wanted and confirm it; nothing when none was. Raises SettingsError."""
    wanted, draft.wanted = draft.wanted, None
    if wanted is None:
        return
    values, before = choices_of(wanted.settings), choices_of(session.settings())
    changed = {ALIASES.get(name, name): values[name] for name in VARIED if values[name] != before[name]}
    save_settings(session.settings().data_dir, changed)
    in_force = choices_of(session.settings())
    held = [ALIASES.get(name, name) for name in VARIED if in_force[name] != values[name]]
    if held:
        st.warning(
            f"Saved, but the environment or a .env file sets {markdown_plain(', '.join(held))} "
            "and wins. Remove it there for the saved value to apply.",
            icon=":material/warning:",
        )
        return
    st.success(
        f"**{wanted.name}** is in use now: chat and search keep {values['k']} of "
        f"{values['candidates']} candidates.",
        icon=":material/check_circle:",
    )
