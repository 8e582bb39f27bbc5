"""Passages that hold a question's codes and quoted phrases to the letter: found, and put first.

Neither searches by meaning nor a blend of scores promise that. It asks no table; `rag.retrieve` does.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.identifiers import holds_term
from rag.types import Hit

#: A term that a larger part of the candidates holds tells nothing: a manual names its machine everywhere.
TELLING_PART = 0.2
#: So many may hold it, however few the candidates are.
TELLING_COUNT = 3


def with_exact(found: list[Hit], by_terms: Sequence[Hit], terms: Sequence[str]) -> list[Hit]:
    """What the search by words found, and after it what a search for the terms alone adds that holds one.

    Those added rank below the others, with the lowest score of all.
    """
    known = {hit.chunk.id for hit in found}
    scores = [hit.scores["text"] or 0.0 for hit in found]
    complete = list(found)
    for hit in by_terms:
        if hit.chunk.id not in known and any(holds_term(hit.chunk.embedded_text, term) for term in terms):
            hit.ranks["text"] = len(complete) + 1
            hit.scores["text"] = min(scores) if scores else hit.scores["text"]
            complete.append(hit)
    return complete


def exact_first(hits: Sequence[Hit], terms: Sequence[str]) -> list[Hit]:
    """Hits with more of the telling terms before those with fewer, otherwise as they come."""
    most = max(len(hits) * TELLING_PART, TELLING_COUNT)
    held = [0] * len(hits)
    for term in terms:
        holders = [place for place, hit in enumerate(hits) if holds_term(hit.chunk.embedded_text, term)]
        if len(holders) <= most:
            for place in holders:
                held[place] += 1
    return [hits[place] for place in sorted(range(len(hits)), key=lambda place: -held[place])]
