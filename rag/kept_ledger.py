"""The list of documents that goes with a kept version: written to a file, read, and put back.

It knows neither tables nor what becomes of a collection; rag/kept_versions.py does.
"""

from __future__ import annotations

import gzip
import json
import os
import tempfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, delete, insert, update
from sqlalchemy.orm import Session

from rag.catalog import DocumentRecord
from rag.database import CollectionRow, DocumentRow, utc_now, write
from rag.errors import CollectionNotFound, StoreError
from rag.record_form import as_plain, from_plain


@dataclass(frozen=True)
class KeptVersion:
    """A version kept by name: the table's version number, when it was kept, and how much it holds."""

    name: str
    version: int
    kept_at: datetime
    documents: int
    passages: int


def write_ledger(ledger: Path, kept: KeptVersion, records: Sequence[DocumentRecord]) -> None:
    """Write the list whole or not at all. Raises OSError when the disk refuses."""
    version = asdict(kept) | {"kept_at": kept.kept_at.isoformat()}
    text = json.dumps({"version": version, "documents": [as_plain(record) for record in records]})
    ledger.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(dir=ledger.parent, prefix=".incoming-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(gzip.compress(text.encode(), mtime=0))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(ledger)
    finally:
        temporary.unlink(missing_ok=True)


def read_ledger(ledger: Path) -> tuple[KeptVersion, list[DocumentRecord]]:
    """The version and its documents. Raises StoreError when the file is damaged."""
    try:
        stored = json.loads(gzip.decompress(ledger.read_bytes()))
        version = stored["version"]
        kept = KeptVersion(**version | {"kept_at": datetime.fromisoformat(version["kept_at"])})
        return kept, [from_plain(own) for own in stored["documents"]]
    except (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError) as error:
        raise StoreError(
            f"The list of documents in {ledger} is damaged ({error}). Restore a backup, or remove that file "
            "to do without the version."
        ) from error


def put_back(engine: Engine, collection: str, records: Iterable[DocumentRecord]) -> None:
    """Make these the only records of a collection, exactly as they are, times, tags and notes included.

    Raises CollectionNotFound.
    """
    names = [each.name for each in fields(DocumentRecord)]
    rows = []
    for record in records:
        own = replace(record, collection=collection)
        row = {name: getattr(own, name) for name in names}
        rows.append({name: list(value) if isinstance(value, tuple) else value for name, value in row.items()})

    def work(session: Session) -> None:
        touched = update(CollectionRow).where(CollectionRow.name == collection).values(updated_at=utc_now())
        if not session.scalars(touched.returning(CollectionRow.name)).all():
            raise CollectionNotFound(f"There is no collection {collection!r} any more; it was removed.")
        session.execute(delete(DocumentRow).where(DocumentRow.collection == collection))
        if rows:
            session.execute(insert(DocumentRow), rows)

    write(engine, work)
