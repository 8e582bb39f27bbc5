"""The sources under an answer: a button for each citation, its match, and copies of it elsewhere."""

from __future__ import annotations

from pathlib import PurePosixPath

import streamlit as st

from pages.shared.chat.standing_view import draw_standings, standing_mark
from pages.shared.opened import Opened
from pages.shared.passage_panel import open_button
from pages.shared.plain_text import markdown_plain, shortened
from rag.citation_standing import Standings
from rag.collection_names import in_words
from rag.history import Turn
from rag.near_copies import also_in
from rag.passage_places import cited_part, shortly
from rag.types import Citation

PLACE = "chat"
#: Scores from which a match of a quote with the question is called so.
MATCHES = ((0.55, "strong match"), (0.42, "good match"), (0.0, "weak match"))


def source_label(citation: Citation, most: int = 40) -> str:
    """Number, document, part and, where several were asked, collection of a citation, as Markdown."""
    name = markdown_plain(shortened(PurePosixPath(citation.document).name, most))
    part = shortly(markdown_plain(shortened(cited_part(citation), most)))
    within = f" · {part}" if part else ""
    collection = in_words(citation.collection)
    where = f" · in {markdown_plain(shortened(collection, 24))}" if collection else ""
    return f"**{citation.number}** · {name}{within}{where}"


def draw_sources(turn: Turn, collection: str, standings: Standings) -> None:
    """A button for each; nothing when the answer cites none."""
    if not turn.citations:
        return
    marks = [standing_mark(own, standings) for own in turn.citations]
    with st.container(horizontal=True, gap="xsmall"):
        for index, citation in enumerate(turn.citations):
            strength = _strength(citation.score)
            open_button(
                " · ".join(part for part in (source_label(citation), strength, marks[index]) if part),
                PLACE,
                Opened(collection, turn.citations, index),
                key=f"source-{turn.id}-{index}",
                help=markdown_plain(citation.document),
            )
    draw_standings(turn.citations, standings)
    for citation in turn.citations:
        draw_copies(citation, f"{citation.number}: ")


def draw_copies(citation: Citation, before: str = "") -> None:
    """Where else the same is said; nothing when nowhere."""
    if citation.also_in:
        st.caption(markdown_plain(f"{before}{also_in(citation.also_in)}"))


def _strength(score: float | None) -> str:
    return "" if score is None else next(name for least, name in MATCHES if score >= least or least == 0.0)
