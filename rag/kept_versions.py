"""Versions of a collection kept under a name, and going back to one.

What is kept is the whole of a collection: its passages (a version of the table) and its list of
documents with their tags and failures, so that going back brings both to where they were together.
Originals of documents that a kept version needs stay, whoever removes the document meanwhile.

Going back never loses the present: it is kept first, as `before-NAME-DATE`, and going back to that
undoes it. Documents added since then leave the collection and are named in the result; documents
removed since then are there again. Conversations stay as they are, also those that cite documents
that have left. Reading a collection again (for another embedder, or longer passages) gives it a new
table: versions kept before belong to the old one and go with it. A kept version costs only the disk
space of passages that have changed since.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rag.catalog import DocumentRecord
from rag.database import open_database
from rag.errors import StoreError
from rag.kept_ledger import KeptVersion, put_back, read_ledger, write_ledger
from rag.needed_blobs import LEDGERS, remove_unneeded
from rag.store import CollectionTable
from rag.workspace import Workspace

#: Looks at a collection that is being added to, until table and list agree.
LOOKS = 10
WAIT_SECONDS = 0.2
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")


@dataclass(frozen=True)
class Restored:
    """What going back did: names that left, that returned, and that hold other content; and the way back."""

    version: KeptVersion
    left: tuple[str, ...]
    returned: tuple[str, ...]
    changed: tuple[str, ...]
    undo: str


def keep_version(workspace: Workspace, collection: str, name: str) -> KeptVersion:
    """Keep the present state of a collection under a name.

    Raises CollectionNotFound, and StoreError for a name taken or unusable, or when documents come
    and go all the time.
    """
    kept, settled = _kept(workspace, collection, name)
    if not settled:
        forget_version(workspace, collection, name)
        raise StoreError(
            f"Documents are being added to {collection!r} or removed all the time, so its present state "
            "cannot be kept. Wait until that has ended, then try again."
        )
    return kept


def kept_versions(table: CollectionTable) -> list[KeptVersion]:
    """The versions kept of a collection, oldest first."""
    present = table.upkeep.kept_versions()
    found = [read_ledger(_ledger(table, name))[0] for name in present if _ledger(table, name).exists()]
    return sorted(found, key=lambda kept: kept.kept_at)


def restore_version(workspace: Workspace, collection: str, name: str) -> Restored:
    """Bring a collection back to a kept version; see the module's text for what that means.

    May be repeated after an interruption. Raises CollectionNotFound, and StoreError for an unknown name.
    """
    table = workspace.table(collection)
    kept, records = read_ledger(_found(table, name))
    undo = f"before-{name}-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"[:80]
    # A document that came between table and list would stay in one of them alone.
    with workspace.writing(collection) as log:
        # Kept in any case: this must be possible when an earlier attempt was interrupted.
        _kept(workspace, collection, undo)
        present = {record.name: record for record in workspace.catalog.documents(collection)}
        table.restore_version(name)
        put_back(open_database(workspace.settings.data_dir), collection, records)
        # What a killed process had begun belongs to the state that was left.
        log.settle()
    back = {record.name: record for record in records}
    return Restored(
        version=kept,
        left=tuple(sorted(set(present) - set(back))),
        returned=tuple(sorted(set(back) - set(present))),
        changed=tuple(
            sorted(
                own for own in set(back) & set(present) if back[own].document_id != present[own].document_id
            )
        ),
        undo=undo,
    )


def forget_version(workspace: Workspace, collection: str, name: str) -> None:
    """Let go of a kept version and of originals that only it needed; raises StoreError for an unknown one.

    Its passages leave the disk with a later maintenance run.
    """
    table = workspace.table(collection)
    ledger = _found(table, name)
    _, records = read_ledger(ledger)
    table.upkeep.forget_version(name)
    ledger.unlink(missing_ok=True)
    remove_unneeded(workspace, {record.document_id for record in records} - {""})


def _kept(workspace: Workspace, collection: str, name: str) -> tuple[KeptVersion, bool]:
    """Keep the present state; says too whether it held still meanwhile."""
    # `main` is what Lance calls the present.
    if not _NAME.fullmatch(name) or name == "main":
        raise StoreError(
            f"{name!r} cannot name a version: use letters, digits, '_' and '-', at most 80, "
            "beginning with a letter or digit, and not 'main'."
        )
    table = workspace.table(collection)
    earlier: set[str] | None = None
    for look in range(1, LOOKS + 1):
        records = workspace.catalog.documents(collection)
        version = table.upkeep.keep_version(name)
        differing = set(table.upkeep.documents_at(name) ^ _ids(records)) - {""}
        same_list = _ids(workspace.catalog.documents(collection)) == _ids(records)
        # What differs twice in the same way is how the collection is, not a document on its way in.
        settled = same_list and differing in (set(), earlier)
        if settled or look == LOOKS:
            break
        earlier = differing
        table.upkeep.forget_version(name)
        time.sleep(WAIT_SECONDS)
    kept = KeptVersion(name, version, datetime.now(UTC), len(records), sum(each.chunks for each in records))
    try:
        write_ledger(_ledger(table, name), kept, records)
    except BaseException as error:
        # Without its list a version can be neither gone back to nor let go of.
        table.upkeep.forget_version(name)
        if not isinstance(error, OSError):
            raise
        raise StoreError(
            f"The version {name!r} cannot be noted in {table.upkeep.folder}: {error}. Check that disk."
        ) from error
    return kept, settled


def _ids(records: Iterable[DocumentRecord]) -> set[str]:
    return {record.document_id for record in records if record.status == "ready"}


def _ledger(table: CollectionTable, name: str) -> Path:
    return table.upkeep.folder / LEDGERS / f"{name}.json.gz"


def _found(table: CollectionTable, name: str) -> Path:
    ledger = _ledger(table, name)
    present = table.upkeep.kept_versions()
    if name not in present or not ledger.exists():
        known = ", ".join(sorted(present)) or "none"
        raise StoreError(
            f"No version of {table.name!r} is kept under the name {name!r}. Kept: {known}. "
            f"Keep the present one with: python -m rag tag NAME --collection {table.name}"
        )
    return ledger
