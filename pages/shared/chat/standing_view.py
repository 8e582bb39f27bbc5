"""Marks on the sources of an answer whose documents were replaced or removed since. It only draws."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from pages.shared.plain_text import markdown_plain
from rag.citation_standing import CURRENT, Standings
from rag.errors import AskanceError
from rag.types import Citation


def standing_mark(citation: Citation, standings: Standings) -> str:
    """A word for the button of a source; empty while its document is as it was."""
    try:
        standing = standings.of(citation)
    except AskanceError:
        # Told in full by `draw_standings`.
        return ":orange[cannot be read]"
    return (
        ""
        if standing.state == CURRENT
        else f":{'gray' if standing.still_said else 'orange'}[{standing.state}]"
    )


def draw_standings(citations: Iterable[Citation], standings: Standings) -> None:
    """A line for each thing that happened, with the numbers of the citations that it concerns."""
    told: dict[str, list[int]] = {}
    for citation in citations:
        try:
            sentence = standings.of(citation).sentence
        except AskanceError as error:
            sentence = str(error)
        if sentence:
            told.setdefault(sentence, []).append(citation.number)
    for sentence, numbers in told.items():
        listed = ", ".join(f"[{number}]" for number in numbers)
        st.caption(f":material/history: {markdown_plain(f'{listed} {sentence}')}")
