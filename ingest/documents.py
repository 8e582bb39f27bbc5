"""Documents already in a collection: reading them again from their kept originals, and removing them.

Passages of a document stay, under a name that holds it, as long as there is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingest.sources import Source, failing_source
from rag.blobs import BlobStore
from rag.catalog import Catalog, DocumentRecord
from rag.errors import DocumentError
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
    originals stay while any collection does.
    """
    catalog = workspace.catalog
    wanted = set(names)
    records = [record for record in catalog.documents(collection) if record.name in wanted]
    gone, renamed = released(catalog, collection, records, set())
    if records and collection in workspace.store.collections():
        let_go(workspace.table(collection), gone, renamed)
    removed = catalog.remove(collection, [record.name for record in records])
    if renamed and any(record.tags for record in records):
        renew_tags(workspace.table(collection), catalog, collection, renamed)
    for document_id in gone:
        if not any(catalog.by_document_id(other.name, document_id) for other in catalog.collections()):
            workspace.blobs.remove(document_id)
    return removed


def tag_document(workspace: Workspace, collection: str, name: str, tags: Iterable[str]) -> None:
    """Replace the tags of a document, in the list and on its passages. Raises DocumentNotFound."""
    workspace.catalog.set_tags(collection, name, tags)
    record = workspace.catalog.resolve(collection, name)
    if record.document_id and collection in workspace.store.collections():
        renew_tags(workspace.table(collection), workspace.catalog, collection, [record.document_id])


def renew_tags(
    table: CollectionTable, catalog: Catalog, collection: str, document_ids: Iterable[str]
) -> None:
    """Give passages the tags of all names that hold their document."""
    for document_id in document_ids:
        holders = catalog.by_document_id(collection, document_id)
        table.set_tags(document_id, sorted({tag for record in holders for tag in record.tags}))


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
    for document_id in {record.document_id for record in leaving} - coming - {""}:
        holders = catalog.by_document_id(collection, document_id)
        staying = [each.name for each in holders if each.status == "ready" and each.name not in names]
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
    """Remove a collection with all its documents."""
    remove_documents(
        workspace, collection, [record.name for record in workspace.catalog.documents(collection)]
    )
    workspace.store.drop(collection)
    workspace.catalog.remove_collection(collection)


def kept_source(name: str, document_id: str, size: int, blobs: BlobStore) -> Source:
    """A source that reads kept bytes (of that SHA-256) back when they are wanted."""
    return Source(name, size, lambda: blobs.get(document_id))
