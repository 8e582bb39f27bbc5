"""The only file that opens LanceDB tables: schema, indexes, adding, deleting, searching, upkeep.

One table a collection, one row a chunk. A document enters or leaves a table in one commit. Filters
are typed expressions, never text. Nothing here reads files, ranks across searches or knows pages.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from rag.collection_tables import CollectionTables, checked_table_name
from rag.database import open_database
from rag.embedders import Embedder, get_embedder
from rag.errors import CollectionNotFound, EmbedderMismatch
from rag.filter_index import index_filters
from rag.later_columns import complete_columns, refuse_without_columns
from rag.recorded_embedder import embedder_that_made
from rag.refusals import table_explained, table_refusal
from rag.rows import (
    CHUNK_COLUMNS,
    arrow_rows,
    chunk_of,
    column,
    condition,
    document_filter,
    hit_of,
    literal,
    near_filter,
    restricted,
    row_schema,
)
from rag.settings import EmbeddingSettings, Settings
from rag.spelling import as_spelt_in
from rag.table_contents import table_names
from rag.table_upkeep import ATTEMPTS, KEEP_VERSIONS, TableUpkeep, folder_size, indexed_columns
from rag.text_fields import BASES, BOOSTED, query_words, text_query
from rag.text_index import TextIndex, index_texts, renew_indexes
from rag.types import EVERYTHING, Chunk, Filters, Hit, Vector
from rag.vector_index import VectorIndexState, tended, through_index

#: What the search by words reads unless it is told otherwise.
TEXT_FIELDS = {"embedded_text": 1.0}


class Store:
    """The tables of one data folder. New ones are made with one embedder, others are only read.

    `names` says which table holds a collection; without it every table is named as its collection.
    """

    def __init__(
        self,
        data_dir: Path,
        embedding: EmbeddingSettings,
        embedder: Embedder,
        names: CollectionTables | None = None,
    ) -> None:
        self._folder = data_dir / "tables"
        self._names = names
        self.embedding = embedding
        self.embedder = embedder
        self._lock = threading.Lock()
        self._tables: dict[str, CollectionTable] = {}
        self._connection: Any = None

    def collections(self) -> list[str]:
        """Names of the collections that people see and that have a table, sorted."""
        named = self._names.collection_of() if self._names else {}
        return sorted(name for table in self._tables_there() if (name := named.get(table, table)))

    def has_table(self, collection: str) -> bool:
        """Whether the collection, which may be a hidden one, has a table."""
        return self.table_name(collection) in self._tables_there()

    def table_name(self, collection: str) -> str:
        """The name of a collection's table: it stays when the collection gets another name."""
        return self._names.table_of(collection) if self._names else collection

    def open(self, collection: str) -> CollectionTable:
        """The table of a collection, to be read, with the embedder that made it.

        Raises CollectionNotFound, and EmbedderMismatch when that embedder cannot be had.
        """
        table_name = self.table_name(collection)
        with self._lock:
            if table_name not in self._tables:
                table = self._found(table_name)
                if table is None:
                    raise CollectionNotFound(
                        f"There is no collection named {collection!r}. "
                        f"Add documents to it first: python -m ingest PATH --collection {collection}"
                    )
                self._tables[table_name] = self._opened(collection, table)
            return self._named(table_name, collection)

    def open_or_create(self, collection: str) -> CollectionTable:
        """The table of a collection, to be added to; made empty when there is none.

        Raises EmbedderMismatch when it was made with another embedder, and StoreError for a bad name.
        """
        table_name = self._names.assign(collection) if self._names else checked_table_name(collection)
        with self._lock:
            if table_name not in self._tables:
                self._tables[table_name] = self._opened(collection, self._found_or_made(table_name))
            table = self._named(table_name, collection)
        if table.embedder.name != self.embedder.name:
            raise EmbedderMismatch(
                f"Collection {collection!r} was made with the embedder {table.embedder.name!r}, and the "
                f"settings name {self.embedder.name!r}. Read its documents again on the library page, or "
                "set embedding.model back."
            )
        table.complete_columns()
        return table

    def drop(self, collection: str) -> None:
        """Remove a collection's table with all its passages."""
        table_name = self.table_name(collection)
        with self._lock:
            self._tables.pop(table_name, None)
            if table_name in self._tables_there():
                self._connect().drop_table(table_name)

    def size(self, collection: str) -> int:
        """Bytes of a collection's table on disk; files that vanish meanwhile are not counted."""
        return folder_size(self._folder / f"{self.table_name(collection)}.lance")

    def table_files(self, pattern: str, collection: str | None = None) -> list[Path]:
        """Files in the folder of a collection's table, or of all tables, that match, sorted."""
        if collection is None:
            return sorted(self._folder.glob(f"*.lance/{pattern}"))
        return sorted((self._folder / f"{self.table_name(collection)}.lance").glob(pattern))

    def _named(self, table_name: str, collection: str) -> CollectionTable:
        """An open table under the name that its collection has now."""
        known = self._tables[table_name]
        if known.name != collection:
            known = self._tables[table_name] = known.renamed(collection)
        return known

    def _tables_there(self) -> list[str]:
        return table_names(self._connect()) if self._folder.exists() else []

    def _connect(self) -> Any:
        if self._connection is None:
            import lancedb

            from rag import embedding_function  # noqa: F401  (registers the function by name)

            self._folder.mkdir(parents=True, exist_ok=True)
            # Zero: what the command line ingested appears in the running app at once.
            self._connection = lancedb.connect(str(self._folder), read_consistency_interval=timedelta(0))
        return self._connection

    def _found(self, table_name: str) -> Any | None:
        """The table, None when there is none or another process is just making it."""
        if table_name not in self._tables_there():
            return None
        try:
            return self._connect().open_table(table_name)
        except ValueError as error:
            if "not found" not in str(error):
                raise
            return None

    def _found_or_made(self, table_name: str) -> Any:
        schema = row_schema(self.embedding, self.embedder)
        fault: Exception | None = None
        for attempt in range(1, ATTEMPTS + 1):
            table = self._found(table_name)
            if table is not None:
                return table
            try:
                return self._connect().create_table(table_name, schema=schema, exist_ok=False)
            except (ValueError, RuntimeError, OSError) as error:
                # Another process may have been faster; the next look then finds its table.
                fault = error
                time.sleep(0.05 * attempt)
        raise table_refusal(table_name, self._folder, fault or RuntimeError("it came and went")) from fault

    def _opened(self, collection: str, table: Any) -> CollectionTable:
        with table_explained(collection, Path(table.uri)):
            index_texts(table, table.name, BASES)
        return CollectionTable(
            collection, table, embedder_that_made(table.schema, collection, self.embedder, self.embedding)
        )


class CollectionTable:
    """The passages of one collection. Safe to share between threads."""

    def __init__(self, name: str, table: Any, embedder: Embedder) -> None:
        self.name = name
        self.embedder = embedder
        self._table = table
        self.upkeep = TableUpkeep(name, table)
        self._write_lock = threading.Lock()

    def renamed(self, name: str) -> CollectionTable:
        """The same table, opened once and written by one at a time, under another name."""
        own = copy(self)
        own.name, own.upkeep = name, TableUpkeep(name, self._table)
        return own

    @property
    def version(self) -> int:
        """The table's version; it grows with every commit, also of other processes."""
        return int(self._table.version)

    def replace_documents(
        self,
        chunks: Sequence[Chunk],
        vectors: Vector,
        token_bits: Sequence[bytes],
        *,
        replaced: Iterable[str] = (),
    ) -> None:
        """Put whole documents in and take others out in a single commit.

        `vectors` is float32[len(chunks), dimension]. Rows of the documents added and of those in
        `replaced` (document ids) that are not among `chunks` go. Readers see all of it or nothing.
        """
        if not chunks:
            self.delete_documents(replaced)
            return
        outdated = {chunk.document_id for chunk in chunks} | set(replaced)
        rows = arrow_rows(self._table.schema, chunks, vectors, token_bits)
        with self._writing():
            # Without use_index(False) an index on the key lets concurrent writers insert rows twice.
            (
                self._table.merge_insert("id")
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .when_not_matched_by_source_delete(document_filter(outdated).to_sql())
                .use_index(False)
                .execute(rows)
            )

    def delete_documents(self, document_ids: Iterable[str]) -> None:
        """Remove all passages of these documents in one commit."""
        if wanted := set(document_ids):
            with self._writing():
                self._table.delete(document_filter(wanted).to_sql())

    def rename_document(self, document_id: str, name: str) -> None:
        """Give a document's passages another document name; nothing is embedded again."""
        with self._writing():
            self._table.update(where=document_filter([document_id]).to_sql(), values={"document": name})

    def set_tags(self, tags: Mapping[str, Sequence[str]]) -> None:
        """Replace the tags of documents' passages, by document id, one commit a set; nothing is embedded."""
        alike: dict[tuple[str, ...], list[str]] = {}
        for document_id, own in tags.items():
            alike.setdefault(tuple(own), []).append(document_id)
        with self._writing():
            for own, documents in alike.items():
                # LanceDB cannot write an empty list here; no list says the same.
                values = {"tags": list(own) or None}
                self._table.update(where=document_filter(documents).to_sql(), values=values)

    def vector_search(
        self, vector: Vector, limit: int, filters: Filters = EVERYTHING, *, extra: Sequence[str] = ()
    ) -> list[Hit]:
        """The nearest passages by cosine; scores["vector"] is the cosine similarity."""
        query = (
            self._table.search(vector, vector_column_name="vector", query_type="vector")
            .distance_type("cosine")
            .limit(limit)
            .select([*CHUNK_COLUMNS, *extra, "_distance"])
        )
        rows = self._restricted(through_index(query), filters).to_arrow().to_pylist()
        return [hit_of(row, "vector", rank, 1.0 - row["_distance"]) for rank, row in enumerate(rows, start=1)]

    def text_search(
        self,
        query: str,
        limit: int,
        filters: Filters = EVERYTHING,
        *,
        extra: Sequence[str] = (),
        fields: dict[str, float] | None = None,
    ) -> list[Hit]:
        """The best passages by BM25, kept as scores["text"]. Any text is a query, none is an error.

        `fields` are columns and what a word weighs in each (rag.text_fields).
        """
        words = query_words(query)
        if not words:
            return []
        fields = fields or TEXT_FIELDS
        indexed = indexed_columns(self._table) if fields.keys() & set(BOOSTED) else ()
        wanted = text_query(words, fields, indexed)
        search = (
            self._table.search(wanted, query_type="fts")
            .limit(limit)
            .select([*CHUNK_COLUMNS, *extra, "_score"])
        )
        rows = self._restricted(search, filters).to_arrow().to_pylist()
        return [hit_of(row, "text", rank, row["_score"]) for rank, row in enumerate(rows, start=1)]

    def as_spelt(self, word: str, texts: Sequence[str]) -> str:
        """The word, or the one most like it where no passage holds it (rag/spelling.py)."""
        return as_spelt_in(self._table, word, texts)

    def _restricted(self, query: Any, filters: Filters) -> Any:
        refuse_without_columns(self._table, self.name, filters)
        return restricted(query, filters)

    def complete_columns(self) -> None:
        """Add columns and indexes that a table of an earlier version lacks, before documents are added."""
        with self._writing():
            complete_columns(self._table, self.name)
            index_texts(self._table, self.name, BOOSTED)

    def neighbours(self, hits: Sequence[Hit], most: int) -> list[Hit]:
        """The hits and the passages around them, about `most` on either side, with their token bits."""
        if not hits:
            return []
        near = near_filter([hit.chunk for hit in hits], most)
        query = self._table.search().where(near).select([*CHUNK_COLUMNS, "token_bits"])
        rows = query.limit(len(hits) * most * 100).to_arrow().to_pylist()
        return [Hit(chunk_of(row), token_bits=row["token_bits"]) for row in rows]

    def chunks(self, document_id: str, filters: Filters = EVERYTHING) -> list[Chunk]:
        """The passages of a document, those that fit, in order of their place."""
        own = replace(filters, documents=(document_id,))
        rows = (
            self._restricted(self._table.search(), own)
            .select(list(CHUNK_COLUMNS))
            .limit(self.count(own) or 1)
            .to_arrow()
            .to_pylist()
        )
        return sorted((chunk_of(row) for row in rows), key=lambda chunk: (chunk.start, chunk.end))

    def count(self, filters: Filters = EVERYTHING) -> int:
        """How many passages there are that fit."""
        refuse_without_columns(self._table, self.name, filters)
        return int(self._table.count_rows(condition(filters) or None))

    def chunk_counts(self) -> dict[str, int]:
        """Passages of each document id in the table; rows without one are left out."""
        rows = self._table.search().select(["document_id"]).limit(max(self.count(), 1)).to_arrow()
        counted = rows.drop_null().group_by("document_id").aggregate([("document_id", "count")])
        return dict(
            zip(*(counted[name].to_pylist() for name in ("document_id", "document_id_count")), strict=True)
        )

    def keep_token_bits(self, bits: dict[str, bytes]) -> None:
        """Store token bits of passages (by id) that another program added without them."""
        with self._writing():
            for chunk_id, packed in bits.items():
                where = column("id") == literal(chunk_id)
                self._table.update(where=where.to_sql(), values={"token_bits": packed})

    def optimize(self, keep: timedelta = KEEP_VERSIONS) -> str:
        """Tidy the table (see TableUpkeep.optimize); returns why a part was left out, "" for none."""
        with self._write_lock:
            index_filters(self._table, self.name)
            return self.upkeep.optimize(keep)

    def tend_vector_index(self, earlier: VectorIndexState) -> VectorIndexState:
        """Build, renew or drop the vector index as the table's size asks for; returns how it is now."""
        with self._writing():
            return tended(self._table, self.name, earlier)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer of this process at a time; what LanceDB refuses is explained."""
        with self._write_lock, table_explained(self.name, self.upkeep.folder):
            yield

    def index_words(self, wanted: TextIndex | None) -> bool:
        """Let every full-text index be there and read words so (None: as now); returns if any was made."""
        with self._writing():
            return renew_indexes(self._table, self.name, wanted)

    def restore_version(self, name: str) -> None:
        """Make the passages of a kept version the present ones again, in one commit."""
        with self._writing():
            self.upkeep.restore_version(name)


def get_store(settings: Settings) -> Store:
    """The store of the settings' data folder, one a process for each folder and embedder."""
    return _store(settings.data_dir, settings.embedding)


@lru_cache(maxsize=8)
def _store(data_dir: Path, embedding: EmbeddingSettings) -> Store:
    return Store(data_dir, embedding, get_embedder(embedding), CollectionTables(open_database(data_dir)))
