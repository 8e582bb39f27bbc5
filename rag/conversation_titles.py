"""A conversation's title out of its first question: its beginning, cut between words. It asks no model."""

from __future__ import annotations

TITLE_CHARACTERS = 60


def title_from(question: str) -> str:
    """The question on one line, as far as a list has room."""
    title = " ".join(question.split())
    if len(title) <= TITLE_CHARACTERS:
        return title
    cut = title[:TITLE_CHARACTERS]
    at_word = cut.rpartition(" ")[0] if title[TITLE_CHARACTERS] != " " else cut
    # Scripts without spaces, and single long words, are cut where they are.
    return f"{at_word or cut}…"
