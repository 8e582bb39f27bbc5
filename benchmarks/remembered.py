"""An embedder that embeds each passage once, so that exact late interaction can be measured at all.

The app embeds fifty passages a question for it. Its quality needs no such patience; its speed is
measured in benchmarks.latency, without this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rag.embedders import Embedder
from rag.types import Vector


class RememberedEmbedder:
    """The embedder given, with the token vectors of passages kept as float16; never those of queries."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: dict[str, tuple[Vector, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._embedder, name)

    def embed_with_tokens(self, texts: Sequence[str], *, query: bool = False) -> tuple[Vector, list[Vector]]:
        if query:
            return self._embedder.embed_with_tokens(texts, query=True)
        new = [text for text in dict.fromkeys(texts) if text not in self._kept]
        if new:
            vectors, tokens = self._embedder.embed_with_tokens(new)
            for text, vector, own in zip(new, vectors, tokens, strict=True):
                self._kept[text] = (vector, own.astype(np.float16))
        found = [self._kept[text] for text in texts]
        return np.stack([vector for vector, _ in found]), [own.astype(np.float32) for _, own in found]
