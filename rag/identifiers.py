"""What a question wants found to the letter: quoted phrases, part numbers, error codes, identifiers.

Pure text: it searches nothing. Numbers alone (years, amounts), ordinals (3rd, 1990s) and measures
(10km, 5pm) are no codes.
"""

from __future__ import annotations

import re

_QUOTED = re.compile(r'"([^"\n]{2,})"|“([^”\n]{2,})”|„([^“”\n]{2,})[“”]|«([^»\n]{2,})»|「([^」\n]+)」')
#: A run of letters and digits with the marks that hold codes together.
_RUN = re.compile(r"[^\W_]+(?:[-_./:#+][^\W_]+)*")
_ORDINAL_OR_MEASURE = re.compile(
    r"\d+(?:st|nd|rd|th|s|am|pm|bn|m|k|[kcm]?m|[km]?g|km|cm|mm|[kmgt]b|[kmg]?w|kwh|[kmg]?hz|mph|km/h|ml|l|v|a|d|x|px|%)?",
    re.IGNORECASE,
)
#: Shortest code: B2 and Q3 stand for too much else.
SHORTEST = 4


def exact_terms(question: str) -> tuple[str, ...]:
    """The phrases in quotation marks and the codes of a question, as written, each once."""
    quoted = [next(filter(None, match.groups())).strip() for match in _QUOTED.finditer(question)]
    codes = [run for run in _RUN.findall(_QUOTED.sub(" ", question)) if is_code(run)]
    return tuple(dict.fromkeys(term for term in (*quoted, *codes) if term))


def is_code(word: str) -> bool:
    """Whether a word looks like an identifier: letters with digits, or words held by underscores."""
    if len(word) < SHORTEST or _ORDINAL_OR_MEASURE.fullmatch(word):
        return False
    has_digit = any(letter.isdigit() for letter in word)
    has_letter = any(letter.isalpha() for letter in word)
    return (has_digit and has_letter) or "_" in word


def holds_term(text: str, term: str) -> bool:
    """Whether a text has the term to the letter, in any case, and not as a part of a longer code."""
    pattern = r"\s+".join(re.escape(part) for part in term.split())
    return re.search(rf"(?<![^\W_]){pattern}(?![^\W_])", text, re.IGNORECASE) is not None
