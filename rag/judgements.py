"""What people thought of answers, with the places in documents that they judged. Plain data.

A thumb up says that the places quoted answer the question, one down that they do not, unless its
reason says that the wording was at fault. Question sets are made of them in rag/rated_questions.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rag.types import Citation

#: Reasons by the thumb, as kept, with the words shown for them.
REASONS = {
    1: {"right": "Right", "well-cited": "Well cited", "clear": "Clear"},
    0: {
        "wrong-passages": "Wrong passages",
        "wrong": "Not what they say",
        "incomplete": "Incomplete",
        "wording": "Badly worded",
    },
}
#: Characters kept of a quote: enough to find it again in a later version of its document.
QUOTE = 300
#: Reasons that say nothing against the passages.
ABOUT_THE_TEXT = frozenset({"wrong", "wording"})


@dataclass(frozen=True, slots=True)
class JudgedPlace:
    """`document_text[start:end]` of a document; `relevant` is None where the judgement does not tell.

    `quote` is how the place begins, empty for judgements of before it was kept.
    """

    document: str
    document_id: str
    page: int | None
    start: int
    end: int
    relevant: bool | None
    quote: str = ""


@dataclass(frozen=True, slots=True)
class AnswerJudgement:
    """A person's judgement of one answer. `question` is what was searched for."""

    turn_id: str
    collection: str
    question: str
    rating: int
    reason: str
    note: str
    places: tuple[JudgedPlace, ...]


def as_kept(rating: int, reason: str, note: str, citations: Iterable[Citation]) -> dict[str, Any]:
    """A judgement in the form kept with a turn. `rating` is 1 for up, 0 for down."""
    relevant = None if rating == 0 and reason in ABOUT_THE_TEXT else rating == 1
    return {
        "reason": reason,
        "note": note,
        "places": [
            {
                "document": own.document,
                "document_id": own.document_id,
                "page": own.page,
                "start": own.start,
                "end": own.end,
                "relevant": relevant,
                "quote": own.quote[:QUOTE],
            }
            for own in citations
        ],
    }


def from_kept(
    turn_id: str, collection: str, question: str, rating: int, kept: Mapping[str, Any]
) -> AnswerJudgement:
    """Read back what `as_kept` made; a thumb without a word has no places."""
    return AnswerJudgement(
        turn_id=turn_id,
        collection=collection,
        question=question,
        rating=rating,
        reason=str(kept.get("reason", "")),
        note=str(kept.get("note", "")),
        places=tuple(JudgedPlace(**own) for own in kept.get("places", ())),
    )
