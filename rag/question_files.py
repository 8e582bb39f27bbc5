"""Question sets out of files that people have: JSONL, CSV, or queries and judgements in BEIR form.

It reads bytes that were handed over and looks up nothing: documents stay names.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from rag.beir import read_judgements, read_queries
from rag.errors import QuestionsError
from rag.questions import Question, parse_questions

#: Columns of a CSV file, and other names that they may have.
COLUMNS = {
    "question": ("question", "query", "text"),
    "document": ("document", "file", "source", "doc"),
    "page": ("page",),
    "passage": ("passage", "gold_text", "context"),
    "answer": ("answer", "answers"),
}
#: Digits of a page number.
LONGEST_NUMBER = 9
SUFFIXES = ("jsonl", "ndjson", "csv", "tsv")


def read_question_files(files: Mapping[str, bytes]) -> list[Question]:
    """The questions in the files, by name. A `.tsv` of judgements belongs to the `.jsonl` of its queries.

    In BEIR judgements, corpus ids are names of documents in the collection. Raises QuestionsError with
    the file and line.
    """
    texts = {name: _decoded(name, data) for name, data in files.items()}
    judged = [name for name in texts if _suffix(name) == "tsv"]
    other = [name for name in texts if judged and _suffix(name) not in ("tsv", "jsonl", "ndjson")]
    if other:
        raise QuestionsError(f"{other[0]} does not go with {judged[0]}. Bring it in by itself.")
    if judged:
        return _beir(texts)
    questions: list[Question] = []
    for name, text in texts.items():
        if _suffix(name) == "csv":
            questions += _csv(name, text)
        elif _suffix(name) in SUFFIXES:
            questions += parse_questions(text, name)
        else:
            raise QuestionsError(f"{name}: questions come as .jsonl, .csv, or queries.jsonl with a .tsv.")
    return questions


def _csv(name: str, text: str) -> list[Question]:
    first = re.split("[\r\n]", text, maxsplit=1)[0]
    # What stands within quotation marks parts no columns.
    bare = re.sub('"[^"]*"', "", first)
    delimiter = max(",;\t", key=bare.count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    known = {title.strip().casefold(): title for title in rows.fieldnames or () if title}
    columns = {
        own: next((known[title] for title in titles if title in known), None)
        for own, titles in COLUMNS.items()
    }
    missing = [own for own in ("question", "document") if columns[own] is None]
    if missing:
        raise QuestionsError(
            f"{name}: there is no column named {' or '.join(missing)}. The first line must name the columns: "
            "question, document, and where known page or passage."
        )
    questions = []
    for row in _told(name, rows):
        cell = {own: (row.get(title) or "").strip() if title else "" for own, title in columns.items()}
        if not any(cell.values()):
            continue
        if cell["page"] and not (cell["page"].isdecimal() and len(cell["page"]) <= LONGEST_NUMBER):
            raise QuestionsError(f"{name}, line {rows.line_num}: page {cell['page']!r} is no number.")
        questions.append(
            Question(
                id=str(rows.line_num),
                text=cell["question"],
                documents=(cell["document"],) if cell["document"] else (),
                pages=(int(cell["page"]),) if cell["page"] else (),
                gold_text=cell["passage"],
                answers=(cell["answer"],) if cell["answer"] else (),
            )
        )
    if not any(question.text for question in questions):
        raise QuestionsError(f"{name} holds no questions under its first line.")
    return questions


def _told(name: str, rows: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise QuestionsError(
            f"{name}, line {rows.line_num}: {error}. Save the table anew, as CSV with short cells."
        ) from error


def _beir(texts: Mapping[str, str]) -> list[Question]:
    judged = {name: text for name, text in texts.items() if _suffix(name) == "tsv"}
    queries = read_queries({name: text for name, text in texts.items() if name not in judged})
    if not queries:
        raise QuestionsError(
            f"{next(iter(judged))}: its queries are missing. Choose queries.jsonl together with it."
        )
    grades = read_judgements(judged)
    # Those without judgements or without words come along, to be counted where questions are left out.
    return [
        Question(
            query,
            queries.get(query, ""),
            documents=tuple(grades.get(query, ())),
            grades=tuple(grades.get(query, {}).values()),
        )
        for query in dict.fromkeys((*queries, *grades))
    ]


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lstrip(".").casefold()


def _decoded(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuestionsError(f"{name} is not UTF-8 text. Save it as UTF-8 and choose it again.") from error
