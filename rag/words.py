"""The words of a text that carry meaning, cut so that forms of one word agree.

English by its word list and endings; in other languages words agree only when they are alike. It
knows no meanings: likeness of meaning is the embedder's.
"""

from __future__ import annotations

import re
from functools import lru_cache

FUNCTION_WORDS = frozenset(
    """a an and are as at be been but by can could did do does for from had has have he her his how i if in
    into is it its me my of on or our she should so such than that the their them there these they this those
    to us was we were what when where which who whom whose why will with would you your
    ? . , ! : ; ' " ( ) -""".split()
)
_WORD = re.compile(r"[^\W_]+(?:[.,'’-][^\W_]+)*")
_POSSESSIVE = ("'s", "’s")
#: Longest first. An ending goes when at least SHORTEST letters stay.
_ENDINGS = (
    "ations", "ments", "ation", "ingly", "ings", "edly", "ment", "ing", "ies", "ied", "ed", "es", "ly", "s",
)  # fmt: skip
SHORTEST = 4


def words(text: str) -> list[str]:
    """The words and numbers of a text as written, in order; 3.5, P-118B and don't are one each."""
    return _WORD.findall(text)


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """A word in small letters without its ending: opens, opened and opening give the same."""
    lowered = word.casefold()
    if lowered.endswith(_POSSESSIVE):
        lowered = lowered[:-2]
    for ending in _ENDINGS:
        if lowered.endswith(ending) and len(lowered) - len(ending) >= SHORTEST:
            return lowered[: -len(ending)]
    return lowered


def content_stems(text: str) -> set[str]:
    """The stems of a text's words, function words left out."""
    return {stem(word) for word in words(text) if word.casefold() not in FUNCTION_WORDS}
