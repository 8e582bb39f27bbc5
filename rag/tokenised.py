"""Texts as a model's tokens, cut to its length, and in batches of like length. It computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

#: Texts tokenised at once: until its numbers are taken over, a text takes a hundred bytes a token.
AT_ONCE = 64


class Tokens(NamedTuple):
    """A text's tokens, special ones included, and the places of those that are not special."""

    ids: NDArray[np.int32]
    kept: NDArray[np.intp]


class Batch(NamedTuple):
    """Texts computed together, each with its position among all."""

    positions: list[int]
    tokens: list[Tokens]


def tokens_of(texts: Sequence[str], tokenizer: Tokenizer, most: int) -> list[Tokens]:
    """The tokens of each text, at most so many of them; the closing special token stays."""
    tokens: list[Tokens] = []
    for first in range(0, len(texts), AT_ONCE):
        some = [text or " " for text in texts[first : first + AT_ONCE]]
        tokens += [_cut(encoding, most) for encoding in tokenizer.encode_batch(some)]
    return tokens


def batches(tokens: Sequence[Tokens], length: int) -> list[Batch]:
    """Batches of so many texts, the longest first: those of like length together pad little."""
    order = sorted(range(len(tokens)), key=lambda position: -len(tokens[position].ids))
    parts = [order[start : start + length] for start in range(0, len(order), length)]
    return [Batch(own, [tokens[position] for position in own]) for own in parts]


def _cut(encoding: Encoding, most: int) -> Tokens:
    ids = np.asarray(encoding.ids, np.int32)
    special = np.asarray(encoding.special_tokens_mask, np.int8)
    if len(ids) > most:
        ids, special = (np.append(own[: most - 1], own[-1]) for own in (ids, special))
    return Tokens(ids, np.flatnonzero(special == 0))
