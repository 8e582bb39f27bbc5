"""A whole collection read again under other settings, into a second table that then takes the first's place.

Until that moment, and whatever goes wrong before it, the collection is searched as it was. What is done
is kept, so that beginning again goes on. It needs the originals, and refuses to leave documents out.
"""

from __future__ import annotations

import threading
from datetime import timedelta

from ingest.documents import remove_collection, remove_documents, stored_sources
from ingest.letting_go import renew_tags
from ingest.pipeline import Pipeline
from ingest.progress import Progress
from ingest.recipe import recipe_of
from rag.catalog import DocumentRecord
from rag.collection_tables import RETIRED, REVISION
from rag.database import utc_now
from rag.document_names import listed
from rag.errors import EmbedderMismatch, StoreError
from rag.kept_versions import kept_versions
from rag.workspace import Workspace

#: Seconds for which a replaced table stays, for searches that are still at it.
GRACE_SECONDS = 60.0


def outdated_documents(workspace: Workspace, records: list[DocumentRecord]) -> list[DocumentRecord]:
    """Those of a collection's documents that were read under other settings than those in force."""
    recipe = recipe_of(workspace.settings, workspace.store.embedder)
    return [record for record in records if record.status == "ready" and record.recipe != recipe]


def has_begun(workspace: Workspace, collection: str) -> bool:
    """Whether the collection was begun to be read again, here or before a restart, and did not end."""
    return any(each.purpose == REVISION for each in workspace.tables.hidden(collection))


def read_again(
    workspace: Workspace,
    collection: str,
    *,
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> bool:
    """Read all documents of a collection into a new table and let it take the old one's place.

    Returns False when it was cancelled before; what was read is kept for the next time. Raises
    StoreError when documents cannot be read again; the collection then stays as it was.
    """
    progress = progress if progress is not None else Progress()
    cancelled = cancelled or threading.Event()
    _refuse_to_lose_versions(workspace, collection)
    remove_retired(workspace)
    revision, pipeline = _begun(workspace, collection)
    while True:
        missing = _still_to_read(workspace, collection, revision)
        if missing:
            sources = stored_sources(missing, workspace.blobs)
            for result in pipeline.run(sources, progress=progress, cancelled=_OwnEnd(cancelled)):
                if result.status in ("failed", "empty"):
                    raise StoreError(
                        f"{result.file} could not be read again, so nothing was changed: {result.error} "
                        "Add it anew or delete it, then read the collection again."
                    )
            pipeline.tidy()
        if cancelled.is_set():
            return False
        _tag(workspace, collection, revision)
        if not _still_to_read(workspace, collection, revision) and _swapped(workspace, collection, revision):
            return True


def _refuse_to_lose_versions(workspace: Workspace, collection: str) -> None:
    """Versions kept by name belong to the table that would be replaced, and would go with it."""
    kept = [version.name for version in kept_versions(workspace.table(collection))]
    if kept:
        raise StoreError(
            f"{collection} has versions kept by name ({', '.join(kept)}), which reading it again would lose. "
            f"Let go of them first: python -m rag untag NAME --collection {collection}"
        )


def give_up(workspace: Workspace, collection: str) -> None:
    """Remove what was read again so far; the collection stays as it is."""
    for each in workspace.tables.hidden(collection):
        if each.purpose == REVISION:
            remove_collection(workspace, each.name)


def remove_retired(workspace: Workspace, grace: float = GRACE_SECONDS) -> int:
    """Remove tables that were replaced more than `grace` seconds ago; says how many."""
    before = utc_now() - timedelta(seconds=grace)
    removed = 0
    for each in workspace.tables.hidden():
        if each.purpose == RETIRED and each.since <= before:
            remove_collection(workspace, each.name)
            removed += 1
    return removed


class _OwnEnd(threading.Event):
    """Set when it is, or another is: a pipeline sets the one it was given when it ends."""

    def __init__(self, other: threading.Event) -> None:
        super().__init__()
        self._other = other

    def is_set(self) -> bool:
        return super().is_set() or self._other.is_set()


def _begun(workspace: Workspace, collection: str) -> tuple[str, Pipeline]:
    """The hidden collection and its pipeline; one begun with another embedder is begun anew."""
    for _ in range(2):
        revision = workspace.tables.begin_revision(collection)
        try:
            return revision, Pipeline(revision, workspace)
        except EmbedderMismatch:
            give_up(workspace, collection)
    raise StoreError(f"{collection} is being read again by another process with other settings. Wait for it.")


def _still_to_read(workspace: Workspace, collection: str, revision: str) -> list[DocumentRecord]:
    """Documents not read again yet; those that left the collection meanwhile leave its revision too.

    Raises StoreError when originals are missing.
    """
    recipe = recipe_of(workspace.settings, workspace.store.embedder)
    wanted = {
        record.name: record for record in workspace.catalog.documents(collection) if record.status == "ready"
    }
    done = {record.name: record for record in workspace.catalog.documents(revision)}
    gone = [name for name, own in done.items() if _differs(own, wanted.get(name))]
    if gone:
        remove_documents(workspace, revision, gone)
    missing = [
        record
        for name, record in wanted.items()
        if name in gone or name not in done or done[name].recipe != recipe or done[name].status != "ready"
    ]
    lost = [record.name for record in missing if not workspace.blobs.has(record.document_id)]
    if lost:
        raise StoreError(
            f"The originals of {listed(lost)} are not kept here, so nothing was changed. "
            "Add them again or delete them, then read the collection again."
        )
    return missing


def _differs(reading: DocumentRecord, record: DocumentRecord | None) -> bool:
    return record is None or record.document_id != reading.document_id


def _swapped(workspace: Workspace, collection: str, revision: str) -> bool:
    # Between a document's passages and its record no other table may take the place of theirs.
    with workspace.writing(collection):
        done = workspace.tables.swap(collection, revision)
        if done:
            # Tags may have changed since they were copied.
            _tag(workspace, collection, collection)
    return done


def _tag(workspace: Workspace, collection: str, table_of: str) -> None:
    """Give the passages in a table the tags that people gave the collection's documents."""
    tagged = {record.document_id for record in workspace.catalog.documents(collection) if record.tags}
    if tagged:
        renew_tags(workspace.table(table_of), workspace.catalog, collection, tagged)
