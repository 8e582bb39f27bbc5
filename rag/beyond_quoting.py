"""What some questions ask for that quotes cannot give: a summary, a comparison, a sum, a whole list.

Told by the question's form, in English and German. It decides nothing; it is said beside the quotes, or
beside a refusal, so that a few quotes do not pass for all there is.
"""

from __future__ import annotations

import re

_BEGIN = r"\A\W*(?:please\s+|bitte\s+|can you\s+|could you\s+|kannst du\s+)*"
_TASKS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (what, re.compile(pattern, re.IGNORECASE))
    for what, pattern in (
        (
            "sum up a text",
            rf"{_BEGIN}(?:summari[sz]e\b|sum up\b|(?:give me )?(?:an? |the )?(?:short |brief )?"
            r"(?:summary|overview) of\b|fass(?:e|t)?\b.*\bzusammen\b|(?:eine )?zusammenfassung\b)",
        ),
        (
            "compare documents",
            rf"{_BEGIN}(?:compare\b|vergleiche?\b|what (?:has |have |is )?(?:changed|different)\b"
            r"|was (?:hat|haben) sich\b.*\bgeändert)",
        ),
        (
            "add up or count",
            rf"{_BEGIN}(?:(?:what is |calculate )?(?:the )?(?:sum|average|grand total) of|add up|count)\b"
            r"|\bhow (?:many|much)\b.*\b(?:altogether|in total|in all)\W*\Z|\b(?:summe|durchschnitt) aller\b",
        ),
        (
            "list all there is",
            rf"{_BEGIN}(?:(?:list|show|name|give|tell)(?: me)? (?:all|every|each)|list (?:the|my|our))\b"
            rf"|{_BEGIN}(?:nenne|liste|zeige?)\b.*\balle\b",
        ),
        (
            "translate or write anew",
            rf"{_BEGIN}(?:translate|rewrite|rephrase|(?:write|draft|compose) (?:me )?an?"
            r"|übersetze|schreibe?)\b",
        ),
    )
)


def cannot(question: str) -> list[str]:
    """What the built-in answerer cannot do of a question, in a sentence; none where it can."""
    return [
        f"The built-in answerer only quotes: it cannot {what}. A chat model, chosen in the settings, can."
        for what, pattern in _TASKS
        if pattern.search(question)
    ][:1]
