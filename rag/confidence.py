"""How likely it is that the passages found hold an answer, from the signs kept with them.

The coefficients were fitted by benchmarks/decline.py; that file says on what. Nothing here
decides: rag.answer compares the estimate with `answer.decline_below`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.embedders import Embedder
from rag.evidence import token_weights
from rag.late_interaction import best_matches, unpack_signs
from rag.types import Hit, Query

#: Passages looked at.
PASSAGES = 5
#: Fitted weights of the features below, in their order, and the intercept.
COEFFICIENTS = (12.0, 6.0, 4.0)
INTERCEPT = -10.0


def confidence(query: Query, hits: Sequence[Hit], embedder: Embedder) -> float:
    """The estimated chance, 0 to 1, that the hits answer the question; 0 without hits."""
    values = features(query, hits, embedder)
    if values is None:
        return 0.0
    logit = INTERCEPT + float(np.dot(COEFFICIENTS, values))
    return float(1.0 / (1.0 + np.exp(-logit)))


def features(query: Query, hits: Sequence[Hit], embedder: Embedder) -> tuple[float, float, float] | None:
    """What the estimate rests on: the best passage's match with the question, that of its worst
    matched content words, and its lead over the other passages' mean. None without hits.
    """
    considered = [hit for hit in hits[:PASSAGES] if hit.token_bits]
    if not considered or len(query.tokens) == 0:
        return None
    weights = token_weights(query, embedder)
    signs = [unpack_signs(hit.token_bits or b"", embedder.dimension) for hit in considered]
    best = best_matches(query.tokens, signs)
    means = np.average(best, axis=0, weights=weights)
    top = int(means.argmax())
    content = best[weights >= 1.0, top]
    worst = np.sort(content)[: max(1, len(content) // 3)].mean() if len(content) else means[top]
    return float(means[top]), float(worst), float(means[top] - means.mean())
