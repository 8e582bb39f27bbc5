"""In which fields of a passage the search by words finds the question: title, file name, headings or text.

For explanations only: it asks the table once a field, for one document. It ranks nothing.
"""

from __future__ import annotations

from rag.several_tables import Searched
from rag.types import Chunk, Filters

#: What people call the columns.
FIELDS = {"title": "title", "document": "file name", "headings": "headings", "text": "text"}
#: Passages of a document that are looked through.
DEPTH = 1000


def matched_fields(question: str, chunk: Chunk, table: Searched) -> tuple[str, ...]:
    """The fields of this passage that hold a word of the question, as people call them."""
    own = Filters(documents=(chunk.document_id,))
    return tuple(
        name
        for column, name in FIELDS.items()
        if any(
            hit.chunk.id == chunk.id for hit in table.text_search(question, DEPTH, own, fields={column: 1.0})
        )
    )
