"""Question sets: reading them, and deciding what a right hit is.

A question's gold is kept as pages, as character spans or as whole documents, so that it survives
re-chunking. Nothing here searches.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import Any

from rag.errors import QuestionsError
from rag.identifiers import SIGN
from rag.types import Chunk

#: Two signs of one word; scripts without blanks have none between their words.
_WITHIN = re.compile(f"[{SIGN}]{{2}}")
#: Marks that programs change on the way, each for one character, so that places stay.
_PLAIN = {
    ord(mark): plain for plain, marks in (("'", "‘’‚‛"), ('"', "“”„‟"), ("-", "–—‑−")) for mark in marks
}


@dataclass(frozen=True, slots=True)
class Question:
    """One question with what is known of its answer; see `load_questions` for the file's form.

    `grades` says for each of `documents` how well it answers, 0 (not at all) to 1; empty, all do.
    """

    id: str
    text: str
    answers: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    grades: tuple[float, ...] = ()
    pages: tuple[int, ...] = ()
    gold_spans: tuple[tuple[int, int], ...] = ()
    gold_text: str = ""
    answerable: bool = True
    scope: str = "corpus"


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing to be found: a page, a character span, or a whole document (page and span None).

    `answers` are the places of answers inside the span. `gain` weighs it in nDCG. `elsewhere` are other spans
    of the document that say the same: any of them will do, and finding several is finding it once.
    """

    document_id: str
    page: int | None = None
    span: tuple[int, int] | None = None
    answers: tuple[tuple[int, int], ...] = ()
    gain: float = 1.0
    elsewhere: tuple[tuple[int, int], ...] = ()

    def found_by(self, chunk: Chunk) -> bool:
        """Whether a passage counts as having found this unit.

        A passage finds a span when it covers at least half of the shorter of the two, or one of
        the answers inside the span.
        """
        if chunk.document_id != self.document_id:
            return False
        if self.page is not None:
            return chunk.page == self.page
        if self.span is None:
            return True
        for start, end in (self.span, *self.elsewhere):
            overlap = min(end, chunk.end) - max(start, chunk.start)
            if overlap > 0 and overlap * 2 >= min(end - start, chunk.end - chunk.start):
                return True
        return any(chunk.start <= first and last <= chunk.end for first, last in self.answers)


def load_questions(file: Path, limit: int | None = None) -> list[Question]:
    """Read a question set: a JSON object a line, the first `limit` of them.

    Keys: id, question, answer or answers, document or documents, page or pages, passage (or gold_text),
    gold_spans ([{start, end}]), grade or grades (a number for each document; see `scaled`), answerable, scope
    (corpus or document). Raises QuestionsError with the line.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsError(f"The question set {file} cannot be read: {error}. Check the path.") from error
    return parse_questions(text, str(file), limit)


def parse_questions(text: str, file: str, limit: int | None = None) -> list[Question]:
    """The same, of text that is read already; `file` is its name for messages."""
    lines = lines_of(text)
    questions: list[Question] = []
    for number, line in enumerate(lines, start=1):
        if limit is not None and len(questions) >= limit:
            break
        if not line.strip():
            continue
        try:
            questions.append(_question(json.loads(line), number))
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            raise QuestionsError(
                f"{file}, line {number}: not a question ({type(error).__name__}: {error}). "
                'Each line must be a JSON object with at least "question".'
            ) from error
    if not questions:
        raise QuestionsError(f"{file} holds no questions. Each line must be a JSON object.")
    return on_one_scale(questions)


def on_one_scale(questions: Sequence[Question]) -> list[Question]:
    """The questions of a file with their grades `scaled` together."""
    grades = iter(scaled([grade for question in questions for grade in question.grades]))
    return [replace(own, grades=tuple(next(grades) for _ in own.grades)) for own in questions]


def scaled(grades: Sequence[float]) -> list[float]:
    """Grades of one set, from 0 to 1.

    Those that go no higher than 1 stay as they are. On a longer scale (1 to 4, say) the largest is 1 and the
    others are in proportion, so nDCG, which knows proportions only, is that of the grades in the file.
    One below 0 says no more than 0.
    """
    most = max(1.0, *grades) if grades else 1.0
    return [max(grade, 0.0) / most for grade in grades]


def gold_units(
    question: Question,
    resolve: Callable[[str], str | None],
    document_text: Callable[[str], str],
    has_page: Callable[[str, int], bool] = lambda document_id, page: True,
) -> list[Unit]:
    """What must be found for a question: of `judged_units`, those that answer it."""
    return [unit for unit in judged_units(question, resolve, document_text, has_page) if unit.gain > 0]


def judged_units(
    question: Question,
    resolve: Callable[[str], str | None],
    document_text: Callable[[str], str],
    has_page: Callable[[str, int], bool] = lambda document_id, page: True,
) -> list[Unit]:
    """What a question speaks of, with the grade of each as its gain: pages, else spans, else documents.

    `resolve` gives the id of a document's name, or None when the collection does not hold it;
    `document_text` gives the text of a document's id. A page that a document lacks says nothing of it.
    """
    grades: dict[str, float] = {}
    # One document may have several names; its best grade counts.
    for name, grade in zip(question.documents, question.grades or repeat(1.0), strict=False):
        document_id = resolve(name) or f"missing:{name}"
        grades[document_id] = max(grade, grades.get(document_id, 0.0))
    present = list(grades)
    units = [
        Unit(document_id, page=page, gain=grade)
        for document_id, grade in grades.items()
        for page in question.pages
        if document_id.startswith("missing:") or has_page(document_id, page)
    ]
    if units:
        return units
    # Spans are offsets in one document, the first; a text may stand in any of them.
    for document_id in present[:1] if question.gold_spans else present:
        if document_id.startswith("missing:") or not (question.gold_spans or question.gold_text):
            continue
        text = document_text(document_id)
        places = _places_of(question.gold_text, text) if not question.gold_spans else []
        # A text that stands in several places is one thing to be found, in any of them.
        for spans in [[span] for span in question.gold_spans] or ([places] if places else []):
            inside = [found for span in spans for found in _answers_in(question, span, text)]
            units.append(
                Unit(
                    document_id,
                    span=spans[0],
                    answers=tuple(inside),
                    gain=grades[document_id],
                    elsewhere=tuple(spans[1:]),
                )
            )
    return units or [Unit(document_id, gain=grade) for document_id, grade in grades.items()]


def _answers_in(question: Question, span: tuple[int, int], text: str) -> list[tuple[int, int]]:
    start, end = span
    if not 0 <= start < end or (text and end > len(text)):
        raise QuestionsError(
            f"Question {question.id}: the span from {start} to {end} lies outside the text of its "
            f"document, which has {len(text)} characters. Correct the question set."
        )
    return [
        (start + first, start + last)
        for answer in question.answers
        for first, last in located(answer, text[start:end])
    ]


def located(wanted: str, text: str, *, any_case: bool = False) -> list[tuple[int, int]]:
    """Where `wanted` stands in `text`, any white space matching any other; in any case where that is said."""
    words = wanted.split()
    if not words:
        return []
    pattern = r"\s+".join(re.escape(word) for word in words)
    return [match.span() for match in re.finditer(pattern, text, re.IGNORECASE if any_case else 0)]


def _places_of(passage: str, text: str) -> list[tuple[int, int]]:
    """The places of a passage, to the letter or else in any case and with any quotation marks and dashes."""
    exact = _whole(located(passage, text), text)
    plain = text.translate(_PLAIN)
    return exact or _whole(located(passage.translate(_PLAIN), plain, any_case=True), text)


def _whole(places: list[tuple[int, int]], text: str) -> list[tuple[int, int]]:
    """The places that begin and end with whole words and numbers."""
    return [
        (start, end)
        for start, end in places
        if not (
            _WITHIN.fullmatch(text[max(start - 1, 0) : start + 1])
            or _WITHIN.fullmatch(text[end - 1 : end + 1])
        )
    ]


def lines_of(text: str) -> list[str]:
    """Lines as JSON Lines and tables have them: a text within may hold what Python takes for line ends."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def storable(text: str) -> str:
    """Text as files and databases can hold it: JSON can escape halves of characters, which are none."""
    return text.encode("utf-8", "replace").decode()


def _question(row: Any, number: int) -> Question:
    if not isinstance(row, dict):
        raise TypeError("no JSON object")
    documents = _several(row.get("documents") or row.get("document"))
    pages = _several(row.get("pages") or row.get("page"))
    passage = row.get("gold_text") or row.get("passage") or ""
    if not isinstance(passage, str):
        raise TypeError("passage must be text")
    text = row["question"]
    if not isinstance(text, str) or not text.strip():
        raise TypeError("question must be text")
    if not isinstance(row.get("answerable", True), bool):
        raise TypeError("answerable must be true or false")
    grades = row.get("grades") or ([row["grade"]] * len(documents) if row.get("grade") is not None else [])
    if len(grades) not in (0, len(documents)):
        raise ValueError(f"{len(grades)} grades for {len(documents)} documents")
    return Question(
        id=str(row.get("id", number)),
        text=storable(text),
        answers=tuple(storable(str(answer)) for answer in _several(row.get("answers") or row.get("answer"))),
        documents=tuple(storable(str(name)) for name in documents),
        grades=tuple(map(_grade, grades)),
        pages=tuple(int(page) for page in pages),
        gold_spans=tuple((int(span["start"]), int(span["end"])) for span in row.get("gold_spans") or ()),
        gold_text=storable(passage).strip(),
        answerable=bool(row.get("answerable", True)),
        scope=row.get("scope") or "corpus",
    )


def _several(value: Any) -> Sequence[Any]:
    """A list as it is, and one thing as a list of it."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def _grade(value: Any) -> float:
    grade = float(value)
    if isinstance(value, bool) or not math.isfinite(grade):
        raise TypeError("a grade must be a number")
    return grade
