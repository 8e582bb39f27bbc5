"""Names and values side by side. Everything is escaped: values may come from files and servers."""

from __future__ import annotations

import html
from collections.abc import Mapping

import streamlit as st

_LIST = (
    "display:grid;grid-template-columns:minmax(7rem,auto) 1fr;gap:.3rem 1.2rem;margin:0;padding:0;"
    "font-size:.95rem;line-height:1.45"
)
_NAME = "opacity:.7"
_VALUE = "margin:0;overflow-wrap:anywhere"


def draw_facts(facts: Mapping[str, str]) -> None:
    """A list of facts; those without a value are left out."""
    rows = "".join(
        f'<dt style="{_NAME}">{html.escape(name)}</dt><dd style="{_VALUE}">{html.escape(value)}</dd>'
        for name, value in facts.items()
        if value
    )
    st.html(f'<dl style="{_LIST}">{rows}</dl>')
