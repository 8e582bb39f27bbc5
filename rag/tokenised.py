"""Texts as a model's tokens, cut to its length, and in batches of like length. It computes nothing.

Where a model's tokens never depend on what stands around a word, those of a part of a text are cut out of
the whole text's instead of being made again; where that is not certain, it says so.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.known_words import KnownWords
from rag.types import TokenIds

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

#: Texts tokenised at once: until its numbers are taken over, a text takes a hundred bytes a token.
AT_ONCE = 64


class TokenisedText:
    """The tokens of a whole text, special ones left out: where each is, and, where known, their ids."""

    def __init__(
        self,
        starts: list[int],
        ends: list[int],
        ids: TokenIds | None = None,
        continues: NDArray[np.bool_] | None = None,
    ) -> None:
        """`continues` tells of each token whether it goes on with the word of the one before."""
        self.starts = starts
        self.ends = ends
        self.ids = ids
        self._continues = continues

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Where each token begins and ends."""
        return list(zip(self.starts, self.ends, strict=True))

    def part(self, start: int, end: int) -> TokenIds | None:
        """The ids of the text's characters from `start` to `end` as if they were tokenised by themselves.

        None where a word would be parted, since its parts are other tokens, and where no ids are known.
        """
        if self.ids is None or self._continues is None:
            return None
        first, after = bisect_left(self.starts, start), bisect_left(self.starts, end)
        before = [(first, start), (after, end)]
        if any(place and self.ends[place - 1] > border for place, border in before):
            return None
        if any(self._continues[place] for place in (first, after) if place < len(self._continues)):
            return None
        return self.ids[first:after]


class WordTokens:
    """A tokenizer that reads each word by itself, whatever stands around it, as BERT's does."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        prefix = tokenizer.model.continuing_subword_prefix
        known = tokenizer.get_vocab()
        self._continuing = np.zeros(max(known.values()) + 1, np.bool_)
        self._continuing[[own for token, own in known.items() if token.startswith(prefix)]] = True
        self._first, self._last = tokenizer.encode("").ids
        self._known = KnownWords(tokenizer)

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> WordTokens | None:
        """None for a tokenizer of which that is not certain."""
        from tokenizers.models import WordPiece
        from tokenizers.normalizers import BertNormalizer
        from tokenizers.pre_tokenizers import BertPreTokenizer

        apart = (
            isinstance(tokenizer.model, WordPiece)
            and isinstance(tokenizer.normalizer, BertNormalizer)
            and isinstance(tokenizer.pre_tokenizer, BertPreTokenizer)
        )
        # A token added to the vocabulary may hold blanks, or take those around it.
        added = tokenizer.get_added_tokens_decoder().values()
        apart = apart and not any(
            own.lstrip or own.rstrip or own.content.split() != [own.content] for own in added
        )
        return cls(tokenizer) if apart and len(tokenizer.encode("").ids) == 2 else None

    def tokenised(self, text: str, longest: int) -> TokenisedText | None:
        """The tokens of a text; None when one of its words has more than `longest` characters."""
        placed = self._known.tokens(text, longest)
        if placed is None:
            return None
        ids, starts, ends = placed
        return TokenisedText(starts.tolist(), ends.tolist(), ids, self._continuing[ids])

    def tokens(self, ids: TokenIds, most: int) -> Tokens:
        """The same as `tokens_of` gives for a text with these tokens."""
        ids = ids[: most - 2]
        whole = np.concatenate([[self._first], ids, [self._last]], dtype=np.int32)
        return Tokens(whole, slice(1, len(ids) + 1))


class Tokens(NamedTuple):
    """A text's tokens, special ones included, and the places of those that are not special."""

    ids: TokenIds
    kept: NDArray[np.intp] | slice


class Batch(NamedTuple):
    """Texts computed together, each with its position among all."""

    positions: list[int]
    tokens: list[Tokens]


def tokens_of(
    texts: Sequence[str],
    tokenizer: Tokenizer,
    most: int,
    words: WordTokens | None = None,
    known: Sequence[TokenIds | None] = (),
) -> list[Tokens]:
    """The tokens of each text, at most so many of them; the closing special token stays.

    Texts whose ids are `known` are not tokenised again.
    """
    made: dict[int, Tokens] = {}
    if words is not None:
        made = {place: words.tokens(ids, most) for place, ids in enumerate(known) if ids is not None}
    open_places = [place for place in range(len(texts)) if place not in made]
    for first in range(0, len(open_places), AT_ONCE):
        some = open_places[first : first + AT_ONCE]
        encodings = tokenizer.encode_batch([texts[place] or " " for place in some])
        made.update((place, _cut(own, most)) for place, own in zip(some, encodings, strict=True))
    return [made[place] for place in range(len(texts))]


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
