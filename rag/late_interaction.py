"""Late interaction from the signs of token vectors (after ColBERT, Khattab and Zaharia 2020).

A passage is kept as one bit a dimension and token: the sign. A query token's match with a passage
is the largest product of its unit vector with any passage token's signs, scaled to unit length;
the score is the mean over query tokens. The same matches give the words to highlight. Pure
arithmetic: no model, no table.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rag.types import Vector

Signs = NDArray[np.float32]

#: Passage tokens unpacked at once: their floats then stay in the processor's cache.
BLOCK_TOKENS = 512


def pack_signs(tokens: Vector) -> bytes:
    """The signs of float32[tokens, dimension] as bits, dimension / 8 bytes a token."""
    return np.packbits(tokens > 0, axis=1).tobytes()


def unpack_signs(packed: bytes, dimension: int) -> Signs:
    """What `pack_signs` wrote, as unit rows of +-1/sqrt(dimension): float32[tokens, dimension]."""
    signs: Signs = (_unpacked(_rows(packed, dimension)) * 2 - 1) * np.float32(1 / np.sqrt(dimension))
    return signs


def token_matches(query_tokens: Vector, passage: Vector) -> Vector:
    """The cosine of every query token with every passage token: float32[query, passage]."""
    _multiply_in_one_thread()
    matches: Vector = query_tokens @ passage.T
    return matches


def passage_scores(
    query_tokens: Vector, passages: Sequence[Vector], weights: Vector | None = None
) -> NDArray[np.float32]:
    """Mean (or weighted mean) over query tokens of the best match in each passage.

    `passages` are unit rows, exact or from signs. An empty query or passage scores 0.
    One matrix product serves all passages.
    """
    scores = np.zeros(len(passages), np.float32)
    lengths = np.array([len(passage) for passage in passages])
    filled = [int(position) for position in np.flatnonzero(lengths)]
    if len(query_tokens) == 0 or not filled:
        return scores
    best = best_matches(query_tokens, [passages[position] for position in filled])
    scores[filled] = np.average(best, axis=0, weights=weights)
    return scores


def best_matches(query_tokens: Vector, passages: Sequence[Vector]) -> Vector:
    """For each query token its best match in each non-empty passage: float32[query, passages]."""
    starts = np.concatenate([[0], np.cumsum([len(passage) for passage in passages])[:-1]])
    return np.maximum.reduceat(token_matches(query_tokens, np.concatenate(passages)), starts, axis=1)


def sign_scores(
    query_tokens: Vector, packed: Sequence[bytes], dimension: int, weights: Vector | None = None
) -> NDArray[np.float32]:
    """`passage_scores` of passages kept as bits; fifty of 192 tokens take two milliseconds."""
    scores = np.zeros(len(packed), np.float32)
    lengths = np.array([len(own) * 8 // dimension for own in packed])
    filled = [int(position) for position in np.flatnonzero(lengths)]
    if len(query_tokens) == 0 or not filled:
        return scores
    matches = sign_matches(query_tokens, b"".join(packed[position] for position in filled), dimension)
    starts = np.concatenate([[0], np.cumsum(lengths[filled])[:-1]])
    best = np.maximum.reduceat(matches, starts, axis=1)
    scores[filled] = np.average(best, axis=0, weights=weights)
    return scores


def sign_matches(query_tokens: Vector, packed: bytes, dimension: int) -> Vector:
    """`token_matches` with passage tokens kept as bits, by q(2b - 1) = 2qb - sum(q): float32[query, passage].

    Bits are multiplied as they are unpacked, a block at a time.
    """
    rows = _rows(packed, dimension)
    scaled = query_tokens * np.float32(2 / np.sqrt(dimension))
    matches = np.empty((len(query_tokens), len(rows)), np.float32)
    for first in range(0, len(rows), BLOCK_TOKENS):
        block = slice(first, first + BLOCK_TOKENS)
        matches[:, block] = token_matches(scaled, _unpacked(rows[block]))
    matches -= scaled.sum(axis=1, keepdims=True) / 2
    return matches


def _rows(packed: bytes, dimension: int) -> NDArray[np.uint8]:
    return np.frombuffer(packed, np.uint8).reshape(-1, dimension // 8)


def _unpacked(rows: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.unpackbits(rows, axis=1).astype(np.float32)


@lru_cache(maxsize=1)
def _multiply_in_one_thread() -> None:
    """Such products take a millisecond; on a busy machine threads would wait longer for each other."""
    from threadpoolctl import ThreadpoolController

    ThreadpoolController().select(internal_api="openblas").limit(limits=1)
