"""Whether a sentence speaks of another article, invoice or machine than the one that a question names.

Codes and long numbers of one make (KP-300 and KP-100, 2025003 and 2025004) tell things apart. Pure text: it
searches nothing, and says nothing of sentences without such a code.
"""

from __future__ import annotations

import re

from rag.identifiers import exact_terms, holds_term

#: A number of fewer digits may be a year or an amount.
SHORTEST_NUMBER = 5
_NUMBER = re.compile(rf"(?<![\w.,-])\d{{{SHORTEST_NUMBER},}}(?![\w-]|[.,]\d)")
_RUN = re.compile(r"[^\W_]+(?:[-_./:#+][^\W_]+)*")
_DIGITS = re.compile(r"\d+")


def asked_codes(question: str) -> tuple[str, ...]:
    """The codes and long numbers of a question, without its quoted phrases."""
    codes = [term for term in exact_terms(question) if any(map(str.isdigit, term)) and " " not in term]
    return tuple(dict.fromkeys([*codes, *_NUMBER.findall(question)]))


def speaks_of_another(text: str, codes: tuple[str, ...]) -> bool:
    """Whether a text has a code of the make of those asked for, and none of these."""
    if not codes or any(holds_term(text, code) for code in codes):
        return False
    makes = {make_of(code) for code in codes}
    return any(make_of(run) in makes for run in _RUN.findall(text))


def make_of(code: str) -> str:
    """What codes of one kind have in common: their letters and marks, or a mere number's length."""
    return f"{len(code)} digits" if code.isdigit() else _DIGITS.sub("0", code.casefold())
