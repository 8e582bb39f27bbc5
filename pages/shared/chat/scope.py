"""Which documents the next question is asked of: a filter above the question box. It asks nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import streamlit as st

from pages.shared import session
from pages.shared.plain_text import markdown_plain, shortened

#: Names shown beside the button; the others are counted.
NAMED = 2


def draw_scope(collection: str) -> tuple[str, ...]:
    """The filter; returns the names of the documents chosen, none for all of them."""
    names = [record.name for record in session.ready_documents(collection)]
    if not names:
        return ()
    with st.popover(_summary(session.chosen_documents()), icon=":material/filter_list:", type="tertiary"):
        chosen = st.multiselect(
            "Search only these documents",
            names,
            key=session.scope_widget(names),
            on_change=session.keep_scope,
            format_func=lambda name: shortened(name, 60),
            placeholder="All documents",
            width=420,
        )
    return tuple(chosen)


def _summary(chosen: Sequence[str]) -> str:
    if not chosen:
        return "All documents"
    shown = ", ".join(markdown_plain(shortened(PurePosixPath(name).name, 28)) for name in chosen[:NAMED])
    more = f" and {len(chosen) - NAMED:,} more" if len(chosen) > NAMED else ""
    return f"Only {shown}{more}"
