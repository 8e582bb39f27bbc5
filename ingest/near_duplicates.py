"""Documents that say nearly the same: a signature of each text, and which signatures are alike.

MinHash over runs of words: the share of equal places in two signatures estimates which share of the
runs the texts have in common. It compares no meanings; a translation is no near-duplicate.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

#: Texts with at least this share of their word runs in common count as nearly the same.
ALIKE = 0.8
#: Numbers in a signature: more estimate better (0.035 off at 0.8), and cost two bytes each.
PLACES = 128
#: Words in a run.
RUN = 4
#: Texts of fewer words are alike by chance.
FEWEST_WORDS = 20
#: Words looked at, spread evenly over a longer text in whole stretches.
MOST_WORDS = 200_000
_BANDS = 32
#: Runs hashed at once: what they take stays in a processor's own cache.
_BLOCK = 512
# Chinese, Japanese and Korean are written without blanks: each sign counts as a word.
_SIGNS = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(f"[{_SIGNS}]|[^\\W_{_SIGNS}]+")
_numbers = np.random.default_rng(20240501)
_FACTORS = _numbers.integers(1, 2**63, PLACES, dtype=np.uint64) | np.uint64(1)
_OFFSETS = _numbers.integers(0, 2**63, PLACES, dtype=np.uint64)


def signature(text: str) -> bytes:
    """The signature of a text, PLACES little-endian uint16; empty for a text too short to tell."""
    words = _words(text)
    if len(words) < FEWEST_WORDS:
        return b""
    # Each different word once: a long text has twenty times as many.
    checksums = {word: zlib.crc32(word.encode("utf-8", "replace")) for word in set(words)}
    hashed = np.fromiter(map(checksums.__getitem__, words), np.uint64, len(words))
    runs = np.zeros(len(hashed) - RUN + 1, np.uint64)
    for place in range(RUN):
        runs = runs * np.uint64(0x9E3779B97F4A7C15) + hashed[place : place + len(runs)]
    runs ^= runs >> np.uint64(29)
    least = np.full(PLACES, np.iinfo(np.uint64).max, np.uint64)
    for start in range(0, len(runs), _BLOCK):
        mixed = runs[start : start + _BLOCK, None] * _FACTORS + _OFFSETS
        least = np.minimum(least, (mixed ^ (mixed >> np.uint64(32))).min(axis=0))
    return (least & np.uint64(0xFFFF)).astype("<u2").tobytes()


def near_duplicates(signatures: Mapping[str, bytes]) -> dict[str, list[tuple[str, float]]]:
    """For each document with near-duplicates these and how alike they are (0 to 1), most alike first."""
    documents = [document for document, own in signatures.items() if len(own) == 2 * PLACES]
    if len(documents) < 2:
        return {}
    matrix = np.frombuffer(b"".join(signatures[document] for document in documents), "<u2").reshape(
        -1, PLACES
    )
    found: dict[str, list[tuple[str, float]]] = {}
    for first, second in _candidates(matrix):
        alike = float(np.mean(matrix[first] == matrix[second]))
        if alike >= ALIKE:
            found.setdefault(documents[first], []).append((documents[second], alike))
            found.setdefault(documents[second], []).append((documents[first], alike))
    for own in found.values():
        own.sort(key=lambda each: (-each[1], each[0]))
    return found


def _words(text: str) -> list[str]:
    words = _WORD.findall(text.casefold())
    if len(words) <= MOST_WORDS:
        return words
    stretches = 20
    length, step = MOST_WORDS // stretches, len(words) // stretches
    return [word for part in range(stretches) for word in words[part * step : part * step + length]]


def _candidates(matrix: NDArray[np.uint16]) -> Iterator[tuple[int, int]]:
    """Pairs of rows that agree in a whole band: those that are alike nearly surely, and few others."""
    seen: set[tuple[int, int]] = set()
    width = PLACES // _BANDS
    for band in range(_BANDS):
        part = np.ascontiguousarray(matrix[:, band * width : (band + 1) * width])
        keys = part.view("<u8").ravel()
        order = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(np.diff(keys[order], prepend=~keys[order[0]]))
        ends = np.append(starts[1:], len(order))
        crowded = ends - starts > 1
        for start, end in zip(starts[crowded], ends[crowded], strict=True):
            for pair in _pairs(order[start:end].tolist()):
                if pair not in seen:
                    seen.add(pair)
                    yield pair


def _pairs(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """All pairs of a few rows; of a crowd each with the next ones, or they would be millions."""
    reach = len(rows) if len(rows) <= 200 else 20
    for place, first in enumerate(rows):
        for second in rows[place + 1 : place + 1 + reach]:
            yield (first, second)
