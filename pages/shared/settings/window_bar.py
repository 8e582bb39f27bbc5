"""A bar of how a model's window is shared out between passages, earlier turns and the answer.

Only our own markup and numbers come out.
"""

from __future__ import annotations

import streamlit as st

from rag.agreement import left_of_window
from rag.settings import AnswerSettings

_PARTS = (("Passages", "#2a9d87"), ("Earlier turns", "#5b8def"), ("Answer", "#d99a2b"))
_FREE = ("Instructions, question, spare", "rgba(128,140,138,.35)")
_BAR = "display:flex;height:.7rem;border-radius:.35rem;overflow:hidden;margin:.2rem 0 .5rem 0"
_LEGEND = "display:flex;flex-wrap:wrap;gap:.15rem 1rem;font-size:.85rem;opacity:.85"
_DOT = "display:inline-block;width:.6rem;height:.6rem;border-radius:50%;margin-right:.4rem"


def draw_window(answer: AnswerSettings) -> None:
    """The bar and its legend."""
    left = left_of_window(answer)
    sizes = (answer.context_tokens, answer.history_tokens, answer.reserve_tokens)
    parts = [(name, colour, size) for (name, colour), size in zip(_PARTS, sizes, strict=True)]
    parts.append((*_FREE, max(left, 0)))
    whole = sum(size for _, _, size in parts) or 1
    bar = "".join(
        f'<div style="width:{100 * size / whole:.2f}%;background:{colour}"></div>'
        for _, colour, size in parts
    )
    legend = "".join(
        f'<span><span style="{_DOT};background:{colour}"></span>{name} {size:,}</span>'
        for name, colour, size in parts
    )
    st.html(f'<div style="{_BAR}" aria-hidden="true">{bar}</div><div style="{_LEGEND}">{legend}</div>')
