"""What a row of a table holds, how chunks become rows and rows hits, and how filters are spelled.

It opens no table. Filters are typed expressions whose literals LanceDB quotes itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from rag.embedders import Embedder
from rag.settings import EmbeddingSettings
from rag.types import Chunk, Filters, Hit, Vector

#: Columns every search returns; the vector and the token bits come only when asked for.
CHUNK_COLUMNS = (
    "id", "document_id", "document", "text", "embedded_text", "title", "headings", "page", "start", "end",
    "mime_type", "tags",
)  # fmt: skip


def row_schema(settings: EmbeddingSettings, embedder: Embedder) -> pa.Schema:
    """The row of a table; `id` is its unenforced primary key.

    Only `id` and `embedded_text` must be given; the table makes the vector itself.
    Other programs add models or Arrow with a non-null `id`: LanceDB refuses plain dicts for a table
    with a primary key, because it takes their columns to be nullable.
    """
    from lancedb.pydantic import LanceModel
    from lancedb.pydantic import Vector as VectorColumn
    from pydantic import Field

    from rag.embedding_function import embedding_function

    function = embedding_function(settings, embedder)

    class Row(LanceModel):  # type: ignore[misc]
        id: str
        document_id: str | None = None
        document: str | None = None
        text: str | None = None
        embedded_text: str = function.SourceField()
        title: str | None = None
        headings: str | None = None
        page: int | None = None
        start: int | None = None
        end: int | None = None
        mime_type: str | None = None
        tags: list[str] | None = None
        authors: list[str] | None = None
        dated: date | None = None
        added_at: datetime | None = Field(default=None, json_schema_extra={"tz": "UTC"})
        vector: VectorColumn(embedder.dimension) | None = function.VectorField(default=None)  # type: ignore[valid-type]
        token_bits: bytes | None = None

    schema = Row.to_arrow_schema()
    # Set here rather than later, so that no table is ever seen without its key.
    key = schema.field("id").with_metadata({"lance-schema:unenforced-primary-key:position": "1"})
    return schema.set(schema.get_field_index("id"), key)


def arrow_rows(
    schema: pa.Schema, chunks: Sequence[Chunk], vectors: Vector, token_bits: Sequence[bytes]
) -> pa.Table:
    now = datetime.now(UTC)
    dimension = vectors.shape[1]
    flat = pa.array(np.ascontiguousarray(vectors, np.float32).ravel())
    columns: dict[str, Any] = {
        "id": [chunk.id for chunk in chunks],
        "document_id": [chunk.document_id for chunk in chunks],
        "document": [chunk.document for chunk in chunks],
        "text": [chunk.text for chunk in chunks],
        "embedded_text": [chunk.embedded_text for chunk in chunks],
        "title": [chunk.title for chunk in chunks],
        "headings": [chunk.headings for chunk in chunks],
        "page": [chunk.page for chunk in chunks],
        "start": [chunk.start for chunk in chunks],
        "end": [chunk.end for chunk in chunks],
        "mime_type": [chunk.mime_type for chunk in chunks],
        "tags": [list(chunk.tags) for chunk in chunks],
        "authors": [list(chunk.authors) or None for chunk in chunks],
        "dated": [chunk.dated for chunk in chunks],
        "added_at": [now] * len(chunks),
        "vector": pa.FixedSizeListArray.from_arrays(flat, dimension),
        "token_bits": list(token_bits),
    }
    arrays = [
        columns[own.name] if own.name == "vector" else pa.array(columns[own.name], own.type) for own in schema
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def chunk_of(row: dict[str, Any]) -> Chunk:
    """The passage of a row; one that another program added may hold nothing but an id and its text."""
    text = row["text"] or row["embedded_text"]
    start = row["start"] or 0
    header = row["embedded_text"][: -len(text)].rstrip("\n") if row["embedded_text"].endswith(text) else ""
    return Chunk(
        id=row["id"],
        document_id=row["document_id"] or "",
        document=row["document"] or row["document_id"] or row["id"],
        text=text,
        header=header,
        title=row["title"] or "",
        headings=row["headings"] or "",
        page=row["page"],
        start=start,
        end=row["end"] or start + len(text),
        mime_type=row["mime_type"] or "",
        tags=tuple(row["tags"] or ()),
    )


def hit_of(row: dict[str, Any], stage: str, rank: int, score: float) -> Hit:
    vector = row.get("vector")
    return Hit(
        chunk=chunk_of(row),
        scores={stage: float(score)},
        ranks={stage: rank},
        vector=None if vector is None else np.asarray(vector, np.float32),
        token_bits=row.get("token_bits"),
    )


def restricted(query: Any, filters: Filters) -> Any:
    """The query with what a passage must fit, looked at before anything is ranked."""
    wanted = condition(filters)
    return query.where(wanted) if wanted else query


def condition(filters: Filters) -> str:
    """What a passage must fit, in SQL; empty where every one does."""
    return " AND ".join(f"({own})" for own in _conditions(filters))


def _conditions(filters: Filters) -> Iterator[str]:
    if filters.documents:
        yield document_filter(filters.documents).to_sql()
    if filters.mime_types:
        yield column("mime_type").isin(list(filters.mime_types)).to_sql()
    for name, values in (("tags", filters.tags), ("authors", filters.authors)):
        if values:
            # The expression builder knows no array functions, so this one call is spelled out
            # around literals that the builder itself has quoted.
            yield " OR ".join(f"array_has({name}, {literal(value).to_sql()})" for value in values)
    if filters.since:
        yield (column("dated") >= literal(filters.since)).to_sql()
    if filters.until:
        yield (column("dated") <= literal(filters.until)).to_sql()
    if filters.first_page is not None:
        yield (column("page") >= literal(filters.first_page)).to_sql()
    if filters.last_page is not None:
        yield (column("page") <= literal(filters.last_page)).to_sql()


def document_filter(document_ids: Iterable[str]) -> Any:
    return column("document_id").isin(sorted(set(document_ids)))


def near_filter(chunks: Sequence[Chunk], most: int) -> Any:
    """Rows of the same documents whose passages begin within about `most` passages of one of these."""
    reach = 2 * most * max(len(chunk.text) for chunk in chunks)
    near = None
    for chunk in chunks:
        own = (
            (column("document_id") == literal(chunk.document_id))
            & (column("start") >= literal(chunk.start - reach))
            & (column("start") <= literal(chunk.end + reach))
        )
        near = own if near is None else near | own
    return near


def column(name: str) -> Any:
    from lancedb.expr import col

    return col(name)


def literal(value: str | int | date) -> Any:
    from lancedb.expr import lit

    return lit(value)
