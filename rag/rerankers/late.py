"""Late interaction: every word of the question against every word of a passage (rag.late_interaction)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rag.embedders import Embedder
from rag.late_interaction import passage_scores, sign_scores
from rag.rerankers.first_stage import LinearReranker
from rag.rerankers.scales import standard
from rag.rerankers.score_cache import ScoreCache
from rag.rerankers.seam import Effort
from rag.reranking_settings import RerankingSettings
from rag.scripts import can_read
from rag.types import Hit, Query


class LateInteractionReranker:
    """Late interaction over stored token signs, blended with the scores of the searches.

    Where the embedder cannot read the question's script, and words found something, their scores decide.
    """

    name = "late-interaction"
    needs: tuple[str, ...] = ("token_bits",)
    effort: Effort = "quick"

    def __init__(self, embedder: Embedder, settings: RerankingSettings) -> None:
        self._embedder = embedder
        self._languages = embedder.languages
        self._weights = {"vector": settings.vector_weight, "text": settings.text_weight}

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        by_words = any(hit.scores.get("text") is not None for hit in hits)
        if by_words and not can_read(query.text, self._languages):
            return LinearReranker(0.0).score(query, hits)
        return blended_with_searches(self.matches(query, hits), hits, self._weights)

    def matches(self, query: Query, hits: Sequence[Hit]) -> NDArray[np.float32]:
        """The unblended mean of best token matches, a cosine, for each hit."""
        packed = [hit.token_bits or b"" for hit in hits]
        return sign_scores(query.tokens, packed, self._embedder.dimension)


class ExactLateInteractionReranker(LateInteractionReranker):
    """The same from exact token vectors, computed anew for each hit: slower, for comparison."""

    name = "late-interaction-exact"
    needs: tuple[str, ...] = ()
    effort: Effort = "reading"

    def __init__(self, embedder: Embedder, settings: RerankingSettings, cache: ScoreCache) -> None:
        super().__init__(embedder, settings)
        self.identity = f"{self.name} {embedder.name} {embedder.precision}"
        self._cache = cache

    def matches(self, query: Query, hits: Sequence[Hit]) -> NDArray[np.float32]:
        def read(texts: list[str]) -> list[float]:
            _, tokens = self._embedder.embed_with_tokens(texts)
            return [float(score) for score in passage_scores(query.tokens, tokens)]

        texts = [hit.chunk.embedded_text for hit in hits]
        return np.array(self._cache.scores(self.identity, query.text, texts, read), np.float32)

    def unread(self, query: Query, hits: Sequence[Hit]) -> list[Hit]:
        """The hits whose matches are not remembered."""
        return self._cache.unread(self.identity, query.text, hits)


def blended_with_searches(
    matches: NDArray[np.float32], hits: Sequence[Hit], weights: Mapping[str, float]
) -> list[float]:
    """The weighted mean of the hits' standard scores: their matches' (weight 1) and each search's.

    A standard score is the distance from the mean over these hits in standard deviations, so cosines
    and BM25 need no common scale. A passage that a search did not find has that search's lowest score.
    """
    if not hits:
        return []
    total, all_weights = standard(matches), 1.0
    for stage, weight in weights.items():
        found = [hit.scores.get(stage) for hit in hits]
        known = [score for score in found if score is not None]
        if known:
            lowest = min(known)
            total += weight * standard(np.array([lowest if score is None else score for score in found]))
            all_weights += weight
    return [float(score) for score in total / all_weights]
