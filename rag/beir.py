"""Question sets in BEIR form (Thakur et al. 2021): queries, judgements, and documents where they come along.

The one rule by which the page, `questions import` and `evaluate --beir` read them. Grades come onto the
scale of `Question.grades`; the figures are those of the grades as they are, for nDCG knows proportions only.
Nothing here looks a document up.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from rag.errors import QuestionsError
from rag.questions import lines_of, scaled, storable

#: Cells of a line of judgements, and of one as TREC has them, with a column of no meaning after the first.
CELLS, TREC_CELLS = 3, 4


@dataclass(frozen=True, slots=True)
class BeirSet:
    """A folder in BEIR form: documents (id, title, text), queries (id, text), and judgements.

    `judgements` gives the grade of each document that answers a query, above 0 and at most 1.
    """

    documents: tuple[tuple[str, str, str], ...]
    queries: tuple[tuple[str, str], ...]
    judgements: dict[str, dict[str, float]]


def load_beir(folder: Path) -> BeirSet:
    """Read corpus.jsonl, queries.jsonl, and qrels/test.tsv or else all of qrels/*.tsv.

    Queries without a positive judgement are left out. Raises QuestionsError naming the file.
    """
    corpus = folder / "corpus.jsonl"
    documents = tuple(
        (str(row["_id"]), str(row.get("title") or ""), str(row.get("text") or ""))
        for row in _rows(str(corpus), _read(corpus), "_id")
    )
    files = sorted((folder / "qrels").glob("*.tsv"))
    chosen = [file for file in files if file.stem == "test"] or files
    if not chosen:
        raise QuestionsError(
            f"{folder / 'qrels'} holds no .tsv file of judgements. A BEIR folder needs one there."
        )
    judged = read_judgements({str(file): _read(file) for file in chosen})
    right = {
        query: {name: grade for name, grade in grades.items() if grade > 0}
        for query, grades in judged.items()
    }
    queries = folder / "queries.jsonl"
    asked = read_queries({str(queries): _read(queries)})
    return BeirSet(
        documents,
        tuple((query, text) for query, text in asked.items() if right.get(query)),
        {query: grades for query, grades in right.items() if grades},
    )


def read_queries(texts: Mapping[str, str]) -> dict[str, str]:
    """The text of each query by its id, out of the texts of files by name.

    A file `corpus.jsonl` among several is that of the documents, and is passed over. Raises QuestionsError
    with file and line.
    """
    named = {name: text for name, text in texts.items() if PurePath(name).stem.casefold() != "corpus"}
    queries: dict[str, str] = {}
    for name, text in (named or texts).items():
        for row in _rows(name, text, "_id", "text"):
            identifier = str(row["_id"])
            if identifier in queries:
                raise QuestionsError(
                    f"{name}: {identifier!r} is there twice. Choose the file of the queries alone, without "
                    "that of the documents."
                )
            queries[identifier] = storable(str(row["text"] or ""))
    return queries


def read_judgements(texts: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """The grade of each document for each query, 0 to 1, out of the texts of .tsv files by name.

    The largest grade of all the files is 1; one below 0 says no more than 0. Of two for one document the
    later counts. Raises QuestionsError with file and line.
    """
    judged = [
        judgement
        for name, text in texts.items()
        for number, line in enumerate(lines_of(text), start=1)
        if line.strip() and (judgement := _judgement(line, f"{name}, line {number}", first=number == 1))
    ]
    grades: dict[str, dict[str, float]] = {}
    on_scale = scaled([grade for _, _, grade in judged])
    for (query, document, _), grade in zip(judged, on_scale, strict=True):
        grades.setdefault(query, {})[document] = grade
    return grades


def _judgement(line: str, where: str, *, first: bool) -> tuple[str, str, float] | None:
    """Query, document and grade; None for a first line that names the columns."""
    cells = [cell.strip() for cell in line.rstrip().split("\t")]
    if len(cells) == 1:
        cells = line.split()
    expected = f"{where}: expected query-id, corpus-id and score, with tabs between."
    if len(cells) not in (CELLS, TREC_CELLS):
        raise QuestionsError(expected)
    try:
        grade = float(cells[-1])
    except ValueError as error:
        if first and not any(sign.isdigit() for sign in cells[-1]):
            return None
        raise QuestionsError(expected) from error
    if not math.isfinite(grade):
        raise QuestionsError(expected)
    return cells[0], cells[-2], grade


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionsError(f"{file} cannot be read: {error}. A BEIR folder needs it, as UTF-8.") from error


def _rows(name: str, text: str, *keys: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines_of(text), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            for key in keys:
                row[key]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise QuestionsError(
                f"{name}, line {number}: expected a JSON object with {' and '.join(keys)}."
            ) from error
        yield row
