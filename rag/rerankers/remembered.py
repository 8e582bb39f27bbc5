"""A reranker that reads each passage by itself, and does not read the same one twice for a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rag.rerankers.score_cache import ScoreCache
from rag.rerankers.seam import Effort
from rag.types import Hit, Query


class Reader(Protocol):
    """A reranker whose score for a passage depends on nothing but the question and its text.

    `identity` names it with every setting that decides its scores; `prepare` loads what it needs.
    """

    name: str
    needs: tuple[str, ...]
    effort: Effort
    identity: str

    def read(self, query: Query, texts: Sequence[str]) -> list[float]: ...

    def prepare(self) -> None: ...


class RememberedReranker:
    """Asks the reader only for scores that the cache has not."""

    def __init__(self, reader: Reader, cache: ScoreCache) -> None:
        self.name, self.needs, self.effort = reader.name, reader.needs, reader.effort
        self.identity = reader.identity
        self._reader = reader
        self._cache = cache

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        texts = [hit.chunk.embedded_text for hit in hits]
        return self._cache.scores(
            self.identity, query.text, texts, lambda missing: self._reader.read(query, missing)
        )

    def unread(self, query: Query, hits: Sequence[Hit]) -> list[Hit]:
        """The hits whose scores are not remembered."""
        return self._cache.unread(self.identity, query.text, hits)

    def prepare(self) -> None:
        """Load what the reader needs."""
        self._reader.prepare()
