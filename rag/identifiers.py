"""What a question wants found to the letter: quoted phrases, part numbers, error codes, identifiers.

Pure text: it searches nothing. Numbers alone (years, amounts), ordinals (3rd, 1990s) and measures
(10km, 5pm) are no codes.
"""

from __future__ import annotations

import re

#: Phrases in quotation marks, which hold no mark of their kind, and end.
_QUOTED = re.compile(
    r'"([^"\n]{2,300})"|“([^“”\n]{2,300})”|„([^„“”\n]{2,300})[“”]|«([^«»\n]{2,300})»|「([^「」\n]{1,300})」'
)
#: Letters and digits of the scripts that codes are written in; between Chinese words nothing parts them.
SIGN = "0-9A-Za-z\u00c0-\u024f\u0370-\u04ff"
#: A run of them with the marks that hold codes together.
_RUN = re.compile(rf"[{SIGN}]+(?:[-_./:#+][{SIGN}]+)*")
_ORDINAL_OR_MEASURE = re.compile(
    r"\d+(?:st|nd|rd|th|s|am|pm|bn|m|k|[kcm]?m|[km]?g|km|cm|mm|[kmgt]b|[kmg]?w|kwh|[kmg]?hz|mph|km/h|ml|l|v|a|d|x|px|%)?",
    re.IGNORECASE,
)
#: Letters and digits of the shortest code: MP3 and Q3 stand for too much else.
SHORTEST = 4
#: Shorter runs of letters (p-118b, err-7) are parts of codes.
SHORTEST_WORD = 3
#: Words of the longest question that asks for what it quotes; a whole description quotes to set words apart.
LONGEST_ASKING = 60
#: Terms of a question that are looked for, its first ones: a pasted log has hundreds.
MOST_TERMS = 24


def exact_terms(question: str) -> tuple[str, ...]:
    """The phrases in quotation marks and the codes of a question, as written, each once.

    At most MOST_TERMS. A text of more than LONGEST_ASKING words asks for its codes only.
    """
    asks = len(question.split()) <= LONGEST_ASKING
    quoted = [next(filter(None, match.groups())).strip() for match in _QUOTED.finditer(question)]
    codes = [run for run in _RUN.findall(_QUOTED.sub(" ", question)) if is_code(run)]
    terms = dict.fromkeys(term for term in (*(quoted if asks else ()), *codes) if term)
    return tuple(terms)[:MOST_TERMS]


def is_code(word: str) -> bool:
    """Whether a word looks like an identifier: letters with digits, or words held by underscores."""
    if word.isalpha():
        return False
    signs = [letter for letter in word if letter.isalnum()]
    if len(signs) < SHORTEST or (len(signs) == SHORTEST and signs[0].isdigit()):
        return False
    if all(_ORDINAL_OR_MEASURE.fullmatch(part) or _is_word(part) for part in re.split(r"[-/]", word)):
        return False
    has_digit = any(letter.isdigit() for letter in signs)
    has_letter = any(letter.isalpha() for letter in signs)
    return (has_digit and has_letter) or "_" in word


def _is_word(part: str) -> bool:
    """Whether a part of 25-year-old or 19th-century is an ordinary word."""
    return len(part) >= SHORTEST_WORD and part.isalpha() and part[1:].islower()


def holds_term(text: str, term: str) -> bool:
    """Whether a text has the term to the letter, in any case, and not as a part of a longer code."""
    pattern = r"\s+".join(re.escape(part) for part in term.split())
    return re.search(rf"(?<![{SIGN}]){pattern}(?![{SIGN}])", text, re.IGNORECASE) is not None
