"""The rerankers as people choose among them: label, sentence, and why one cannot be used yet."""

from __future__ import annotations

import streamlit as st

from pages.shared.plain_text import markdown_plain
from rag.rerankers import OFFERED, problem_with
from rag.settings import Settings

SENTENCES = {offer.name: offer.sentence for offer in OFFERED}
LABELS = {offer.name: offer.label for offer in OFFERED}


def labels_with_state(settings: Settings) -> dict[str, str]:
    """A label for each reranker, marked where it cannot be used under these settings."""
    return {
        name: f"{label} – not ready" if problem_with(name, settings) else label
        for name, label in LABELS.items()
    }


def draw_sentence(name: str, settings: Settings, *, with_problem: bool = True) -> None:
    """What the reranker does, and below it why it cannot be used."""
    st.caption(SENTENCES.get(name, "No reranker of this name is known."))
    problem = problem_with(name, settings) if with_problem else ""
    if problem:
        st.warning(
            f"{markdown_plain(problem)} Until then, late interaction takes its place.",
            icon=":material/info:",
        )
