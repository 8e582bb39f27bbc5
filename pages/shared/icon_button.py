"""A small button with an icon, told apart by its name. It only draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

#: For what is read aloud, but not seen.
UNSEEN = """position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap;"""
#: Names of icon buttons: an icon by itself is read by its own name.
HIDDEN_NAMES = f'[class*="st-key-icon-"] button [data-testid="stMarkdownContainer"] {{ {UNSEEN} }}\n'


def icon_key(key: str) -> str:
    """The key by which the name of an element with an icon is hidden."""
    return f"icon-{key}"


def icon_button(
    icon: str | None,
    name: str,
    key: str,
    action: Callable[..., Any],
    *arguments: object,
    disabled: bool = False,
) -> None:
    """The button; its name is read aloud and shown on hovering, or on it where it has no icon."""
    st.button(
        name,
        icon=icon,
        key=icon_key(key) if icon else key,
        help=name if icon else None,
        type="tertiary",
        on_click=action,
        args=arguments,
        disabled=disabled,
    )
