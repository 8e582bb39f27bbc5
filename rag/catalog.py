"""The ledger of files: what is in each collection, and what could not be read, and why.

Every file that was ever offered has a record here, so that none vanishes without a word. The ledger
holds no passages and no bytes, reads no files, and changes nothing in the table of passages: whoever
adds or removes a document there writes it down here as well.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Engine, Row, Select, case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from rag.database import CollectionRow, DocumentRow, read, utc_now, write
from rag.document_names import checked_name, ends_in, folded, listed, nearest_names
from rag.errors import CollectionNotFound, DocumentNotFound, StoreError

STATUSES = ("ready", "empty", "failed")
#: Names looked up by one query; databases bound how many parameters a query may have.
NAMES_AT_ONCE = 500


@dataclass(frozen=True)
class DocumentRecord:
    """One file of a collection.

    `name` is the path relative to what was ingested, with forward slashes, or `archive.zip!member`.
    `document_id` is the SHA-256 of the bytes, "" when they could not be read. `status` is ready, empty
    (read, but without text) or failed. `recipe` names what made the passages: embedder, chunk settings
    and parser version. `tags` and `notes` are people's own; `authors` and `dated` are what the file says
    of itself. `tokens` are those the embedder saw. `report` holds page numbers by what is wrong with
    them, `signature` what near-duplicates are found by; both are ingest's. Times are aware UTC.
    """

    collection: str
    name: str
    document_id: str = ""
    status: str = "ready"
    error: str = ""
    pages: int = 0
    chunks: int = 0
    bytes: int = 0
    title: str = ""
    mime_type: str = ""
    language: str = ""
    warnings: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    dated: date | None = None
    notes: str = ""
    tokens: int = 0
    report: dict[str, list[int]] = field(default_factory=dict)
    signature: builtins.bytes = b""
    recipe: str = ""
    owner: str = "local"
    added_at: datetime = field(default_factory=utc_now)
    updated_at: datetime = field(default_factory=utc_now)


@dataclass(frozen=True)
class CollectionSummary:
    """A collection at a glance: `documents` counts the files that were read, `failed` the others."""

    name: str
    documents: int
    chunks: int
    failed: int
    updated_at: datetime


_FIELDS = tuple(each.name for each in fields(DocumentRecord))
_LISTS = {_FIELDS.index(name) for name in ("warnings", "tags", "authors")}
_COLUMNS = tuple(getattr(DocumentRow, name) for name in _FIELDS)


class Catalog:
    """The ledger in one database. Safe to use from threads and processes at once.

    Every method raises StoreError when the database refuses.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, collection: str, name: str) -> DocumentRecord | None:
        """The record of exactly this name; None when there is none."""
        found = self._select(DocumentRow.collection == collection, DocumentRow.name == name)
        return found[0] if found else None

    def documents(self, collection: str) -> list[DocumentRecord]:
        """All records of a collection by name, the failed ones too; empty for an unknown collection."""
        return self._select(DocumentRow.collection == collection)

    def by_document_id(self, collection: str, document_id: str) -> list[DocumentRecord]:
        """The records with these bytes, by name: more than one when a file was added under two names."""
        return self.by_document_ids(collection, [document_id]).get(document_id, [])

    def by_document_ids(
        self, collection: str, document_ids: Iterable[str]
    ) -> dict[str, list[DocumentRecord]]:
        """The records with the bytes of each of these ids, by name; ids without any are left out."""
        found: dict[str, list[DocumentRecord]] = {}
        for some in _parts(document_ids):
            for record in self._select(
                DocumentRow.collection == collection, DocumentRow.document_id.in_(some)
            ):
                found.setdefault(record.document_id, []).append(record)
        return found

    def held(self, document_ids: Iterable[str]) -> set[str]:
        """Those of these document ids that any collection holds, hidden ones too."""
        held: set[str] = set()
        for some in _parts(document_ids):
            query = select(DocumentRow.document_id).where(DocumentRow.document_id.in_(some)).distinct()
            held.update(self._scalars(query))
        return held

    def names(self, collection: str) -> dict[str, tuple[str, ...]]:
        """The names of each document id, sorted; files that could not be read are left out."""
        query = (
            select(DocumentRow.document_id, DocumentRow.name)
            .where(DocumentRow.collection == collection, DocumentRow.document_id != "")
            .order_by(DocumentRow.name)
        )
        found: dict[str, tuple[str, ...]] = {}
        for document_id, name in read(self._engine, lambda session: session.execute(query).all()):
            found[document_id] = (*found.get(document_id, ()), name)
        return found

    def put(self, record: DocumentRecord) -> None:
        """Insert or replace the record of this name; see `put_many`."""
        self.put_many([record])

    def put_many(self, records: Iterable[DocumentRecord]) -> None:
        """Insert or replace records by collection and name, all or none.

        A record that is replaced passes on its `added_at`, tags and notes; `updated_at` becomes now.
        Missing collections are created. Of two records of the same name the later counts. Raises
        StoreError for a name that cannot be stored or an unknown status.
        """
        latest = {(record.collection, record.name): record for record in records}
        for record in latest.values():
            _check(record)
        by_collection: dict[str, list[DocumentRecord]] = {}
        for record in latest.values():
            by_collection.setdefault(record.collection, []).append(record)

        def work(session: Session) -> None:
            now = utc_now()
            for collection, offered in by_collection.items():
                _touch_or_create(session, collection, now)
                kept = _kept_fields(session, collection, [record.name for record in offered])
                rows = [(record.name in kept, _as_row(record) | {"updated_at": now}) for record in offered]
                known = [row | kept[row["name"]] for is_known, row in rows if is_known]
                new = [row for is_known, row in rows if not is_known]
                if known:
                    session.execute(update(DocumentRow), known)
                if new:
                    session.execute(insert(DocumentRow), new)

        write(self._engine, work)

    def authors(self, collection: str) -> list[str]:
        """Everybody whom a document of the collection names as its author, sorted."""
        query = select(DocumentRow.authors).where(DocumentRow.collection == collection).distinct()
        found = read(self._engine, lambda session: session.scalars(query).all())
        return sorted({author for authors in found for author in authors})

    def remove(self, collection: str, names: Iterable[str]) -> int:
        """Remove the records of these exact names; says how many there were."""
        wanted = list(_parts(names))

        def work(session: Session) -> int:
            removed = 0
            for some in wanted:
                query = delete(DocumentRow).where(
                    DocumentRow.collection == collection, DocumentRow.name.in_(some)
                )
                removed += len(session.execute(query.returning(DocumentRow.name)).all())
            if removed:
                _touch(session, collection, utc_now())
            return removed

        return write(self._engine, work)

    def set_tags(self, collection: str, name: str, tags: Iterable[str]) -> None:
        """Replace the tags of one document; blanks around them, empty ones and repetitions go.

        Raises DocumentNotFound when there is no record of exactly this name.
        """
        clean = _clean(tags)
        self._change(collection, name, lambda row: setattr(row, "tags", clean))

    def set_notes(self, collection: str, name: str, notes: str) -> None:
        """Replace what people noted about one document. Raises DocumentNotFound."""
        self._change(collection, name, lambda row: setattr(row, "notes", notes.strip()))

    def change_tags(
        self, collection: str, names: Iterable[str], *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> None:
        """Add tags to, and remove others from, all of these documents; names not there are left out."""
        added, removed, wanted = _clean(add), set(remove), list(_parts(names))

        def work(session: Session) -> None:
            now = utc_now()
            for some in wanted:
                query = select(DocumentRow.name, DocumentRow.tags).where(
                    DocumentRow.collection == collection, DocumentRow.name.in_(some)
                )
                rows = [
                    {
                        "collection": collection,
                        "name": name,
                        "tags": _clean([*(tag for tag in tags if tag not in removed), *added]),
                        "updated_at": now,
                    }
                    for name, tags in session.execute(query)
                ]
                if rows:
                    session.execute(update(DocumentRow), rows)
            _touch(session, collection, now)

        write(self._engine, work)

    def changed_at(self, collection: str) -> datetime | None:
        """When anything about the collection last changed; None when there is none."""
        query = select(CollectionRow.updated_at).where(CollectionRow.name == collection)
        return read(self._engine, lambda session: session.scalar(query))

    def resolve(self, collection: str, name: str) -> DocumentRecord:
        """The document that a person means by `name`.

        That is the one of exactly this name, else the only one whose path ends in it, else the only one
        when capitals (and the way accents are encoded) do not count. Raises CollectionNotFound, or
        DocumentNotFound with the candidates when there is none or more than one.
        """
        exact = self.get(collection, name)
        if exact is not None:
            return exact
        query = (
            select(DocumentRow.name).where(DocumentRow.collection == collection).order_by(DocumentRow.name)
        )
        everything = read(self._engine, lambda session: session.scalars(query).all())
        if not everything and not self.has_collection(collection):
            raise self._no_collection(collection)
        same: Callable[[str], str] = str
        for key in (same, folded):
            wanted = key(name)
            matching = [each for each in everything if ends_in(key(each), wanted)]
            if len(matching) > 1:
                raise DocumentNotFound(
                    f"{name!r} could be {listed(matching)} in collection {collection!r}. "
                    "Give more of the path."
                )
            if matching:
                found = self.get(collection, matching[0])
                if found is not None:
                    return found
        raise DocumentNotFound(
            f"There is no document {name!r} in collection {collection!r}. " + nearest_names(name, everything)
        )

    def collections(self) -> list[CollectionSummary]:
        """All collections that people see by name, empty ones too."""
        failed = func.coalesce(func.sum(case((DocumentRow.status == "failed", 1), else_=0)), 0)
        query = (
            select(
                CollectionRow.name,
                func.count(DocumentRow.name) - failed,
                func.coalesce(func.sum(DocumentRow.chunks), 0),
                failed,
                CollectionRow.updated_at,
            )
            .where(CollectionRow.purpose == "")
            .outerjoin(DocumentRow, DocumentRow.collection == CollectionRow.name)
            .group_by(CollectionRow.name, CollectionRow.updated_at)
            .order_by(CollectionRow.name)
        )
        rows = read(self._engine, lambda session: session.execute(query).all())
        return [
            CollectionSummary(
                name=name,
                documents=int(documents),
                chunks=int(chunks),
                failed=int(failures),
                updated_at=updated,
            )
            for name, documents, chunks, failures, updated in rows
        ]

    def has_collection(self, name: str) -> bool:
        """Whether there is a collection of exactly this name."""
        return read(self._engine, lambda session: session.get(CollectionRow, name)) is not None

    def create_collection(self, name: str) -> None:
        """Create a collection; one that is there already stays as it is. Raises StoreError for a bad name."""
        checked_name("collection", name)

        def work(session: Session) -> None:
            if session.get(CollectionRow, name) is None:
                now = utc_now()
                session.add(CollectionRow(name=name, created_at=now, updated_at=now))

        write(self._engine, work)

    def remove_collection(self, name: str) -> None:
        """Remove a collection and all its records. Raises CollectionNotFound when there is none."""

        def work(session: Session) -> bool:
            row = session.get(CollectionRow, name)
            if row is not None:
                session.delete(row)
            return row is not None

        if not write(self._engine, work):
            raise self._no_collection(name)

    def _change(self, collection: str, name: str, change: Callable[[DocumentRow], None]) -> None:
        def work(session: Session) -> None:
            row = session.get(DocumentRow, (collection, name))
            if row is None:
                raise DocumentNotFound(
                    f"There is no document {name!r} in collection {collection!r}. Add it first."
                )
            change(row)
            row.updated_at = utc_now()
            _touch(session, collection, row.updated_at)

        write(self._engine, work)

    def _no_collection(self, name: str) -> CollectionNotFound:
        existing = [summary.name for summary in self.collections()]
        hint = f"There are {listed(existing)}." if existing else "Add documents first."
        return CollectionNotFound(f"There is no collection {name!r}. {hint}")

    def _scalars(self, query: Select[Any]) -> Sequence[str]:
        return read(self._engine, lambda session: session.scalars(query).all())

    def _select(self, *conditions: ColumnElement[bool]) -> list[DocumentRecord]:
        query = select(*_COLUMNS).where(*conditions).order_by(DocumentRow.name)
        return [_as_record(row) for row in read(self._engine, lambda session: session.execute(query).all())]


def _parts(values: Iterable[str]) -> Iterator[list[str]]:
    """The different values, as many at a time as one query may name."""
    listed = list(dict.fromkeys(values))
    for start in range(0, len(listed), NAMES_AT_ONCE):
        yield listed[start : start + NAMES_AT_ONCE]


def _clean(tags: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


def _as_record(row: Row[Any]) -> DocumentRecord:
    values: list[Any] = [tuple(own) if place in _LISTS else own for place, own in enumerate(row)]
    return DocumentRecord(*values)


def _as_row(record: DocumentRecord) -> dict[str, Any]:
    row = {name: getattr(record, name) for name in _FIELDS}
    return row | {name: list(row[name]) for name in ("warnings", "tags", "authors")}


def _kept_fields(session: Session, collection: str, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    kept: dict[str, dict[str, Any]] = {}
    for some in _parts(names):
        query = select(DocumentRow.name, DocumentRow.added_at, DocumentRow.tags, DocumentRow.notes).where(
            DocumentRow.collection == collection, DocumentRow.name.in_(some)
        )
        for name, added_at, tags, notes in session.execute(query):
            kept[name] = {"added_at": added_at, "tags": tags, "notes": notes}
    return kept


def _touch(session: Session, collection: str, now: datetime) -> bool:
    query = update(CollectionRow).where(CollectionRow.name == collection).values(updated_at=now)
    return bool(session.scalars(query.returning(CollectionRow.name)).all())


def _touch_or_create(session: Session, collection: str, now: datetime) -> None:
    if not _touch(session, collection, now):
        session.execute(insert(CollectionRow).values(name=collection, created_at=now, updated_at=now))


def _check(record: DocumentRecord) -> None:
    checked_name("collection", record.collection)
    checked_name("document", record.name)
    if record.status not in STATUSES:
        raise StoreError(
            f"{record.name}: the status {record.status!r} is unknown. Use one of {', '.join(STATUSES)}."
        )
