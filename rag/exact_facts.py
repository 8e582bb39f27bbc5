"""Numbers, dates, names and negations of a text, in forms that can be compared exactly.

1,200 and 1200, twelve and 12, March and 2024-03 are the same; that is all it understands. Words for
numbers and months are English; what is a name shows by its capital, so where most words have one
(German, titles) none is told. Nothing here judges whether a text is true.
"""

from __future__ import annotations

import re
import unicodedata

from rag.words import FUNCTION_WORDS, stem, words

_NUMBER = re.compile(
    r"(?<![\w.,])\d{1,3}(?:[,.'’\u00a0\u202f ]\d{3})+(?:[.,]\d+)?(?![\d])|\d+(?:[.,]\d+)?", re.UNICODE
)
_ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_SCALE_AFTER = re.compile(r"\s*-?\s*(thousand|million|billion|trillion)\b", re.IGNORECASE)
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_GROUPED = re.compile(r"\d{1,3}(?:([,.'’\u00a0\u202f ])\d{3})+")
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
        "sixteen seventeen eighteen nineteen twenty".split()
    )
} | {
    word: str(10 * value)
    for value, word in enumerate("thirty forty fifty sixty seventy eighty ninety hundred".split(), start=3)
}
#: Written as words these are seldom what a sentence is about: "both", "the two sides" count nothing.
_NO_COUNT = frozenset("zero one two three four five six seven eight nine ten".split())
_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march",),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sep", "sept"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for name in names
}
_NEGATION = re.compile(r"\b(?:no|not|never|cannot|nicht|kein\w*|nie|niemals)\b|n['’]t\b", re.IGNORECASE)
#: From this share of capitalised words on, a capital tells nothing.
_CAPITALS_TELL_BELOW = 0.5
#: Letters that two forms of a name have in common at least.
_SHORTEST_FORM = 3


def numbers(text: str) -> dict[str, str]:
    """The numbers of a text: normal form, as `1200.5` or `month 3`, to how it is written there."""
    found: dict[str, str] = {}
    for match in _ISO_DATE.finditer(text):
        year, month, day = match.groups()
        found |= {year: year, f"month {int(month)}": match.group(), str(int(day)): match.group()}
    text = _ISO_DATE.sub(" ", text)
    for match in _NUMBER.finditer(text):
        written = match.group()
        value = _normal(written)
        scale = _SCALE_AFTER.match(text, match.end())
        if scale:
            written += scale.group()
            value = _scaled(value, _SCALES[scale.group(1).lower()])
        found.setdefault(value, written)
    for word in words(text):
        lowered = word.casefold()
        if lowered in _NUMBER_WORDS and lowered not in _NO_COUNT:
            found.setdefault(_NUMBER_WORDS[lowered], word)
        elif lowered in _MONTHS and word[0].isupper():
            found.setdefault(f"month {_MONTHS[lowered]}", word)
    return found


def number_forms(text: str) -> set[str]:
    """Every form in which `numbers` of another text may agree with this one's."""
    known = set(numbers(text)) | {
        _NUMBER_WORDS[word.casefold()] for word in words(text) if word.casefold() in _NUMBER_WORDS
    }
    # "5.2 million people" is also what a table headed "in millions" gives as 5.2.
    return known | {_normal(match.group()) for match in _NUMBER.finditer(text)}


def names(text: str) -> dict[str, str]:
    """Words with a capital inside a sentence, and words all of capitals: folded form to how it is written.

    Empty where most words have a capital. The first word counts when the second has one, too.
    """
    own = [word for word in words(text) if word[0].isalpha()]
    telling = [word for word in own if len(word) > 3]
    capitals = [word for word in telling if word[0].isupper()]
    if len(telling) > 6 and len(capitals) >= _CAPITALS_TELL_BELOW * len(telling):
        return {}
    found: dict[str, str] = {}
    for place, word in enumerate(own):
        lowered = word.casefold()
        if len(word) < 2 or lowered in FUNCTION_WORDS or lowered in _MONTHS or lowered in _NUMBER_WORDS:
            continue
        after_capital = place + 1 < len(own) and own[place + 1][0].isupper()
        acronym = word.isupper()
        if acronym or (word[0].isupper() and (place > 0 or after_capital)):
            found.setdefault(_folded(word), word)
    return found


def folded_words(text: str) -> set[str]:
    """The words of a text in the form in which names are compared."""
    return {_folded(word) for word in words(text)}


def is_named(name: str, among: set[str]) -> bool:
    """Whether a name, folded, is one of these words or a form of one: German and Germany, MVP and MVPs."""
    if name in among:
        return True
    if len(name) < _SHORTEST_FORM:
        return False
    return any(
        len(word) >= _SHORTEST_FORM and (word.startswith(name) or name.startswith(word)) for word in among
    )


def negated(text: str) -> bool:
    """Whether a word of the text denies something."""
    return _NEGATION.search(text) is not None


def _folded(word: str) -> str:
    apart = unicodedata.normalize("NFKD", stem(word.replace("’", "'").removesuffix("'s")))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _normal(written: str) -> str:
    grouped = _GROUPED.match(written)
    if grouped:
        whole = re.sub(r"\D", "", grouped.group())
        written = whole + written[grouped.end() :]
    written = written.replace(",", ".").lstrip("0") or "0"
    if written.startswith("."):
        written = f"0{written}"
    return written.rstrip("0").rstrip(".") if "." in written else written


def _scaled(value: str, scale: int) -> str:
    whole, _, fraction = value.partition(".")
    zeros = len(str(scale)) - 1
    digits = (fraction + "0" * zeros)[:zeros]
    return str(int(whole + digits)) if len(fraction) <= zeros else value
