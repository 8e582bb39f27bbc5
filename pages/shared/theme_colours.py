"""Colours of both themes in a style, so that a change of the theme is followed before the page runs again."""

from __future__ import annotations

import streamlit as st


def in_both_themes(style: str, option: str) -> str:
    """The style with a colour of each theme, like "backgroundColor", in the place of LIGHT and DARK."""
    for theme in ("light", "dark"):
        colour = str(st.get_option(f"theme.{theme}.{option}") or "Canvas")
        style = style.replace(theme.upper(), colour)
    return style
