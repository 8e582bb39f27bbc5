"""Questions in a table: which columns it has, whatever they are called, and what a row says.

Names are known in any case, with any marks between their words, and with words beside them that say no more
("Document name", "file, or source"). Nothing is looked up; documents stay names.
"""

from __future__ import annotations

import csv
import io
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from rag.errors import QuestionsError
from rag.questions import Question, on_one_scale

#: Names that a column may have, the best first.
COLUMNS = {
    "question": ("question", "query", "questions", "queries", "text"),
    "document": ("document", "file", "filename", "source", "doc", "documents", "files", "docs"),
    "page": ("page", "pages"),
    "passage": ("passage", "gold text", "context", "passages", "quote"),
    "answer": ("answer", "answers"),
    "grade": ("grade", "relevance", "gain"),
}
#: Words that may stand beside a name of a column.
_BESIDE = {
    "question": {"text"},
    "document": {"name", "path"},
    "page": {"number", "no", "nr"},
    "passage": {"text"},
    "answer": {"text"},
    "grade": set[str](),
}
#: Words that may stand beside the names of any.
_JOINING = {
    "or",
    "and",
    "the",
    "of",
    "a",
    "its",
    "if",
    "where",
    "known",
    "gold",
    "expected",
    "correct",
    "right",
}
_WORDS = re.compile(r"[^\W_]+")
#: A page, also as programs write whole numbers of a column with gaps.
_PAGE = re.compile(r"(\d{1,9})(?:\.0+)?")


def is_question_table(text: str) -> bool:
    """Whether the first line names columns of questions and their documents."""
    try:
        return {"question", "document"} <= columns_of(_rows(text)[0].fieldnames or ()).keys()
    except csv.Error:
        return False


def read_question_table(name: str, text: str) -> list[Question]:
    """The questions of a table, a row each; raises QuestionsError with the line."""
    rows, above = _rows(text)
    try:
        return _questions(name, rows, above)
    except csv.Error as error:
        raise QuestionsError(
            f"{name}, line {rows.line_num + above}: {error}. Save the table anew, as CSV with short cells."
        ) from error


def _questions(name: str, rows: csv.DictReader[str], above: int) -> list[Question]:
    titles = [title for title in rows.fieldnames or () if title and title.strip()]
    columns = columns_of(titles)
    missing = [own for own in ("question", "document") if own not in columns]
    if missing:
        there = f" It names {', '.join(map(repr, titles))}." if titles else ""
        raise QuestionsError(
            f"{name}: there is no column named {' or '.join(missing)}. The first line must name the columns: "
            f"question, document, and where known page, passage, answer or grade.{there}"
        )
    questions = []
    for row in rows:
        line = rows.line_num + above
        # DictReader keeps what is beyond the columns in a list of its own.
        beyond: Any = row.pop(None, ())
        if any(cell.strip() for cell in beyond):
            raise QuestionsError(
                f"{name}, line {line}: there are more cells than columns. A text that holds what parts cells "
                "(a comma, say) must stand in quotation marks."
            )
        cell = {own: (row[title] or "").strip() for own, title in columns.items()}
        if any(cell.values()):
            questions.append(_question(cell, str(line), f"{name}, line {line}"))
    if not any(question.text for question in questions):
        raise QuestionsError(f"{name} holds no questions under its first line.")
    return on_one_scale(questions)


def columns_of(titles: Sequence[str]) -> dict[str, str]:
    """The titles of the columns that are known, by what they are."""
    words = {title: _WORDS.findall(unicodedata.normalize("NFKC", title).casefold()) for title in titles}
    found = {}
    for own, names in COLUMNS.items():
        exactly = [
            title for name in names for title, said in words.items() if "".join(said) == name.replace(" ", "")
        ]
        loosely = [title for title, said in words.items() if _is_about(own, said)]
        if exactly or loosely:
            found[own] = (exactly or loosely)[0]
    return found


def _is_about(own: str, words: Sequence[str]) -> bool:
    # A name that may stand beside others says nothing by itself.
    names = set(COLUMNS[own]) - _BESIDE[own]
    return any(word in names for word in words) and set(words) <= names | _BESIDE[own] | _JOINING


def _rows(text: str) -> tuple[csv.DictReader[str], int]:
    """The rows, and how many lines stand above them."""
    # Excel writes a line that says what parts the cells.
    told = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    if told:
        rest = io.StringIO(text[told.end() :], newline="")
        return csv.DictReader(rest, delimiter=told[1]), 1
    # What stands within quotation marks parts no columns.
    bare = re.sub('"[^"]*"', "", re.split("[\r\n]", text, maxsplit=1)[0])
    return csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=bare.count)), 0


def _question(cell: Mapping[str, str], identifier: str, where: str) -> Question:
    pages = [_PAGE.fullmatch(page) for page in re.split(r"[\s,;]+", cell.get("page", "")) if page]
    if not all(pages):
        raise QuestionsError(f"{where}: page {cell['page']!r} is no number.")
    document, answer, grade = (cell.get(own, "") for own in ("document", "answer", "grade"))
    return Question(
        id=identifier,
        text=cell["question"],
        documents=(document,) if document else (),
        grades=(_grade(grade, where),) if grade and document else (),
        pages=tuple(int(page[1]) for page in pages if page),
        gold_text=cell.get("passage", ""),
        answers=(answer,) if answer else (),
    )


def _grade(cell: str, where: str) -> float:
    try:
        grade = float(cell.replace(",", "."))
    except ValueError:
        grade = math.nan
    if not math.isfinite(grade):
        raise QuestionsError(f"{where}: grade {cell!r} is no number.")
    return grade
