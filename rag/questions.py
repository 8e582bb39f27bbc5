"""Question sets: reading them, and deciding what a right hit is.

A question's gold is kept as pages, as character spans or as whole documents, so that it survives
re-chunking. Nothing here searches.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
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
    """One question with what is known of its answer; see `load_questions` for the file's form."""

    id: str
    text: str
    answers: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()
    gold_spans: tuple[tuple[int, int], ...] = ()
    gold_text: str = ""
    answerable: bool = True
    scope: str = "corpus"


@dataclass(frozen=True, slots=True)
class Unit:
    """One thing to be found: a page, a character span, or a whole document (page and span None).

    `answers` are the places of answers inside the span. `gain` weighs it in nDCG.
    """

    document_id: str
    page: int | None = None
    span: tuple[int, int] | None = None
    answers: tuple[tuple[int, int], ...] = ()
    gain: float = 1.0

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
        start, end = self.span
        overlap = min(end, chunk.end) - max(start, chunk.start)
        if overlap > 0 and overlap * 2 >= min(end - start, chunk.end - chunk.start):
            return True
        return any(chunk.start <= first and last <= chunk.end for first, last in self.answers)


def load_questions(file: Path, limit: int | None = None) -> list[Question]:
    """Read a question set: a JSON object a line, the first `limit` of them.

    Keys: id, question, answers, document or documents, page or pages, gold_text, gold_spans
    ([{start, end}]), answerable, scope (corpus or document). Raises QuestionsError with the line.
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
    return questions


def gold_units(
    question: Question,
    resolve: Callable[[str], str | None],
    document_text: Callable[[str], str],
) -> list[Unit]:
    """What must be found for a question: pages, else spans, else documents.

    `resolve` gives the id of a document's name, or None when the collection does not hold it;
    `document_text` gives the text of a document's id.
    """
    ids = {name: resolve(name) for name in question.documents}
    # One document may have several names.
    present = list(dict.fromkeys(document_id or f"missing:{name}" for name, document_id in ids.items()))
    if question.pages:
        return [Unit(document_id, page=page) for document_id in present for page in question.pages]
    units: list[Unit] = []
    # Spans are offsets in one document, the first; a text may stand in any of them.
    for document_id in present[:1] if question.gold_spans else present:
        if document_id.startswith("missing:") or not (question.gold_spans or question.gold_text):
            continue
        text = document_text(document_id)
        spans: Sequence[tuple[int, int]] = question.gold_spans or _place_of(question.gold_text, text)
        for start, end in spans:
            if not 0 <= start < end or (text and end > len(text)):
                raise QuestionsError(
                    f"Question {question.id}: the span from {start} to {end} lies outside the text of its "
                    f"document, which has {len(text)} characters. Correct the question set."
                )
            inside = tuple(
                (start + first, start + last)
                for answer in question.answers
                for first, last in located(answer, text[start:end])
            )
            units.append(Unit(document_id, span=(start, end), answers=inside))
    return units or [Unit(document_id) for document_id in present]


def located(wanted: str, text: str, *, any_case: bool = False) -> list[tuple[int, int]]:
    """Where `wanted` stands in `text`, any white space matching any other; in any case where that is said."""
    words = wanted.split()
    if not words:
        return []
    pattern = r"\s+".join(re.escape(word) for word in words)
    return [match.span() for match in re.finditer(pattern, text, re.IGNORECASE if any_case else 0)]


def _place_of(passage: str, text: str) -> list[tuple[int, int]]:
    """The place of a passage, to the letter or else in any case and with any quotation marks and dashes."""
    exact = _whole(located(passage, text), text)
    plain = text.translate(_PLAIN)
    return (exact or _whole(located(passage.translate(_PLAIN), plain, any_case=True), text))[:1]


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


def _question(row: dict[str, Any], number: int) -> Question:
    documents = row.get("documents") or ([row["document"]] if row.get("document") else [])
    if isinstance(documents, str):
        documents = [documents]
    pages = row.get("pages") or ([row["page"]] if row.get("page") is not None else [])
    text = row["question"]
    if not isinstance(text, str) or not text.strip():
        raise TypeError("question must be text")
    if not isinstance(row.get("answerable", True), bool):
        raise TypeError("answerable must be true or false")
    return Question(
        id=str(row.get("id", number)),
        text=text,
        answers=tuple(str(answer) for answer in row.get("answers") or ()),
        documents=tuple(str(name) for name in documents),
        pages=tuple(int(page) for page in pages),
        gold_spans=tuple((int(span["start"]), int(span["end"])) for span in row.get("gold_spans") or ()),
        gold_text=row.get("gold_text") or "",
        answerable=bool(row.get("answerable", True)),
        scope=row.get("scope") or "corpus",
    )


@dataclass(frozen=True, slots=True)
class BeirSet:
    """A folder in BEIR form: documents (id, title, text), queries (id, text), and judgements."""

    documents: tuple[tuple[str, str, str], ...]
    queries: tuple[tuple[str, str], ...]
    judgements: dict[str, dict[str, float]]


def load_beir(folder: Path) -> BeirSet:
    """Read corpus.jsonl, queries.jsonl and qrels/*.tsv (Thakur et al. 2021).

    Queries without a positive judgement are left out. Raises QuestionsError naming the file.
    """
    documents = tuple(
        (str(row["_id"]), str(row.get("title") or ""), str(row.get("text") or ""))
        for row in _rows(folder / "corpus.jsonl", "_id")
    )
    judgements: dict[str, dict[str, float]] = {}
    files = sorted((folder / "qrels").glob("*.tsv"))
    chosen = [file for file in files if file.stem == "test"] or files
    if not chosen:
        raise QuestionsError(f"{folder / 'qrels'} holds no .tsv file of judgements.")
    for file in chosen:
        for number, line in enumerate(lines_of(_read(file)), start=1):
            parts = line.split("\t")
            if not line.strip() or (number == 1 and parts[:1] == ["query-id"]):
                continue
            query_id, document_id, grade = beir_judgement(parts, f"{file}, line {number}")
            if grade > 0:
                judgements.setdefault(query_id, {})[document_id] = grade
    queries = tuple(
        (str(row["_id"]), str(row.get("text") or ""))
        for row in _rows(folder / "queries.jsonl", "_id")
        if str(row["_id"]) in judgements
    )
    return BeirSet(documents, queries, judgements)


def beir_judgement(parts: Sequence[str], where: str) -> tuple[str, str, float]:
    """Query, document and grade of a line of judgements; raises QuestionsError, which begins with `where`."""
    expected = f"{where}: expected query-id, corpus-id, score."
    try:
        judged = parts[0], parts[1], float(parts[2])
    except (IndexError, ValueError) as error:
        raise QuestionsError(expected) from error
    if not math.isfinite(judged[2]):
        raise QuestionsError(expected)
    return judged


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsError(f"{file} cannot be read: {error}. A BEIR folder needs it, as UTF-8.") from error


def _rows(file: Path, key: str) -> Iterable[dict[str, Any]]:
    rows = []
    for number, line in enumerate(lines_of(_read(file)), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            row[key]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise QuestionsError(f"{file}, line {number}: expected a JSON object with {key}.") from error
        rows.append(row)
    return rows
