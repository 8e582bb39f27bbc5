"""Runs variants of the settings over a question set and gives their figures.

Every variant goes through `retrieve`, as chat does. Nothing here ingests or draws.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rag.beir import BeirSet
from rag.blobs import BlobStore
from rag.catalog import Catalog
from rag.compare import Variant, timed_afresh
from rag.errors import DocumentNotFound, SettingsError
from rag.metrics import (
    first_right,
    hit_at,
    ndcg_at,
    percentile,
    precision_at,
    recall_at,
    reciprocal_rank,
)
from rag.presets import expanded
from rag.questions import Question, Unit, gold_units
from rag.retrieve import retrieve
from rag.settings import Settings, with_overrides
from rag.several_tables import Searched
from rag.tokens import get_token_counter
from rag.types import EVERYTHING, Chunk, Filters

logger = logging.getLogger(__name__)

CUT = 10
#: Figures of a question that are averaged, each between 0 and 1.
QUALITY = ("hit@1", "hit@5", "hit@10", "mrr@10", "ndcg@10", "recall@10", "precision@5")


@dataclass
class VariantResult:
    """Figures of one variant: means over the answerable questions, milliseconds, and each question's row."""

    name: str
    settings: dict[str, Any]
    questions: int
    metrics: dict[str, float]
    rows: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """The form that the command line prints."""
        return {"name": self.name, "settings": self.settings, "questions": self.questions, **self.metrics}


@dataclass(frozen=True)
class Task:
    """A question made ready: what to ask, where, and what must be found."""

    id: str
    text: str
    units: tuple[Unit, ...]
    filters: Filters = EVERYTHING


def parse_variant(text: str, settings: Settings) -> Variant:
    """`NAME:key=value,key=value`; `NAME:` alone means the current settings; `preset=` names several at once.

    Raises SettingsError for a malformed variant or an unknown or invalid setting.
    """
    name, colon, rest = text.partition(":")
    if not name or not colon:
        raise SettingsError(
            f"--variant {text!r}: expected NAME:key=value,... or NAME: for the current settings."
        )
    changes: dict[str, Any] = {}
    for pair in filter(None, (part.strip() for part in rest.split(","))):
        key, equals, value = pair.partition("=")
        if not equals:
            raise SettingsError(f"--variant {text!r}: {pair!r} is not key=value.")
        changes[key.strip()] = value.strip()
    changes = expanded(changes)
    return Variant(name, with_overrides(settings, changes), changes)


def question_tasks(
    questions: Sequence[Question],
    *,
    collection: str,
    catalog: Catalog,
    blobs: BlobStore,
    beside: Sequence[str] = (),
) -> list[Task]:
    """Tasks of the answerable questions; a document that is not in the collection counts as not found.

    It is looked for in those that are searched `beside` it, too.
    """
    ids: dict[str, str | None] = {}
    texts: dict[str, str] = {}
    pages: dict[str, int] = {}

    def resolve(name: str) -> str | None:
        if name not in ids:
            refused: list[DocumentNotFound] = []
            for own in (collection, *beside):
                try:
                    found = catalog.resolve(own, name)
                    ids[name], pages[found.document_id] = found.document_id, found.pages
                    break
                except DocumentNotFound as error:
                    refused.append(error)
            else:
                logger.warning("%s Its questions count as not found.", refused[0])
                ids[name] = None
        return ids[name]

    def document_text(document_id: str) -> str:
        if document_id not in texts:
            parsed = blobs.get_parsed(document_id)
            texts[document_id] = parsed.text if parsed else ""
        return texts[document_id]

    def has_page(document_id: str, page: int) -> bool:
        # Files without pages are said to have one, and what is on the only page is in the document.
        return 1 <= page <= pages[document_id] > 1

    tasks = []
    unknown = 0
    for question in questions:
        if not question.answerable:
            continue
        units = tuple(gold_units(question, resolve, document_text, has_page))
        if question.gold_text and all(unit.page is None and unit.span is None for unit in units):
            unknown += any(not unit.document_id.startswith("missing:") for unit in units)
        only = tuple(filter(None, (resolve(name) for name in question.documents)))
        filters = Filters(documents=only) if question.scope == "document" else EVERYTHING
        tasks.append(Task(question.id, question.text, units, filters))
    if unknown:
        logger.warning(
            "%d of the questions' passages are not in their documents to the letter: there any place counts.",
            unknown,
        )
    return tasks


def beir_tasks(beir: BeirSet, document_ids: dict[str, str]) -> list[Task]:
    """Tasks of a BEIR set; `document_ids` gives the stored id of each corpus id."""
    return [
        Task(
            query_id,
            text,
            tuple(
                Unit(document_ids.get(corpus_id, f"missing:{corpus_id}"), gain=grade)
                for corpus_id, grade in beir.judgements[query_id].items()
            ),
        )
        for query_id, text in beir.queries
    ]


def evaluate(
    tasks: Sequence[Task],
    variants: Sequence[Variant],
    table: Searched,
    *,
    by_document: bool = False,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> list[VariantResult]:
    """Figures of each variant over the tasks.

    `by_document` collapses passages to their documents before the cut, as BEIR's figures want.
    `on_progress` gets the variant's name, questions done, and questions in all.
    """
    results = []
    for variant in variants:
        warm_up(tasks[:1], variant, table)
        rows = []
        for done, task in enumerate(tasks, start=1):
            rows.append(measured(task, variant, table, by_document=by_document))
            if on_progress:
                on_progress(variant.name, done, len(tasks))
        results.append(summary(variant, rows))
    return results


def warm_up(tasks: Sequence[Task], variant: Variant, table: Searched) -> None:
    """Ask without timing: the first question of a process pays for loading models."""
    settings = timed_afresh(variant).settings
    for task in tasks:
        retrieve(task.text, table=table, settings=settings, filters=task.filters)


def measured(task: Task, variant: Variant, table: Searched, *, by_document: bool = False) -> dict[str, Any]:
    """The figures of one question: those of QUALITY, `rank` of the first right passage (None without one),
    `milliseconds`, `tokens` of the passages kept, and `notes`."""
    variant = timed_afresh(variant)
    found = retrieve(task.text, table=table, settings=variant.settings, filters=task.filters)
    if by_document:
        every = [chunk for hit in found.candidates for chunk in hit.chunks]
        places: list[tuple[Chunk, ...]] = [(chunk,) for chunk in first_of_each_document(every)[:CUT]]
    else:
        places = [hit.chunks for hit in found.hits]
    counter = get_token_counter(variant.settings.answer.model)
    return {
        **figures_of(task, places),
        "tokens": sum(counter.count(alike[0].text) for alike in places),
        "milliseconds": found.milliseconds["total"],
        "notes": found.notes,
    }


def figures_of(task: Task, places: Sequence[Sequence[Chunk]]) -> dict[str, Any]:
    """A question, its figures of QUALITY for passages in this order, and `rank` of the first right one.

    A passage comes with its copies: either counts as found.
    """
    ranking = [
        frozenset(index for index, unit in enumerate(task.units) if any(map(unit.found_by, alike)))
        for alike in places
    ]
    gains = [unit.gain for unit in task.units]
    return {
        "id": task.id,
        "question": task.text,
        "hit@1": hit_at(ranking, 1),
        "hit@5": hit_at(ranking, 5),
        "hit@10": hit_at(ranking, CUT),
        "mrr@10": reciprocal_rank(ranking, CUT),
        "ndcg@10": ndcg_at(ranking, gains, CUT),
        "recall@10": recall_at(ranking, len(task.units), CUT),
        "precision@5": precision_at(ranking, 5),
        "rank": first_right(ranking),
    }


def first_of_each_document(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The best passage of each document, best first: BEIR judges documents."""
    first: dict[str, Chunk] = {}
    for chunk in chunks:
        first.setdefault(chunk.document_id, chunk)
    return list(first.values())


def summary(variant: Variant, rows: list[dict[str, Any]]) -> VariantResult:
    """The means of a variant's rows."""
    chosen = variant.settings.retrieval
    shown = {
        "mode": chosen.mode,
        "reranker": chosen.reranker,
        "k": chosen.k,
        "candidates": chosen.candidates,
        **variant.changes,
    }
    means = {
        name: round(sum(row[name] for row in rows) / max(len(rows), 1), 4) for name in (*QUALITY, "tokens")
    }
    times = [row["milliseconds"] for row in rows]
    spent = {"p50_ms": round(percentile(times, 0.5), 2), "p95_ms": round(percentile(times, 0.95), 2)}
    last = {name: means.pop(name) for name in ("precision@5", "tokens")}
    metrics = {**means, **spent, **last}
    return VariantResult(variant.name, shown, len(rows), metrics, rows)
