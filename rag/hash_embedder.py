"""An embedder for tests of storage, jobs and crashes: deterministic and quick. It understands nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from rag.late_interaction import pack_signs
from rag.tokenised import TokenisedText
from rag.types import TokenIds, Vector


class HashEmbedder:
    """A deterministic stand-in: each word has a pseudo-random direction, a text is their mean.

    Texts that share words are near each other. It needs no model, so tests of storage, jobs and
    crashes run in milliseconds; it understands nothing.
    """

    name = "hash"
    special_tokens = 0
    precision = "fp32"
    languages: tuple[str, ...] = ()

    def __init__(self, dimension: int = 64, max_tokens: int = 256) -> None:
        self.dimension = dimension
        self.max_tokens = max_tokens

    def embed(self, texts: Sequence[str], *, query: bool = False) -> Vector:
        return self.embed_with_tokens(texts, query=query)[0]

    def embed_with_tokens(self, texts: Sequence[str], *, query: bool = False) -> tuple[Vector, list[Vector]]:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        tokens: list[Vector] = []
        for row, text in enumerate(texts):
            words = [text[start:end].lower() for start, end in self.token_spans(text)[: self.max_tokens]]
            own = np.array([_word_direction(word, self.dimension) for word in words], np.float32)
            tokens.append(own.reshape(-1, self.dimension))
            mean = own.mean(axis=0) if len(words) else _word_direction("", self.dimension)
            vectors[row] = mean / np.linalg.norm(mean)
        return vectors, tokens

    def embed_with_signs(
        self, texts: Sequence[str], token_ids: Sequence[TokenIds | None] = ()
    ) -> tuple[Vector, list[bytes]]:
        vectors, tokens = self.embed_with_tokens(texts)
        return vectors, [pack_signs(own) for own in tokens]

    def tokenised(self, text: str) -> TokenisedText:
        found = list(re.finditer(r"\w{1,100}|[^\w\s]", text))
        return TokenisedText([match.start() for match in found], [match.end() for match in found])

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        return self.tokenised(text).spans


def _word_direction(word: str, dimension: int) -> Vector:
    seed = int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    direction = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    unit: Vector = direction / np.linalg.norm(direction)
    return unit
