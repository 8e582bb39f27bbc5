"""Any `lancedb.rerankers.Reranker` behind our protocol: LanceDB's own, or a user's subclass.

Hits become the two tables that LanceDB hands to a reranker, each in its search's order, and the
scores come back from its answer. Whatever fails in there becomes an error of ours.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rag.errors import AskanceError, MissingDependency, RerankingFailed
from rag.rerankers.seam import Effort, checked_scores
from rag.types import Hit, Query

#: The column that LanceDB's rerankers read.
TEXT = "text"


class LanceDBReranker:
    """`make` builds LanceDB's reranker at the first use; it may raise errors of ours.

    `by_text`: a model wrote the texts out again, in any order; a score belongs to the text beside it.
    `explain` says what an error means and what to do, or nothing; `hidden` are never shown.
    """

    needs: tuple[str, ...] = ()

    def __init__(
        self,
        name: str,
        make: Callable[[], Any],
        *,
        identity: str,
        effort: Effort,
        by_text: bool = False,
        hidden: Sequence[str] = (),
        explain: Callable[[Exception], str] = lambda error: "",
    ) -> None:
        self.name, self.identity, self.effort = name, identity, effort
        self._make = make
        self._by_text = by_text
        self._hidden = [secret for secret in hidden if secret]
        self._explain = explain
        self._made: Any = None
        self._making = threading.Lock()

    def prepare(self) -> None:
        """Build LanceDB's reranker, unless it is."""
        with self._making, self._failures_told():
            if self._made is None:
                self._made = self._make()

    def read(self, query: Query, texts: Sequence[str]) -> list[float]:
        """A score for each text, as if the search by meaning had found them in this order."""
        return self._scores(query.text, texts, [{} for _ in texts])

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        texts = [hit.chunk.embedded_text for hit in hits]
        return self._scores(query.text, texts, [dict(hit.scores) for hit in hits])

    def _scores(self, question: str, texts: Sequence[str], known: Sequence[dict[str, Any]]) -> list[float]:
        if not texts:
            return []
        if self._by_text and len(set(texts)) < len(texts):
            once = dict(zip(texts, known, strict=True))
            scores = dict(zip(once, self._scores(question, list(once), list(once.values())), strict=True))
            return [scores[text] for text in texts]
        self.prepare()
        vector, words = _tables(texts, known)
        with self._failures_told():
            answer = self._made.rerank_hybrid(question, vector, words)
            rows = answer.select([TEXT, "_rowid", "_relevance_score"]).to_pylist()
        if self._by_text:
            found = {_blanks_alike(row[TEXT]): row["_relevance_score"] for row in rows}
            wanted: list[Any] = [_blanks_alike(text) for text in texts]
        else:
            found = {row["_rowid"]: row["_relevance_score"] for row in rows}
            wanted = list(range(len(texts)))
        missing = sum(own not in found for own in wanted)
        if missing:
            raise RerankingFailed(
                f"The reranker {self.name} left out {missing} of {len(texts)} passages. "
                "Try again, or choose another one."
            )
        return checked_scores(f"The reranker {self.name}", [found[own] for own in wanted], len(texts))

    @contextmanager
    def _failures_told(self) -> Iterator[None]:
        try:
            yield
        except AskanceError:
            raise
        except ImportError as error:
            raise MissingDependency(
                f"The reranker {self.name} lacks a package or has the wrong version of one "
                f"({self._told(error)}). Install it anew, or choose another one."
            ) from error
        except Exception as error:
            reason = self._shown(self._explain(error))
            reason = reason or f"{self._told(error)}. Try again, or choose another one."
            raise RerankingFailed(f"The reranker {self.name} failed: {reason}") from error

    def _told(self, error: Exception) -> str:
        return self._shown(" ".join(f"{type(error).__name__}: {error}".split()))[:300].rstrip(".")

    def _shown(self, text: str) -> str:
        for secret in self._hidden:
            text = text.replace(secret, "…")
        return text


def _blanks_alike(text: str | None) -> str:
    return " ".join((text or "").split())


def _tables(texts: Sequence[str], known: Sequence[dict[str, Any]]) -> tuple[Any, Any]:
    """What the search by meaning found and what that by words found, best first, as Arrow tables.

    A passage that neither found counts as found by meaning, last.
    """
    import pyarrow as pa

    def table(stage: str, column: str, values: list[tuple[int, float]]) -> Any:
        return pa.table(
            {
                TEXT: pa.array([texts[place] for place, _ in values], pa.string()),
                "_rowid": pa.array([place for place, _ in values], pa.uint64()),
                column: pa.array([value for _, value in values], pa.float32()),
            }
        )

    words = [(place, own["text"]) for place, own in enumerate(known) if own.get("text") is not None]
    by_words = {place for place, _ in words}
    vector = [
        (place, 1.0 - (own.get("vector") or 0.0))
        for place, own in enumerate(known)
        if own.get("vector") is not None or place not in by_words
    ]
    vector.sort(key=lambda pair: pair[1])
    words.sort(key=lambda pair: -pair[1])
    return table("vector", "_distance", vector), table("text", "_score", words)
