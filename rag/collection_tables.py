"""Which table holds a collection's passages: names are for people and may change, tables stay.

A collection that is read again has a second, hidden collection beside it (`purpose` revision), into
whose table the new passages go; `swap` exchanges the two tables, and the hidden one (now `retired`)
holds the old table until that is removed. Nothing here opens or removes a table.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.orm import Session

from rag.database import (
    CollectionRow,
    ConversationRow,
    DocumentRow,
    TurnRow,
    WaitingQuestionRow,
    read,
    utc_now,
    write,
)
from rag.errors import CollectionNotFound, StoreError
from rag.job_tables import JobRow, SyncedFileRow
from rag.near_copies import renamed_place
from rag.question_tables import EvaluationRow, QuestionSetRow

REVISION, RETIRED = "revision", "retired"
LONGEST_NAME = 100
_TABLE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


@dataclass(frozen=True)
class HiddenCollection:
    """A collection that people do not see: `purpose` is revision or retired, `since` when it became so."""

    name: str
    revises: str
    purpose: str
    since: datetime


class CollectionTables:
    """The table of each collection, in one database. Safe to use from threads and processes at once.

    Every method raises StoreError when the database refuses.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def table_of(self, collection: str) -> str:
        """The name of the collection's table, which may not be there yet; "" when it has none."""

        def work(session: Session) -> str:
            return _recorded(session, collection) or ("" if _is_taken(session, collection) else collection)

        return read(self._engine, work)

    def assign(self, collection: str) -> str:
        """The name of the collection's table, for good. Raises StoreError for a name no table can have."""
        known = read(self._engine, lambda session: _recorded(session, collection))
        if known:
            return known
        is_there = read(self._engine, lambda session: session.get(CollectionRow, collection) is not None)
        if not is_there:
            checked_table_name(collection)

        def work(session: Session) -> str:
            row = session.get(CollectionRow, collection)
            if row is None:
                now = utc_now()
                row = CollectionRow(name=collection, created_at=now, updated_at=now)
                session.add(row)
            row.table_name = row.table_name or _free_name(session, collection)
            return row.table_name

        return write(self._engine, work)

    def collection_of(self) -> dict[str, str]:
        """The collection of each table; "" for those of hidden ones."""
        query = select(CollectionRow).where(CollectionRow.table_name != "")
        rows = read(self._engine, lambda session: session.scalars(query).all())
        return {row.table_name: "" if row.purpose else row.name for row in rows}

    def rename(self, collection: str, name: str) -> None:
        """Give a collection another name; conversations, jobs, synced folders and question sets follow.

        Raises CollectionNotFound, and StoreError when the name is taken, malformed, or documents are
        being added.
        """
        name = checked_collection_name(name)

        def work(session: Session) -> None:
            row = session.get(CollectionRow, collection)
            if row is None:
                raise CollectionNotFound(f"There is no collection {collection!r}; it cannot be renamed.")
            if name == collection:
                return
            if session.get(CollectionRow, name) is not None:
                raise StoreError(f"There is a collection {name!r} already. Choose another name.")
            busy = select(func.count()).where(
                JobRow.collection == collection, JobRow.state.in_(("waiting", "running"))
            )
            if session.scalar(busy):
                raise StoreError(
                    f"Documents are being added to {collection!r}. Rename it when they are done."
                )
            values = {
                "name": name,
                "created_at": row.created_at,
                "updated_at": utc_now(),
                "table_name": row.table_name or _free_name(session, collection),
                "purpose": row.purpose,
                "revises": row.revises,
            }
            session.execute(insert(CollectionRow).values(**values))
            followers = (DocumentRow, ConversationRow, JobRow, SyncedFileRow, QuestionSetRow, EvaluationRow)
            for table in followers:
                session.execute(update(table).where(table.collection == collection).values(collection=name))
            session.execute(
                update(CollectionRow).where(CollectionRow.revises == collection).values(revises=name)
            )
            session.execute(delete(CollectionRow).where(CollectionRow.name == collection))
            _rename_in_turns(session, collection, name)
            _rename_in_waiting(session, collection, name)
            _rename_in_evaluations(session, collection, name)

        write(self._engine, work)

    def begin_revision(self, collection: str) -> str:
        """The hidden collection in which this one is being read again; made when there is none.

        Raises CollectionNotFound.
        """

        def work(session: Session) -> str:
            if session.get(CollectionRow, collection) is None:
                raise CollectionNotFound(f"There is no collection {collection!r}; add documents first.")
            known = session.scalar(
                select(CollectionRow.name).where(
                    CollectionRow.revises == collection, CollectionRow.purpose == REVISION
                )
            )
            if known is not None:
                return known
            name = _free_name(session, _stem(collection), always_new=True)
            now = utc_now()
            session.add(
                CollectionRow(
                    name=name,
                    created_at=now,
                    updated_at=now,
                    table_name=name,
                    purpose=REVISION,
                    revises=collection,
                )
            )
            return name

        return write(self._engine, work)

    def swap(self, collection: str, revision: str) -> bool:
        """Let the collection have the table and the readings of its revision, in one transaction.

        Names, tags, notes and times of adding stay. Returns False, and changes nothing, when the
        two do not hold the same documents: some came or went meanwhile.
        """

        def work(session: Session) -> bool:
            row, hidden = session.get(CollectionRow, collection), session.get(CollectionRow, revision)
            if row is None or hidden is None or hidden.purpose != REVISION:
                raise CollectionNotFound(f"{collection!r} is not being read again any more.")
            old = _ready(session, collection)
            new = _ready(session, revision)
            if {name: each.document_id for name, each in old.items()} != {
                name: each.document_id for name, each in new.items()
            }:
                return False
            now = utc_now()
            kept = {"collection", "name", "tags", "notes", "added_at", "owner", "updated_at"}
            renewed = [each.key for each in DocumentRow.__table__.columns if each.key not in kept]
            for name, reading in new.items():
                for column in renewed:
                    setattr(old[name], column, getattr(reading, column))
            session.execute(delete(DocumentRow).where(DocumentRow.collection == revision))
            row.table_name, hidden.table_name = hidden.table_name, row.table_name
            row.updated_at = hidden.updated_at = now
            hidden.purpose = RETIRED
            return True

        return write(self._engine, work)

    def hidden(self, collection: str | None = None) -> list[HiddenCollection]:
        """The hidden collections of one collection, or of all."""
        query = select(CollectionRow).where(CollectionRow.purpose != "")
        if collection is not None:
            query = query.where(CollectionRow.revises == collection)
        rows = read(self._engine, lambda session: session.scalars(query.order_by(CollectionRow.name)).all())
        return [HiddenCollection(row.name, row.revises, row.purpose, row.updated_at) for row in rows]


def checked_collection_name(name: str) -> str:
    """A name that people may give a collection, without blanks around it. Raises StoreError."""
    clean = name.strip()
    fits = 0 < len(clean) <= LONGEST_NAME and clean.isprintable() and not set(clean) & {"/", "\\"}
    if not fits or clean.startswith(("-", ".")):
        raise StoreError(
            f"A collection's name has 1 to {LONGEST_NAME} characters on one line, no '/' or '\\' among them, "
            "and does not begin with '-' or '.'."
        )
    return clean


def checked_table_name(name: str) -> str:
    """The name, which a table and the folder it lies in can have. Raises StoreError."""
    if not _TABLE_NAME.fullmatch(name):
        raise StoreError(
            f"{name!r} cannot name a collection: use letters, digits, '_', '-' and '.', "
            "at most 100, not beginning with '-' or '.'."
        )
    return name


def _recorded(session: Session, collection: str) -> str:
    return session.scalar(select(CollectionRow.table_name).where(CollectionRow.name == collection)) or ""


def _rename_in_turns(session: Session, collection: str, name: str) -> None:
    """Let answers that were given from several collections know one of them by its new name."""
    for row in session.scalars(select(TurnRow)):
        asked = list(row.details.get("collections") or ())
        if collection in asked:
            row.details = row.details | {"collections": _renamed(asked, collection, name)}
        if any(own.get("collection") for own in row.citations):
            row.citations = [_renamed_in(own, collection, name) for own in row.citations]


def _rename_in_waiting(session: Session, collection: str, name: str) -> None:
    for row in session.scalars(select(WaitingQuestionRow)):
        scope = row.question.get("scope") or {}
        if collection in (beside := scope.get("collections") or ()):
            renamed = scope | {"collections": _renamed(beside, collection, name)}
            row.question = row.question | {"scope": renamed}


def _renamed(names: Iterable[str], collection: str, name: str) -> list[str]:
    return [name if own == collection else own for own in names]


def _rename_in_evaluations(session: Session, collection: str, name: str) -> None:
    renamed = update(EvaluationRow).where(EvaluationRow.set_collection == collection)
    session.execute(renamed.values(set_collection=name))
    for row in session.scalars(select(EvaluationRow)):
        beside = row.scope.get("collections") or ()
        if collection in beside:
            row.scope = row.scope | {"collections": _renamed(beside, collection, name)}


def _renamed_in(citation: dict[str, Any], collection: str, name: str) -> dict[str, Any]:
    """A kept citation once a collection has another name; one of a single collection names none."""
    if not citation.get("collection"):
        return citation
    return citation | {
        "collection": name if citation["collection"] == collection else citation["collection"],
        "also_in": [renamed_place(own, collection, name) for own in citation.get("also_in", ())],
    }


def _is_taken(session: Session, table: str) -> bool:
    return bool(session.scalar(select(func.count()).where(CollectionRow.table_name == table)))


def _stem(collection: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]+", "-", collection).strip("-")[:60] or "collection"


def _free_name(session: Session, collection: str, *, always_new: bool = False) -> str:
    if not always_new and _TABLE_NAME.fullmatch(collection) and not _is_taken(session, collection):
        return collection
    return f"{_stem(collection)}.{secrets.token_hex(6)}"


def _ready(session: Session, collection: str) -> dict[str, DocumentRow]:
    query = select(DocumentRow).where(DocumentRow.collection == collection, DocumentRow.status == "ready")
    return {row.name: row for row in session.scalars(query)}
