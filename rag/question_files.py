"""Question sets out of files that people have: JSONL, CSV, or queries and judgements in BEIR form.

It reads bytes that were handed over and looks up nothing: documents stay names.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from pathlib import PurePath

from rag.beir import read_judgements, read_queries
from rag.errors import QuestionsError
from rag.question_columns import is_question_table, read_question_table
from rag.questions import Question, parse_questions

LINES = ("jsonl", "ndjson")
SUFFIXES = (*LINES, "csv", "tsv")


def read_question_files(files: Mapping[str, bytes]) -> list[Question]:
    """The questions in the files, by name. A `.tsv` of judgements belongs to the `.jsonl` of its queries;
    one whose first line names a question and its document is a table like any other.

    In BEIR judgements, corpus ids are names of documents in the collection. Raises QuestionsError with
    the file and line.
    """
    texts = {name: _decoded(name, data) for name, data in files.items()}
    lines = [name for name in texts if _suffix(name) in LINES]
    tables = [
        name
        for name, text in texts.items()
        if _suffix(name) == "csv" or (_suffix(name) == "tsv" and not lines and is_question_table(text))
    ]
    judged = [name for name in texts if _suffix(name) == "tsv" and name not in tables]
    other = [name for name in texts if judged and name not in (*judged, *lines)]
    if other:
        raise QuestionsError(f"{other[0]} does not go with {judged[0]}. Bring it in by itself.")
    if judged:
        return _beir(texts)
    questions: list[Question] = []
    for name, text in texts.items():
        if name in tables:
            questions += read_question_table(name, text)
        elif name in lines:
            if _are_queries(text):
                raise QuestionsError(
                    f"{name}: queries in BEIR form need their judgements. Choose the .tsv together with them."
                )
            questions += parse_questions(text, name)
        else:
            raise QuestionsError(f"{name}: questions come as .jsonl, .csv, or queries.jsonl with a .tsv.")
    return questions


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


def _are_queries(text: str) -> bool:
    first = text.lstrip().partition("\n")[0]
    return '"_id"' in first and '"question"' not in first


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lstrip(".").casefold()


def _decoded(name: str, data: bytes) -> str:
    utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise QuestionsError(f"{name} is not UTF-8 text. Save it as UTF-8 and choose it again.") from error
    if "\0" in text:
        raise QuestionsError(f"{name} is not UTF-8 text. Save it as UTF-8 and choose it again.")
    return text
