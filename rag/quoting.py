"""What the built-in answerer can do of an answer style: it quotes more or less, and says what it cannot.

It writes no sentence of its own, so it can neither draw up a table nor list steps. Nothing is quoted here.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.extract import ENOUGH, MOST_QUOTES
from rag.styles import STANDARD, Style

#: Times the words of `answer.quote_words` that a detailed answer may quote.
DETAILED_WORDS = 3
DETAILED_QUOTES = 8
#: Styles that quotes can follow.
FOLLOWED = frozenset({STANDARD, "short", "detailed", "quotes"})


@dataclass(frozen=True)
class Quoting:
    """How much is quoted: most words and quotes, and the chance of an answer from which it is enough.

    `note` tells the user what could not be followed.
    """

    most_words: int
    most_quotes: int = MOST_QUOTES
    enough: float = ENOUGH
    note: str = ""


def quoting(style: Style, quote_words: int) -> Quoting:
    """How the built-in answerer quotes in a style, when it quotes `quote_words` words at most otherwise."""
    if style.name == "short":
        # The best sentence alone may always be longer.
        return Quoting(1, most_quotes=1)
    if style.name == "detailed":
        # Sentences then go on for as long as they add something.
        return Quoting(quote_words * DETAILED_WORDS, most_quotes=DETAILED_QUOTES, enough=2.0)
    if style.name in FOLLOWED:
        return Quoting(quote_words)
    return Quoting(
        quote_words,
        note=f"The style “{style.title}” was not followed: the built-in answerer only quotes. "
        "A chat model, chosen in the settings, can write in it.",
    )
