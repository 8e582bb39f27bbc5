"""Several questions in one message, told apart by its form in English and German.

Quotes are chosen by how well they fit the whole of a question, so that of three questions at once none may
be answered. It answers nothing itself; it says which the questions are.
"""

from __future__ import annotations

import re

from rag.words import FUNCTION_WORDS, words

_ASKING = (
    r"(?:who|whom|whose|what|when|where|which|why|how|wer|wen|wem|wessen|was|wann|wo|woher|wohin|warum|wieso"
    r"|wie|welche[rsmn]?)\b"
)
#: Between questions: the end of one, or an "and" before a word that asks.
_ENDS = re.compile(r"\?\s+")
_AND = re.compile(rf"\s*,?\s+(?:and|und)\s+(?={_ASKING})", re.IGNORECASE)
#: Between the first ones of several; by itself it may begin a clause ("the pump, which …").
_COMMA = re.compile(rf"\s*,\s+(?={_ASKING})", re.IGNORECASE)
#: A longer text is a description or something pasted, and its commas part no questions.
LONGEST = 60


def questions_in(text: str) -> list[str]:
    """The questions of a message that asks several; none for any other."""
    if len(text.split()) > LONGEST:
        return []
    found: list[str] = []
    sentences = _ENDS.split(text.strip())
    if not (sentences[-1].endswith("?") or re.match(_ASKING, sentences[-1], re.IGNORECASE)):
        # What follows the last question, as thanks.
        sentences = sentences[:-1] or sentences
    for sentence in sentences:
        parts = _AND.split(sentence)
        if len(parts) > 1:
            parts = [*_COMMA.split(parts[0]), *parts[1:]]
        found += parts if all(map(_says_something, parts)) else [sentence]
    asked = [part.strip(" ?,;") for part in found if _says_something(part)]
    return asked if len(asked) > 1 else []


def one_by_one(text: str) -> list[str]:
    """What to tell of several questions at once, in a sentence; nothing for one."""
    asked = questions_in(text)
    listed = ", ".join(f"“{question}?”" for question in asked)
    return [f"These are {len(asked)} questions at once. Ask them one by one: {listed}"] if asked else []


def _says_something(part: str) -> bool:
    """Whether a part is more than a word that asks: "where" and "how long" need what follows."""
    own = [word.casefold() for word in words(part)]
    telling = [word for word in own if word not in FUNCTION_WORDS and not re.fullmatch(_ASKING, word)]
    return len(own) > 2 and bool(telling)
