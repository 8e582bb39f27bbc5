"""Catches clicks on citation links, and on the chat's stop button, and hands them to Python.

A link `#cite-TURN-NUMBER` opens nothing by itself. The stop button alone would end the run and leave
the page as it was; caught here, it starts the next run, which shows what was kept. The component is
our own fixed code: nothing from a document or a model enters it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import streamlit as st

_LINK = re.compile(r"#cite-([\w-]{1,64})-(\d{1,9})")
_SCRIPT = """
export default function (component) {
  const { setTriggerValue } = component;
  const caught = (event) => {
    const target = event.target instanceof Element ? event.target : null;
    if (!target) return;
    const link = target.closest('a[href^="#cite-"]');
    if (link) {
      event.preventDefault();
      event.stopImmediatePropagation();
      setTriggerValue("clicked", link.getAttribute("href"));
    } else if (target.closest('[data-testid="stChatInputStopButton"]')) {
      event.preventDefault();
      event.stopImmediatePropagation();
      setTriggerValue("stopped", true);
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


@dataclass(frozen=True)
class Caught:
    """What was clicked since the last run: a citation, as its turn and number, or the stop button."""

    citation: tuple[str, int] | None
    stopped: bool


def caught_clicks() -> Caught:
    """Catch clicks; draws nothing that can be seen."""
    result = _component(
        key="citation-clicks", height=1, on_clicked_change=lambda: None, on_stopped_change=lambda: None
    )
    found = _LINK.fullmatch(str(result.clicked or ""))
    citation = (found.group(1), int(found.group(2))) if found else None
    return Caught(citation, bool(result.stopped))
