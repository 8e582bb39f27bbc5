"""Scores given before: for the same question, passage and reranker, settings included.

It keeps digests and numbers, never a text, and forgets what was used longest ago. Only rerankers
that read each passage by itself use it: a score that depends on the other candidates is never kept.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.types import Hit


@dataclass(frozen=True)
class CacheFigures:
    """Scores wanted since the start, how many were there already, and how many are kept now."""

    wanted: int
    found: int
    kept: int

    @property
    def hit_rate(self) -> float:
        """The share that was there already; 0 when none was wanted."""
        return self.found / self.wanted if self.wanted else 0.0


class ScoreCache:
    """At most `limit` scores; none with 0. Safe to share between threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[bytes, float] = OrderedDict()
        self._wanted = self._found = 0
        self._lock = threading.Lock()

    def scores(
        self,
        identity: str,
        question: str,
        texts: Sequence[str],
        read: Callable[[list[str]], list[float]],
    ) -> list[float]:
        """A score for each text, of which only those not kept are given to `read`.

        `identity` names the reranker with everything that decides its scores.
        """
        if not texts:
            return []
        if not self._limit:
            return read(list(texts))
        keys = [_key(identity, question, text) for text in texts]
        with self._lock:
            known = {key: self._kept[key] for key in keys if key in self._kept}
            for key in known:
                self._kept.move_to_end(key)
            self._wanted += len(keys)
            self._found += sum(key in known for key in keys)
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            read_now = dict(zip(missing, read(list(missing.values())), strict=True))
            known |= read_now
            with self._lock:
                self._kept |= read_now
                while len(self._kept) > self._limit:
                    self._kept.popitem(last=False)
        return [known[key] for key in keys]

    def unread(self, identity: str, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The hits whose scores are not kept; asking does not count as wanting them."""
        keys = [_key(identity, question, hit.chunk.embedded_text) for hit in hits]
        with self._lock:
            return [hit for key, hit in zip(keys, hits, strict=True) if key not in self._kept]

    def figures(self) -> CacheFigures:
        """How often it helped since the program started."""
        with self._lock:
            return CacheFigures(self._wanted, self._found, len(self._kept))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._wanted = self._found = 0


@lru_cache(maxsize=4)
def score_cache(limit: int) -> ScoreCache:
    """The process's scores under a bound; one of 0 keeps nothing."""
    return ScoreCache(limit)


def _key(identity: str, question: str, text: str) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for part in (identity, question, text):
        encoded = part.encode("utf-8", "replace")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()
