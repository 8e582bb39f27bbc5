"""Settings under which a passage that was not kept is kept: each one tried, not guessed.

Only settings of a question are tried, never those that need documents to be read again. Everything
goes through `retrieve`; nothing is saved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rag.retrieve import retrieve
from rag.settings import Settings, known_paths, with_overrides
from rag.several_tables import Searched
from rag.types import EVERYTHING, Filters

#: Rerankers that every machine has, in the order in which they are tried.
TRIED_RERANKERS = ("late-interaction", "none")
MODES = ("hybrid", "vector", "text")
#: Remedies given.
MOST = 3


@dataclass(frozen=True)
class Remedy:
    """Settings to change, by their short names, and the passage's place (from 1) once they are."""

    changes: dict[str, Any]
    rank: int


def rank_of(
    question: str,
    passage_ids: frozenset[str],
    table: Searched,
    settings: Settings,
    filters: Filters = EVERYTHING,
) -> int | None:
    """The best place of any of the passages among all candidates; None when no search brings them."""
    found = retrieve(question, table=table, settings=settings, filters=filters)
    ranks = (rank for rank, hit in enumerate(found.candidates, start=1) if hit.stands_for(passage_ids))
    return next(ranks, None)


def remedies(
    question: str,
    passage_ids: frozenset[str],
    table: Searched,
    settings: Settings,
    filters: Filters = EVERYTHING,
    *,
    rank: int | None,
    search_rank: int | None,
) -> list[Remedy]:
    """What would have kept one of the passages: the fewest changes first, then the best place.

    `rank` is its place among the candidates now, None when it is none of them; `search_rank` the best
    place that a search in use gives it when many more are fetched, None when it is not among those.
    """
    working = []
    for changes in _candidates(settings, rank, search_rank):
        changed = with_overrides(settings, changes)
        reached = rank_of(question, passage_ids, table, changed, filters)
        if reached is not None and reached > changed.retrieval.k and reached <= _most("k"):
            changes = changes | {"k": reached}
            changed = with_overrides(settings, changes)
        if reached is not None and reached <= changed.retrieval.k:
            working.append(Remedy(changes, reached))
    working.sort(key=lambda remedy: (len(remedy.changes), remedy.rank))
    return working[:MOST]


def _candidates(settings: Settings, rank: int | None, search_rank: int | None) -> Iterator[dict[str, Any]]:
    chosen = settings.retrieval
    if rank is not None and chosen.k < rank <= _most("k"):
        yield {"k": rank}
    needed = rank or search_rank
    if needed is not None and needed > chosen.candidates:
        # The next ten: the smallest number that would do is too exact to be worth keeping.
        yield {"candidates": min(-(-needed // 10) * 10, _most("candidates"))}
    for mode in MODES:
        if mode != chosen.mode:
            yield {"mode": mode}
    for reranker in TRIED_RERANKERS:
        if reranker != chosen.reranker:
            yield {"reranker": reranker}
    if chosen.exact_first:
        yield {"retrieval.exact_first": False}
    if chosen.correct_spelling:
        yield {"retrieval.correct_spelling": False}
    if chosen.milliseconds:
        yield {"retrieval.milliseconds": 0}


def _most(name: str) -> int:
    return int(known_paths()[f"retrieval.{name}"]["maximum"])
