"""A small button with an icon, told apart by its name. It only draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st


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
        "" if icon else name,
        icon=icon,
        key=key,
        help=name if icon else None,
        type="tertiary",
        on_click=action,
        args=arguments,
        disabled=disabled,
    )
