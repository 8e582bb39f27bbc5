"""Documents already in a collection: reading them again from their kept originals, and removing them.

Passages of a document stay, under a name that holds it, as long as there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingest.folder_ledger import forget_folders
from ingest.letting_go import keep_tags, let_go, released, renew_tags
from ingest.recovery import finish_announced
from ingest.sources import Source, failing_source
from rag.blobs import BlobStore
from rag.catalog import DocumentRecord
from rag.database import open_database
from rag.errors import DocumentError, StoreError
from rag.needed_blobs import documents_kept, remove_unneeded
from rag.workspace import Workspace


def stored_sources(records: Iterable[DocumentRecord], blobs: BlobStore) -> list[Source]:
    """Sources that read the kept originals, under the names the documents have."""
    return [
        kept_source(record.name, record.document_id, record.bytes, blobs)
        if record.document_id
        else failing_source(
            record.name, DocumentError(f"{record.name} could never be read. Add the file again.")
        )
        for record in records
    ]


def remove_documents(workspace: Workspace, collection: str, names: Sequence[str]) -> int:
    """Take documents out of a collection, their passages first; returns how many files left the list.

    Passages stay, under that name, while another name in the collection holds the same bytes;
    originals stay while any collection does, a version kept of one, or a job that is not done. The
    passages go in one commit, however many there are.
    """
    catalog = workspace.catalog
    wanted = set(names)
    if not wanted:
        return 0
    with workspace.writing(collection) as log:
        table = workspace.table(collection) if workspace.store.has_table(collection) else None
        if table is not None:
            # Else what a killed process had begun would bring a document back.
            finish_announced(log, table, catalog)
        records = [record for record in catalog.documents(collection) if record.name in wanted]
        gone, renamed = released(catalog, collection, records, set())
        if records and table is not None:
            let_go(table, gone, renamed)
        removed = catalog.remove(collection, [record.name for record in records])
        if table is not None:
            keep_tags(table, catalog, collection, renamed, records)
        remove_unneeded(workspace, gone)
    return removed


def tag_document(workspace: Workspace, collection: str, name: str, tags: Iterable[str]) -> None:
    """Replace the tags of a document, in the list and on its passages. Raises DocumentNotFound."""
    with workspace.writing(collection):
        workspace.catalog.set_tags(collection, name, tags)
        _tag_passages(workspace, collection, [name])


def tag_documents(
    workspace: Workspace,
    collection: str,
    names: Sequence[str],
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
) -> None:
    """Add tags to, and remove others from, many documents, in the list and on their passages."""
    with workspace.writing(collection):
        workspace.catalog.change_tags(collection, names, add=add, remove=remove)
        _tag_passages(workspace, collection, names)


def _tag_passages(workspace: Workspace, collection: str, names: Sequence[str]) -> None:
    wanted = set(names)
    ids = {
        record.document_id
        for record in workspace.catalog.documents(collection)
        if record.name in wanted and record.status == "ready"
    }
    if ids and workspace.store.has_table(collection):
        renew_tags(workspace.table(collection), workspace.catalog, collection, ids)


def rename_collection(workspace: Workspace, collection: str, name: str) -> None:
    """Give a collection another name; see CollectionTables.rename for what follows it, and what it raises."""
    with workspace.writing(collection) as log:
        if workspace.store.has_table(collection):
            # What a killed process had begun is noted under the old name.
            finish_announced(log, workspace.table(collection), workspace.catalog)
        workspace.tables.rename(collection, name)


def remove_collection(workspace: Workspace, collection: str) -> None:
    """Remove a collection with its documents, the versions kept of it, and what was being made of it."""
    catalog = workspace.catalog
    if not catalog.has_collection(collection):
        catalog.remove_collection(collection)
    for name in [*(each.name for each in workspace.tables.hidden(collection)), collection]:
        with workspace.writing(name) as log:
            held = {record.document_id for record in catalog.documents(name)} - {""}
            held |= documents_kept(workspace.store, name)
            workspace.store.drop(name)
            catalog.remove_collection(name)
            forget_folders(open_database(workspace.settings.data_dir), name)
            log.settle()
            remove_unneeded(workspace, held)


def kept_source(name: str, document_id: str, size: int, blobs: BlobStore) -> Source:
    """A source that reads kept bytes (of that SHA-256) back when they are wanted."""

    def read() -> bytes:
        try:
            return blobs.get(document_id)
        except StoreError as error:
            # Of this file alone; others may be whole.
            raise DocumentError(f"{name}: {error}") from error

    return Source(name, size, read)
