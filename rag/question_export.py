"""A question set as lines that an import reads back, grades and all, into this collection or another.

A line is one judged place: the question, the document by name, and the words of the place. What is judged of
one question comes together again when it is imported. Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rag.question_sets import JudgedQuestion, Judgement


def as_lines(
    questions: Sequence[JudgedQuestion], document_text: Callable[[str], str]
) -> list[dict[str, Any]]:
    """The objects to be written, one a line; a question without a judgement is one that only asks."""
    lines: list[dict[str, Any]] = []
    for question in questions:
        lines += [
            {"question": question.text, **_place(own, document_text(own.document_id))}
            for own in question.judgements
        ] or [{"question": question.text}]
    return lines


def _place(own: Judgement, text: str) -> dict[str, Any]:
    line: dict[str, Any] = {"document": own.document, "grade": own.grade}
    if own.start is None or own.end is None:
        return line | ({"page": own.page} if own.page is not None else {})
    # What stands there now may be something else; then its first words are all that is known of the place.
    words = text[own.start : own.end]
    is_there = words[: len(own.quote)].split() == own.quote.split()
    answers = [text[start:end] for start, end in own.answers] if is_there else []
    passage = words if is_there and words else own.quote
    return line | {"passage": passage} | ({"answers": list(dict.fromkeys(answers))} if answers else {})
