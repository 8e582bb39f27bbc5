"""The field of a secret, such as a key: it can be entered, replaced and removed, and is never shown again.

What is saved stays on the server: not even dots of its length reach the browser.
"""

from __future__ import annotations

import streamlit as st

from pages.shared.settings.fields import Field, draw_lock, help_text


def draw_secret(field: Field) -> str:
    """The secret to use: what is typed, else what is saved."""
    if field.locked:
        st.markdown(f":small[{field.label}]  \n:material/key: A key is set.")
        draw_lock(field)
        return str(field.saved)
    if not field.saved:
        return _draw_entry(field, field.label)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(":material/key: A key is saved.", width="content")
        with st.popover("Replace", key=f"{field.key}-replace"):
            typed = _draw_entry(field, "New key")
            st.caption("It takes the place of the saved key when you save.")
        with st.popover("Remove", key=f"{field.key}-remove"):
            removed = st.checkbox("Remove the saved key", key=f"{field.key}-removed")
            st.caption("It is gone for good when you save.")
    if typed:
        st.caption(":material/edit: A new key is entered; it is kept when you save.")
        return typed
    if removed:
        st.caption(":material/delete: The saved key goes when you save.")
        return ""
    return str(field.saved)


def _draw_entry(field: Field, label: str) -> str:
    typed = st.text_input(
        label, type="password", help=help_text(field), key=field.key, autocomplete="new-password"
    )
    return str(typed or "").strip()
