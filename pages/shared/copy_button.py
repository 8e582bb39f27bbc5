"""A button that copies a text to the clipboard. The text is data to it, never markup."""

from __future__ import annotations

from typing import Literal

import streamlit as st

_MARKUP = '<button type="button"><span></span></button>'
_STYLE = """
button {
  font: inherit; font-size: 0.875rem; line-height: 1.4; padding: 0.25rem 0.6rem; cursor: pointer;
  width: 100%; min-height: 2.5rem;
  color: var(--st-text-color); background: transparent; white-space: nowrap;
  border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, 0.5rem);
}
button:hover, button:focus-visible { border-color: var(--st-primary-color); color: var(--st-primary-color); }
"""
_SCRIPT = """
export default function (component) {
  const { data, parentElement } = component;
  const button = parentElement.querySelector("button");
  const label = parentElement.querySelector("span");
  const copied = async (text) => {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }
    const area = document.createElement("textarea");
    area.value = text;
    document.body.appendChild(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };
  label.textContent = data.label;
  button.onclick = async () => {
    try {
      await copied(data.text);
      label.textContent = "Copied";
    } catch {
      label.textContent = "Copying is not allowed here";
    }
    setTimeout(() => { label.textContent = data.label; }, 1500);
  };
}
"""
_component = st.components.v2.component("askance_copy", html=_MARKUP, css=_STYLE, js=_SCRIPT)


def draw_copy_button(
    text: str, *, key: str, label: str = "Copy", width: Literal["content", "stretch"] = "content"
) -> None:
    """A button that copies `text`."""
    # Streamlit refuses two underscores in a row, which the random ids of turns sometimes have.
    _component(key=f"copy-{key.replace('_', '.')}", data={"text": text, "label": label}, width=width)
