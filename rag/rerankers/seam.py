"""The protocol of a reranker, and the check that what another program's code gives back keeps to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import numpy as np

from rag.errors import RerankingFailed
from rag.types import Hit, Query

#: What asking takes: next to nothing; time that grows with what is read; or a wait for a server.
Effort = Literal["quick", "reading", "remote"]


class Reranker(Protocol):
    """Scores hits for a query; higher is better. Hits come in order of their fused rank."""

    name: str
    #: Extra columns that the hits must carry: "token_bits", "vector".
    needs: tuple[str, ...]
    effort: Effort

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        """One finite score for each hit, in the same order.

        Raises MissingDependency when a model, package or key is not there, and ModelError or
        RerankingFailed when it is but gave no order.
        """
        ...


def checked_scores(name: str, scores: Any, count: int) -> list[float]:
    """Scores from code that is not ours, as floats; raises RerankingFailed unless `count` finite numbers."""
    try:
        numbers = [float(score) for score in scores]
    except (TypeError, ValueError) as error:
        raise RerankingFailed(
            f"{name} gave back {type(scores).__name__} where a list of numbers was due ({error}). "
            "Correct it, or choose another reranker."
        ) from error
    if len(numbers) != count:
        raise RerankingFailed(
            f"{name} gave {len(numbers)} scores for {count} passages. It must give one for each, in "
            "their order. Correct it, or choose another reranker."
        )
    if not np.isfinite(numbers).all():
        raise RerankingFailed(
            f"{name} gave a score that is no finite number. Correct it, or choose another reranker."
        )
    return numbers
