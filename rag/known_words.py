"""The tokens of whole texts, put together from those of their words: each word is tokenised once.

Right only for a tokenizer that reads every word by itself (`rag.tokenised.WordTokens`). The words met are
kept, up to a bound; what else stands in texts is nothing to it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rag.types import TokenIds

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Number = TypeVar("Number", np.int32, np.int64)

#: Bytes that the words kept may take; with more, all are forgotten.
MOST_KEPT = 20_000_000
#: Bytes that a word takes beside its letters, and a token of it.
_A_WORD, _A_TOKEN = 120, 24
#: Characters that are tokenised at once.
AT_ONCE = 50_000


class Placed(NamedTuple):
    """Tokens in the order of a text, and the characters of it that each stands for."""

    ids: TokenIds
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


class KnownWords:
    """The words that one tokenizer has read; safe to use from several threads."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._table = _Table()

    def tokens(self, text: str, longest: int) -> Placed | None:
        """The tokens of a text, special ones left out; None when a word is longer than so many characters."""
        words = text.replace("\n", " ").replace("\t", " ").replace("\r", " ").split(" ")
        table = self._table
        unknown = set(words).difference(table.places)
        if unknown:
            if any(len(run) > longest for word in unknown if len(word) > longest for run in word.split()):
                return None
            table.add(unknown, self._tokenizer)
            if table.size > MOST_KEPT:
                self._table = _Table()
        places = np.fromiter(map(table.places.__getitem__, words), np.int64, len(words))
        return table.joined(places, _starts(words))


class _Table:
    """Words with their tokens, one after the other; it only ever grows."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {"": 0}
        self.size = 0
        self._tokens = 0
        self._borders = np.zeros(2, np.int64)
        self._placed = Placed(np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0, np.int64))
        self._adding = threading.Lock()

    def add(self, words: Iterable[str], tokenizer: Tokenizer) -> None:
        """Have the words tokenised and keep them."""
        with self._adding:
            for some in _at_once([word for word in words if word not in self.places]):
                self._keep(some, _read(" ".join(some), tokenizer))

    def joined(self, places: NDArray[np.int64], starts: NDArray[np.int64]) -> Placed:
        """The tokens of words known by their places in the table, each of which starts at a character."""
        borders, placed = self._borders, self._placed
        first = borders[places]
        counts = borders[places + 1] - first
        before = np.cumsum(counts) - counts
        taken = np.arange(counts.sum()) + np.repeat(first - before, counts)
        shift = np.repeat(starts, counts)
        return Placed(placed.ids[taken], placed.starts[taken] + shift, placed.ends[taken] + shift)

    def _keep(self, words: Sequence[str], read: Placed) -> None:
        """Add the words with the tokens of all of them, read with a blank between each two."""
        starts = _starts(words)
        owner = np.searchsorted(starts, read.starts, side="right") - 1
        shift = starts[owner]
        counts = np.bincount(owner, minlength=len(words))
        known = len(self.places)
        # Whoever joins meanwhile has either the old arrays or the new ones, and no place beyond them.
        self._placed = Placed(
            _extended(self._placed.ids, read.ids, self._tokens),
            _extended(self._placed.starts, read.starts - shift, self._tokens),
            _extended(self._placed.ends, read.ends - shift, self._tokens),
        )
        self._borders = _extended(self._borders, self._tokens + np.cumsum(counts), known + 1)
        self._tokens += len(read.ids)
        self.size += sum(map(len, words)) + _A_WORD * len(words) + _A_TOKEN * len(read.ids)
        self.places.update(zip(words, range(known, known + len(words)), strict=True))


def _starts(words: Sequence[str]) -> NDArray[np.int64]:
    """Where each word begins in a text with a blank between each two."""
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    starts: NDArray[np.int64] = np.cumsum(lengths + 1) - lengths - 1
    return starts


def _read(text: str, tokenizer: Tokenizer) -> Placed:
    # Of a batch, even of one: only then does the tokenizer let other threads run meanwhile.
    [encoding] = tokenizer.encode_batch([text], add_special_tokens=False)
    spans = np.asarray(encoding.offsets, np.int64).reshape(-1, 2)
    return Placed(np.asarray(encoding.ids, np.int32), spans[:, 0], spans[:, 1])


def _at_once(words: Sequence[str]) -> Iterable[Sequence[str]]:
    """The words in parts that are tokenised at once."""
    first, length = 0, 0
    for place, word in enumerate(words):
        length += len(word) + 1
        if length > AT_ONCE:
            yield words[first : place + 1]
            first, length = place + 1, 0
    if first < len(words):
        yield words[first:]


def _extended(own: NDArray[Number], more: NDArray[Number], used: int) -> NDArray[Number]:
    """The array with `more` behind the part that is used; with room for as much again where it was full."""
    needed = used + len(more)
    if needed > len(own):
        larger = np.empty(2 * needed, own.dtype)
        larger[:used] = own[:used]
        own = larger
    own[used:needed] = more
    return own
