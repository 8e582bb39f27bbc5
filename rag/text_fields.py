"""The fields that the search by words reads, what a word weighs in each, and how a question asks them.

It opens no table and searches nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from rag.retrieval_settings import RetrievalSettings

#: Columns with a full-text index from the start: what is embedded, and the passages' own text.
BASES = ("embedded_text", "text")
#: Columns that say what a document is called; the better of the two counts, since most often they are alike.
TITLES = ("title", "document")
HEADINGS = "headings"
#: Columns whose index a table of an earlier version lacks until its next upkeep.
BOOSTED = (*TITLES, HEADINGS)
#: A question beyond this many different words is searched by its first ones.
MOST_QUERY_WORDS = 256


def fields_of(settings: RetrievalSettings) -> dict[str, float]:
    """What a word weighs in each column that these settings search."""
    weights = dict.fromkeys(TITLES, settings.title_boost) | {HEADINGS: settings.heading_boost}
    return {settings.words_in: 1.0} | {column: weight for column, weight in weights.items() if weight}


def query_words(query: str) -> str:
    """The query's different words in order; lone surrogates, which Arrow refuses, are dropped."""
    clean = query.encode("utf-8", "ignore").decode("utf-8").replace("\0", " ")
    return " ".join(list(dict.fromkeys(clean.split()))[:MOST_QUERY_WORDS])


def text_query(words: str, fields: Mapping[str, float], indexed: Collection[str]) -> Any:
    """LanceDB's query for these words: the weighted sum of the fields' BM25, of titles the better one's.

    Boosted fields without an index are left out: LanceDB would read the whole column.
    """
    from lancedb.query import BooleanQuery, MatchQuery, MultiMatchQuery, Occur

    there = {
        column: weight for column, weight in fields.items() if column not in BOOSTED or column in indexed
    }
    titles = [column for column in TITLES if column in there]
    parts: list[Any] = [
        MatchQuery(words, column, boost=weight) for column, weight in there.items() if column not in titles
    ]
    if titles:
        parts.append(MultiMatchQuery(words, titles, boosts=[there[column] for column in titles]))
    return parts[0] if len(parts) == 1 else BooleanQuery([(Occur.SHOULD, part) for part in parts])
