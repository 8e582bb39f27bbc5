"""Documents already in a collection: reading them again from their kept originals, and removing them.

Passages of a document stay, under a name that holds it, as long as there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingest.sources import Source, failing_source
from rag.blobs import BlobStore
from rag.catalog import Catalog, DocumentRecord
from rag.errors import DocumentError, StoreError
from rag.needed_blobs import documents_kept, remove_unneeded
from rag.store import CollectionTable
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


def uploaded_source(name: str, data: bytes, blobs: BlobStore) -> Source:
    """Keep an upload's bytes on disk and return a source that reads them back; memory is freed meanwhile."""
    return kept_source(name, blobs.put_bytes(data), len(data), blobs)


def remove_documents(workspace: Workspace, collection: str, names: Sequence[str]) -> int:
    """Take documents out of a collection, their passages first; returns how many files left the list.

    Passages stay, under that name, while another name in the collection holds the same bytes;
    originals stay while any collection does, a version kept of one, or a job that is not done. The
    passages go in one commit, however many there are.
    """
    catalog = workspace.catalog
    wanted = set(names)
    records = [record for record in catalog.documents(collection) if record.name in wanted]
    gone, renamed = released(catalog, collection, records, set())
    has_table = workspace.store.has_table(collection)
    if records and has_table:
        let_go(workspace.table(collection), gone, renamed)
    removed = catalog.remove(collection, [record.name for record in records])
    if renamed and has_table and any(record.tags for record in records):
        renew_tags(workspace.table(collection), catalog, collection, renamed)
    remove_unneeded(workspace, gone)
    return removed


def tag_document(workspace: Workspace, collection: str, name: str, tags: Iterable[str]) -> None:
    """Replace the tags of a document, in the list and on its passages. Raises DocumentNotFound."""
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


def renew_tags(
    table: CollectionTable, catalog: Catalog, collection: str, document_ids: Iterable[str]
) -> None:
    """Give passages the tags of all names that hold their document."""
    holders = catalog.by_document_ids(collection, document_ids)
    table.set_tags(
        {
            document_id: sorted({tag for record in records for tag in record.tags})
            for document_id, records in holders.items()
        }
    )


def released(
    catalog: Catalog, collection: str, leaving: Sequence[DocumentRecord], coming: set[str]
) -> tuple[set[str], dict[str, str]]:
    """What becomes of documents when these records let go of them.

    The ids of those that no other name holds, and for those still held that name. `coming` are ids
    that the same names are to hold next: they are left out.
    """
    names = {record.name for record in leaving}
    gone: set[str] = set()
    renamed: dict[str, str] = {}
    let_go_of = {record.document_id for record in leaving} - coming - {""}
    holders = catalog.by_document_ids(collection, let_go_of)
    for document_id in let_go_of:
        staying = [
            each.name
            for each in holders.get(document_id, ())
            if each.status == "ready" and each.name not in names
        ]
        if staying:
            renamed[document_id] = staying[0]
        else:
            gone.add(document_id)
    return gone, renamed


def let_go(table: CollectionTable, gone: set[str], renamed: dict[str, str]) -> None:
    """Remove the passages of some documents and give those of others another document name."""
    table.delete_documents(gone)
    for document_id, name in renamed.items():
        table.rename_document(document_id, name)


def remove_collection(workspace: Workspace, collection: str) -> None:
    """Remove a collection with its documents, the versions kept of it, and what was being made of it."""
    catalog = workspace.catalog
    if not catalog.has_collection(collection):
        catalog.remove_collection(collection)
    for name in [*(each.name for each in workspace.tables.hidden(collection)), collection]:
        held = {record.document_id for record in catalog.documents(name)} - {""}
        held |= documents_kept(workspace.store, name)
        workspace.store.drop(name)
        catalog.remove_collection(name)
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
