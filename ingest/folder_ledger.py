"""What is known of the files of folders that collections follow, kept in the database.

Only the ledger: what is in a folder, and what to do about it, is ingest/folder_sync.py's business.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, Engine, delete, select
from sqlalchemy.orm import Session

from rag.database import read, write
from rag.job_tables import SyncedFileRow

_BYTES = "//bytes:"


@dataclass(frozen=True, slots=True)
class SyncedFile:
    """A file as it was when it was last taken in; `names` are the documents that it became.

    `path` is relative to the folder, `modified_ns` in nanoseconds since 1970. `gone_at` is set when it is
    no longer there and its documents are marked so.
    """

    path: str
    size: int
    modified_ns: int
    names: tuple[str, ...]
    gone_at: datetime | None = None


class FolderLedger:
    """The files of one folder in one collection. Every method raises StoreError when the database refuses."""

    def __init__(self, engine: Engine, collection: str, folder: Path) -> None:
        self._engine = engine
        self._collection = collection
        self._folder = _stored(str(folder))

    def files(self) -> dict[str, SyncedFile]:
        """All files known, by path."""
        query = select(SyncedFileRow).where(*self._mine())
        rows = read(self._engine, lambda session: session.scalars(query).all())
        return {
            file.path: file
            for row in rows
            for file in [
                SyncedFile(_path(row.path), row.size, row.modified_ns, tuple(row.names), row.gone_at)
            ]
        }

    def put(self, files: Sequence[SyncedFile]) -> None:
        """Insert or replace files by path."""

        def work(session: Session) -> None:
            for file in files:
                session.merge(
                    SyncedFileRow(
                        collection=self._collection,
                        folder=self._folder,
                        path=_stored(file.path),
                        size=file.size,
                        modified_ns=file.modified_ns,
                        names=list(file.names),
                        gone_at=file.gone_at,
                    )
                )

        if files:
            write(self._engine, work)

    def remove(self, paths: Iterable[str]) -> None:
        """Forget files; forgetting what is not known is no error."""

        def work(session: Session) -> None:
            for path in paths:
                session.execute(
                    delete(SyncedFileRow).where(*self._mine(), SyncedFileRow.path == _stored(path))
                )

        write(self._engine, work)

    def names_elsewhere(self) -> set[str]:
        """Names of the collection's documents that other folders have, too, and still do."""
        query = select(SyncedFileRow).where(
            SyncedFileRow.collection == self._collection,
            SyncedFileRow.folder != self._folder,
            SyncedFileRow.gone_at.is_(None),
        )
        rows = read(self._engine, lambda session: session.scalars(query).all())
        return {
            name for row in rows if (Path(_path(row.folder)) / _path(row.path)).exists() for name in row.names
        }

    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        return SyncedFileRow.collection == self._collection, SyncedFileRow.folder == self._folder


def forget_folders(engine: Engine, collection: str) -> None:
    """Forget what was taken in from folders into a collection that goes: the next look brings all in."""
    write(
        engine,
        lambda session: session.execute(delete(SyncedFileRow).where(SyncedFileRow.collection == collection)),
    )


def _stored(path: str) -> str:
    """A path as the database can keep it: one that is no Unicode by its bytes."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        # No path below a folder begins so.
        return f"{_BYTES}{os.fsencode(path).hex()}"
    return path


def _path(stored: str) -> str:
    return os.fsdecode(bytes.fromhex(stored[len(_BYTES) :])) if stored.startswith(_BYTES) else stored
