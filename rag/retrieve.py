"""The one retrieval path: candidates, fuse, rerank, trim, with a trace of every stage.

Chat, compare, evaluation, API and command line all call `retrieve`. It asks no language model and
draws nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from rag.embedders import query_of
from rag.errors import MissingDependency, ModelError, RerankingFailed, StoreError
from rag.exact_matches import exact_first, with_exact
from rag.identifiers import exact_terms
from rag.late_interaction import pack_signs
from rag.near_copies import folded, stand_for
from rag.rerankers import Deadline, Reranker, get_reranker, score_within
from rag.settings import Settings
from rag.several_tables import Searched, SeveralTables, fused_by_rank
from rag.spelling import respelt, said, strange_words
from rag.text_fields import fields_of
from rag.types import EVERYTHING, Filters, Hit, Query, SearchResult

logger = logging.getLogger(__name__)

STAGES = ("embed", "vector", "text", "fuse", "rerank")
FALLBACK_RERANKER = "late-interaction"


def retrieve(
    question: str,
    *,
    table: Searched,
    settings: Settings,
    filters: Filters = EVERYTHING,
    now: Callable[[], float] = time.perf_counter,
) -> SearchResult:
    """The best passages for a question, best first, at most `retrieval.k`.

    Any text is a question, none is an error; one without words finds nothing. When the reranker's
    model, package or key is not there, late interaction takes its place; when it is but gives no
    order, that of the first stage stays. Where `retrieval.milliseconds` bounds the time, a slow
    reranker reads less. `notes` says so. Passages that hold a code or quoted phrase of the question come
    first (`retrieval.exact_first`), copies become one hit (`retrieval.fold_copies`). A misspelt word
    that stands nowhere is searched for as the collection spells it (`retrieval.correct_spelling`). `now`
    counts seconds.
    """
    chosen = settings.retrieval
    if isinstance(table, SeveralTables) and len(parts := table.apart) > 1:
        found_apart = [
            retrieve(question, table=part, settings=settings, filters=filters, now=now) for part in parts
        ]
        return fused_by_rank(found_apart, table.embedder, chosen.k)
    clock = _Clock(now)
    deadline = Deadline(chosen.milliseconds, now)
    notes: list[str] = []
    fallback = _with_reranker(settings, FALLBACK_RERANKER)
    try:
        reranker = get_reranker(settings, table.embedder)
    except MissingDependency as error:
        notes.append(_instead(error))
        reranker = get_reranker(fallback, table.embedder)
    extra = reranker.needs if "token_bits" in reranker.needs else (*reranker.needs, "token_bits")
    if not question.strip():
        return SearchResult(_empty_query(table), [], [], clock.milliseconds(), chosen.mode, reranker.name)
    with clock.stage("embed"):
        query = query_of(question, table.embedder)
    clean = query.text
    terms = exact_terms(clean) if chosen.exact_first and chosen.mode != "vector" else ()
    legs: dict[str, list[Hit]] = {}
    if chosen.mode in ("hybrid", "vector"):
        with clock.stage("vector"):
            legs["vector"] = table.vector_search(query.vector, chosen.candidates, filters, extra=extra)
    if chosen.mode in ("hybrid", "text"):
        with clock.stage("text"):
            fields = fields_of(chosen)
            found = table.text_search(clean, chosen.candidates, filters, extra=extra, fields=fields)
            if terms:
                by_terms = table.text_search(
                    " ".join(terms), chosen.candidates, filters, extra=extra, fields={chosen.words_in: 1.0}
                )
                found = with_exact(found, by_terms, terms)
            legs["text"] = found
            spelt = _spelt(clean, legs, table) if chosen.correct_spelling else {}
        if spelt:
            once = _taking_words_as_they_are(settings, deadline)
            again = retrieve(respelt(clean, spelt), table=table, settings=once, filters=filters, now=now)
            return _after(again, clock.milliseconds(), said(spelt))
    with clock.stage("fuse"):
        candidates = fuse(legs, chosen.fusion_constant)
    with clock.stage("rerank"):
        _complete_token_bits(table, candidates)
        try:
            ranked = rerank(query, candidates, reranker, chosen.candidates, deadline, notes)
        except MissingDependency as error:
            notes.append(_instead(error))
            reranker = get_reranker(fallback, table.embedder)
            ranked = rerank(query, candidates, reranker, chosen.candidates, deadline, notes)
        except (RerankingFailed, ModelError) as error:
            notes.append(f"{error} These passages stand as the searches found them.")
            reranker = get_reranker(_with_reranker(settings, "none"), table.embedder)
            ranked = rerank(query, candidates, reranker, chosen.candidates, deadline, notes)
        if terms:
            ranked = exact_first(ranked, terms)
    if deadline.bounded and deadline.left() < 0:
        notes.append(
            f"The question took {deadline.allowed - deadline.left():.0f} ms, more than the "
            f"{deadline.allowed:g} ms allowed. Fetch fewer candidates, or raise retrieval.milliseconds."
        )
    if chosen.fold_copies:
        with clock.stage("fuse"):
            ranked = folded(ranked, chosen.k)
    hits = ranked[: chosen.k]
    for rank, hit in enumerate(hits, start=1):
        hit.rank = rank
    searched = table.count(filters)
    return SearchResult(
        query, hits, ranked, clock.milliseconds(), chosen.mode, reranker.name, tuple(notes), searched
    )


def _spelt(question: str, legs: dict[str, list[Hit]], table: Searched) -> dict[str, str]:
    """Misspelt words, with what the collection has in their place."""
    texts = [hit.chunk.embedded_text for found in legs.values() for hit in found]
    strange = strange_words(question, texts, table.embedder)
    near = {word: table.as_spelt(word, texts) for word in strange}
    return {word: other for word, other in near.items() if other and other != word}


def _taking_words_as_they_are(settings: Settings, deadline: Deadline) -> Settings:
    """The settings for a second search, which has what is left of the time."""
    left = max(int(deadline.left()), 1) if deadline.bounded else 0
    return replace(settings, retrieval=replace(settings.retrieval, correct_spelling=False, milliseconds=left))


def _after(result: SearchResult, spent: dict[str, float], note: str) -> SearchResult:
    """The result with the time of the search before it, and a note on top."""
    times = {stage: round(own + spent.get(stage, 0.0), 3) for stage, own in result.milliseconds.items()}
    return replace(result, milliseconds=times, notes=(note, *result.notes))


def _with_reranker(settings: Settings, name: str) -> Settings:
    return replace(settings, retrieval=replace(settings.retrieval, reranker=name))


def _instead(error: MissingDependency) -> str:
    return f"{error} Late interaction ranked these passages instead."


def fuse(legs: dict[str, list[Hit]], constant: int) -> list[Hit]:
    """Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009): the sum of 1 / (constant + rank).

    A passage that several searches found becomes one hit that carries each search's score and rank.
    """
    merged: dict[str, Hit] = {}
    for hits in legs.values():
        for hit in hits:
            known = merged.setdefault(hit.chunk.id, hit)
            known.scores.update(hit.scores)
            known.ranks.update(hit.ranks)
            stand_for(known, hit)
    for hit in merged.values():
        hit.scores["fused"] = sum(1.0 / (constant + rank) for rank in hit.ranks.values() if rank)
    ordered = sorted(
        merged.values(),
        key=lambda hit: (
            -(hit.scores["fused"] or 0.0),
            min(rank for rank in hit.ranks.values() if rank),
            hit.chunk.id,
        ),
    )
    for rank, hit in enumerate(ordered, start=1):
        hit.ranks["fused"] = rank
        for stage in ("vector", "text", "rerank"):
            hit.scores.setdefault(stage, None)
            hit.ranks.setdefault(stage, None)
    return ordered


def rerank(
    query: Query,
    candidates: Sequence[Hit],
    reranker: Reranker,
    depth: int,
    deadline: Deadline,
    notes: list[str],
) -> list[Hit]:
    """The first `depth` candidates by the reranker's score, then the others in their fused order.

    Where time is short there are fewer of the former, and a sentence about it goes into `notes`.
    """
    result = score_within(reranker, query, candidates[:depth], deadline)
    if result.note:
        notes.append(result.note)
    scored = list(candidates[: len(result.scores)])
    for hit, score in zip(scored, result.scores, strict=True):
        hit.scores["rerank"] = score
    scored.sort(key=lambda hit: -(hit.scores["rerank"] or 0.0))
    for rank, hit in enumerate(scored, start=1):
        hit.ranks["rerank"] = rank
    return scored + list(candidates[len(scored) :])


def _complete_token_bits(table: Searched, hits: Sequence[Hit]) -> None:
    """Make and keep the token bits of passages that another program added without them."""
    missing = [hit for hit in hits if hit.token_bits is None]
    if not missing:
        return
    _, tokens = table.embedder.embed_with_tokens([hit.chunk.embedded_text for hit in missing])
    for hit, own in zip(missing, tokens, strict=True):
        hit.token_bits = pack_signs(own)
    try:
        table.keep_token_bits({hit.chunk.id: hit.token_bits or b"" for hit in missing})
    except StoreError as error:
        # They only save work the next time: a full disk or a busy table is no reason not to answer.
        logger.warning("%s", error)


def _empty_query(table: Searched) -> Query:
    dimension = table.embedder.dimension
    return Query("", np.zeros(dimension, np.float32), np.zeros((0, dimension), np.float32))


class _Clock:
    """Milliseconds of each stage and in total."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._started = now()
        self._stages = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = self._now()
        yield
        self._stages[name] += (self._now() - started) * 1000

    def milliseconds(self) -> dict[str, float]:
        total = (self._now() - self._started) * 1000
        return {name: round(value, 3) for name, value in {**self._stages, "total": total}.items()}
