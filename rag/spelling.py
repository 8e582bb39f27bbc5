"""A word that no passage holds, misspelt perhaps: the word of the collection that it is most like.

The collection's own words are all that is known of spelling, and no word that stands in it, that the
embedder knows whole, that is quoted or that names somebody is taken for another. It ranks nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rag.embedders import Embedder
from rag.identifiers import exact_terms
from rag.text_fields import BASES
from rag.text_index import present
from rag.words import words

#: Letters of the shortest word looked at.
SHORTEST = 5
#: Two changes make other words: outflows and outlaws, dividends and divided.
MOST_CHANGES = 1
#: Passages whose words are compared.
PASSAGES = 20
#: Where every noun has a capital it is no sign of a name.
_CAPITAL_NOUNS = ("German",)


def strange_words(question: str, texts: Sequence[str], embedder: Embedder) -> list[str]:
    """The words of a question that may be misspelt: they stand in none of these texts."""
    quoted = {word for term in exact_terms(question) for word in words(term)}
    own = words(question)
    suspect = [
        word
        for word in dict.fromkeys([*(word.casefold() for word in own[:1]), *own[1:]])
        if len(word) >= SHORTEST
        and word.isalpha()
        and word not in quoted
        and len(embedder.token_spans(word)) > 1
    ]
    if not suspect:
        return []
    there = "\n".join(texts).casefold()
    return [word for word in suspect if word.casefold() not in there]


def as_spelt_in(table: Any, word: str, texts: Sequence[str]) -> str:
    """The word itself where it stands in a table, else the one that it is most like; "" where none is.

    Looked for in `texts`, passages found for the question, then in the index, which may lack the newest.
    """
    from lancedb import tokenize
    from lancedb.query import MatchQuery

    def found(query: Any, most: int) -> list[str]:
        search = table.search(query, query_type="fts").limit(most).select([BASES[0], "_score"])
        return [str(text) for text in search.to_arrow()[BASES[0]].to_pylist()]

    if found(MatchQuery(word, BASES[0]), 1):
        return word
    reads = present(table)
    if word[0].isupper() and reads.language not in _CAPITAL_NOUNS:
        return ""
    # A misspelt word is compared with what the index keeps, which are words without their endings.
    kept = [
        token.text
        for token in tokenize(word, base_tokenizer=reads.tokenizer, language=reads.language, stem=reads.cuts)
    ]
    near = nearest(word, texts)
    # Letters that changed places are two changes there.
    for wrong in (1, 2):
        if not near:
            like = MatchQuery(" ".join(kept), BASES[0], fuzziness=wrong, prefix_length=1)
            near = nearest(word, found(like, PASSAGES))
    return near


def nearest(word: str, texts: Sequence[str]) -> str:
    """The word of the texts that takes the fewest changes, the most frequent one of several; "" for none."""
    lowered = word.casefold()
    written = Counter(own for text in texts for own in words(text) if own.isalpha())
    best: tuple[int, int, str] | None = None
    for own, count in written.items():
        if own[:1].casefold() != lowered[:1] or abs(len(own) - len(word)) > MOST_CHANGES:
            continue
        changes = changes_between(lowered, own.casefold())
        if changes <= MOST_CHANGES and (best is None or (changes, -count) < best[:2]):
            best = (changes, -count, own)
    return best[2] if best else ""


def changes_between(first: str, other: str) -> int:
    """Letters added, left out, replaced, or changed with their neighbour, to make one word the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(first, start=1):
        earlier, before, row = before, row, [place]
        for own, wanted in enumerate(other, start=1):
            changes = min(before[own] + 1, row[own - 1] + 1, before[own - 1] + (letter != wanted))
            if place > 1 and own > 1 and letter == other[own - 2] and first[place - 2] == wanted:
                changes = min(changes, earlier[own - 2] + 1)
            row.append(changes)
    return row[-1]


def respelt(question: str, spelt: dict[str, str]) -> str:
    """The question with other words in the place of misspelt ones, in whatever case these are."""
    for word, other in spelt.items():
        question = re.sub(rf"\b{re.escape(word)}\b", other, question, flags=re.IGNORECASE)
    return question


def said(spelt: dict[str, str]) -> str:
    """What was searched for instead, in a sentence."""
    others = ", ".join(f"“{other}”" for other in spelt.values())
    asked = ", ".join(f"“{word}”" for word in spelt)
    stand = "stands" if len(spelt) == 1 else "stand"
    return f"Searched for {others}, since {asked} {stand} nowhere in your documents."
