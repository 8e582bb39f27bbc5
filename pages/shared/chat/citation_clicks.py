"""Catches clicks on citation links and hands them to Python.

A link `#cite-TURN-NUMBER` opens nothing by itself. The component is our own fixed code: nothing from a
document or a model enters it.
"""

from __future__ import annotations

import re

import streamlit as st

_LINK = re.compile(r"#cite-([\w-]{1,64})-(\d{1,9})")
_SCRIPT = """
export default function (component) {
  const { setTriggerValue } = component;
  const caught = (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const link = target && target.closest('a[href^="#cite-"]');
    if (link) {
      event.preventDefault();
      event.stopImmediatePropagation();
      setTriggerValue("clicked", link.getAttribute("href"));
    }
  };
  document.addEventListener("click", caught, true);
  return () => document.removeEventListener("click", caught, true);
}
"""
_component = st.components.v2.component("askance_citation_clicks", js=_SCRIPT)


def citation_address(turn_id: str, number: int) -> str:
    """The address of a citation's link."""
    return f"#cite-{turn_id}-{number}"


def clicked_citation() -> tuple[str, int] | None:
    """The turn and number of the citation just clicked; draws nothing that can be seen."""
    result = _component(key="citation-clicks", height=1, on_clicked_change=lambda: None)
    found = _LINK.fullmatch(str(result.clicked or ""))
    return (found.group(1), int(found.group(2))) if found else None
