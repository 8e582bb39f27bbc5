"""Orders made of the two searches' scores and ranks alone: no model, no reading."""

from __future__ import annotations

from collections.abc import Sequence

from rag.rerankers.scales import stage_shares
from rag.rerankers.seam import Effort
from rag.types import Hit, Query


class NoReranker:
    """Keeps the order of the first stage."""

    name = "none"
    needs: tuple[str, ...] = ()
    effort: Effort = "quick"

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        return [hit.scores.get("fused") or 0.0 for hit in hits]


class LinearReranker:
    """The weighted mean of the searches' scores, each brought to the range from 0 to 1.

    `weight` is the share of the search by meaning. A passage that a search did not find has 0 there.
    """

    name = "linear"
    needs: tuple[str, ...] = ()
    effort: Effort = "quick"

    def __init__(self, weight: float) -> None:
        self._weight = weight

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        meaning, words = stage_shares(hits, "vector"), stage_shares(hits, "text")
        return [float(score) for score in self._weight * meaning + (1 - self._weight) * words]


class WeightedRankFusion:
    """Reciprocal rank fusion in which the search by meaning counts `weight`, that by words the rest."""

    name = "weighted-rrf"
    needs: tuple[str, ...] = ()
    effort: Effort = "quick"

    def __init__(self, weight: float, constant: int) -> None:
        self._weights = {"vector": weight, "text": 1 - weight}
        self._constant = constant

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        return [
            sum(
                weight / (self._constant + rank)
                for stage, weight in self._weights.items()
                if (rank := hit.ranks.get(stage))
            )
            for hit in hits
        ]
