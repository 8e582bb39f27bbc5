"""Maximal marginal relevance (Carbonell and Goldstein 1998): good passages that do not say the same."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.rerankers.late import LateInteractionReranker
from rag.rerankers.scales import descending, share_of_range
from rag.rerankers.seam import Effort
from rag.types import Hit, Query


class DiversityReranker:
    """Takes in turn the passage with the best `balance` of relevance and unlikeness to those taken.

    Relevance is late interaction's, from 0 to 1; likeness the cosine of two passages' vectors. A
    passage without a vector is like no other. With a balance of 1 it is late interaction's order.
    """

    name = "mmr"
    needs: tuple[str, ...] = ("token_bits", "vector")
    effort: Effort = "quick"

    def __init__(self, relevance: LateInteractionReranker, balance: float) -> None:
        self._relevance = relevance
        self._balance = balance

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        if not hits:
            return []
        relevance = share_of_range(np.array(self._relevance.score(query, hits)))
        blank = np.zeros_like(query.vector)
        vectors = np.stack([blank if hit.vector is None else hit.vector for hit in hits])
        likeness = vectors @ vectors.T
        nearest = np.zeros(len(hits))
        open_places = np.ones(len(hits), bool)
        order: list[int] = []
        for _ in hits:
            value = self._balance * relevance - (1 - self._balance) * nearest
            best = int(np.argmax(np.where(open_places, value, -np.inf)))
            order.append(best)
            open_places[best] = False
            nearest = np.maximum(nearest, likeness[best])
        return descending(order)
