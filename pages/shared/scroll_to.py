"""Brings a part of the page into view, once for each target; then it moves nothing."""

from __future__ import annotations

import streamlit as st

_SCRIPT = """
const shown = { target: "" };
export default function (component) {
  const target = component.data.target;
  if (shown.target === target) return;
  shown.target = target;
  const scroll = (tries) => {
    const found = document.querySelector(`.st-key-${CSS.escape(target)}`);
    if (found) found.scrollIntoView({ block: "start", behavior: "instant" });
    else if (tries > 0) setTimeout(() => scroll(tries - 1), 50);
  };
  scroll(20);
}
"""
_component = st.components.v2.component("askance_scroll_to", js=_SCRIPT)


def scroll_to(key: str) -> None:
    """Scroll to the container of this key, unless it was the last one scrolled to."""
    _component(key="scroll-to", data={"target": key}, height=1)
