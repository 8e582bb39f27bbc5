"""Which expected passages a filter lets through, and which of its parts leaves the others out.

It looks passages up and ranks none; the filter is the one that a search gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.expected_passage import Expected
from rag.several_tables import Searched
from rag.types import EVERYTHING, Chunk, Filters

#: Parts of a filter as people choose them: in words, and by name.
PARTS = (
    ("its document", ("documents",)),
    ("its tags", ("tags",)),
    ("its type", ("mime_types",)),
    ("its author", ("authors",)),
    ("its date", ("since", "until")),
    ("its page", ("first_page", "last_page")),
)


def let_through(expected: Expected, table: Searched, filters: Filters) -> list[Chunk]:
    """The expected passages that the filter leaves in the search."""
    document_id = expected.record.document_id
    if filters.documents and document_id not in filters.documents:
        return []
    return [own for own in table.chunks(document_id, filters) if own.id in expected.passage_ids]


def left_out_by(expected: Expected, table: Searched, filters: Filters) -> list[str]:
    """Which parts, each by itself, leave every expected passage out; all of them when only together."""
    given = [
        (words, names)
        for words, names in PARTS
        if any(getattr(filters, name) != getattr(EVERYTHING, name) for name in names)
    ]
    alone = [words for words, names in given if not let_through(expected, table, _only(filters, names))]
    return alone or [words for words, _ in given]


def _only(filters: Filters, names: Sequence[str]) -> Filters:
    return replace(EVERYTHING, **{name: getattr(filters, name) for name in names})
