"""What kind of thing a question asks for, and whether a text offers one that the question did not name.

Rules over English question words: a number, a date, a person, a place, a reason. A question of no
such kind expects nothing in particular. It judges form, never whether the thing is the right one.
"""

from __future__ import annotations

import re
from typing import Literal

from rag.words import words

Kind = Literal["number", "date", "name", "place", "reason"]

_QUESTIONS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (
        "number",
        re.compile(
            r"\bhow (?:many|much|long|far|old|tall|high|large|big|often|deep|fast|heavy|wide|late|early)\b"
            r"|\bpercentage\b|\bat what\b.*\b(?:pressure|age|temperature)\b"
            r"|\bwhat (?:percent|number|amount|age|temperature|pressure|price|cost|size|distance|length)\b"
            r"|\bwhat (?:is|are|was|were) the (?:\w+ ){0,3}"
            r"(?:number|amount|price|cost|rate|value|salary|total|height|weight|length)\b"
        ),
    ),
    ("date", re.compile(r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|decade|time)\b")),
    ("name", re.compile(r"\bwho(?:m|se)?\b")),
    (
        "place",
        re.compile(
            r"\bwhere\b|\b(?:what|which) (?:city|country|state|place|town|region|river|county|continent"
            r"|street|island|location)\b"
        ),
    ),
    ("reason", re.compile(r"\bwhy\b")),
)
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty"
    r"|hundred|thousand|million|billion|dozen|half|third|quarter|percent|once|twice|none|no|free)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b(?:1\d{3}|20\d{2}|\d+s|\d+:\d\d|century|bc|ad"
    r"|january|february|march|april|may|june|july|august|september|october|november|december"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    re.IGNORECASE,
)
_REASON = re.compile(
    r"\b(?:because|since|due to|so that|in order to|as a result|therefore|caused?|reason|otherwise"
    r"|to (?:avoid|prevent|protect|keep))\b",
    re.IGNORECASE,
)


def expected_kind(question: str) -> Kind | None:
    """The kind of thing asked for; None when the question's form does not tell."""
    folded = question.casefold()
    return next((kind for kind, pattern in _QUESTIONS if pattern.search(folded)), None)


def offers(kind: Kind | None, text: str, question: str) -> bool:
    """Whether `text` holds a thing of that kind that is not one of the question's own words."""
    if kind is None:
        return False
    if kind == "reason":
        return _REASON.search(text) is not None
    asked = {word.casefold() for word in words(question)}
    new = [word for word in words(text) if word.casefold() not in asked]
    if kind == "number":
        return _NUMBER.search(" ".join(new)) is not None
    if kind == "date":
        return _DATE.search(" ".join(new)) is not None
    capitals = sum(word[0].isupper() for word in new)
    # A sentence's first word is a capital whatever it names.
    begins = bool(new) and text.lstrip("\"'“‘«([*_ ").startswith(new[0])
    return capitals > (kind == "name" and begins and new[0][0].isupper())
