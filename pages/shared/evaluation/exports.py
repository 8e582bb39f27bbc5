"""What was measured, to be taken along: a CSV with a line for each question and setting, and all as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.shared.scope.words import in_words
from rag.evaluation_runs import Evaluation
from rag.verdict import Figures, as_csv, verdict


def draw_exports(
    found: Evaluation,
    names: Sequence[str],
    rows: Sequence[Sequence[dict[str, Any]]],
    figures: Sequence[Figures],
) -> None:
    """The two buttons."""
    asked_of = ", ".join(filter(None, [found.collection, in_words(found.scope)]))
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Download CSV",
            as_csv(names, rows, asked_of),
            "evaluation.csv",
            "text/csv",
            key="evaluation-csv",
            icon=":material/download:",
        )
        st.download_button(
            "Download JSON",
            json.dumps(whole(found, rows, figures), indent=1),
            "evaluation.json",
            "application/json",
            key="evaluation-json",
            icon=":material/download:",
        )


def whole(
    found: Evaluation, rows: Sequence[Sequence[dict[str, Any]]], figures: Sequence[Figures]
) -> dict[str, Any]:
    """All that is known of an evaluation, as JSON has it."""
    return {
        "collection": found.collection,
        "question_set": found.set_name,
        "question_set_of": found.set_collection,
        "asked_of": found.scope.as_dict(),
        "left_out": found.left_out,
        "lost": found.lost,
        "made": found.created_at.isoformat(),
        "state": found.state,
        "verdict": verdict(figures, rows),
        "variants": [
            {**own.as_dict(), "settings": changes, "rows": list(lines)}
            for own, (_, changes), lines in zip(figures, found.variants, rows, strict=True)
        ],
        "questions": [own.as_dict() for own in found.questions],
    }
