"""Documents already in a collection: reading them again from their kept originals, and removing them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingest.sources import Source
from rag.blobs import BlobStore
from rag.catalog import DocumentRecord
from rag.workspace import Workspace


def stored_sources(records: Iterable[DocumentRecord], blobs: BlobStore) -> list[Source]:
    """Sources that read the kept originals, under the names the documents have."""
    return [_stored_source(record.name, record.document_id, record.bytes, blobs) for record in records]


def uploaded_source(name: str, data: bytes, blobs: BlobStore) -> Source:
    """Keep an upload's bytes on disk and return a source that reads them back; memory is freed meanwhile."""
    return _stored_source(name, blobs.put_bytes(data), len(data), blobs)


def remove_documents(workspace: Workspace, collection: str, names: Sequence[str]) -> int:
    """Take documents out of a collection, their passages first; returns how many files left the list.

    Passages stay while another name in the collection holds the same bytes, originals while any
    collection does.
    """
    catalog = workspace.catalog
    leaving = set(names)
    records = [record for record in catalog.documents(collection) if record.name in leaving]
    staying = {record.document_id for record in catalog.documents(collection) if record.name not in leaving}
    gone = {record.document_id for record in records if record.document_id} - staying
    if gone and collection in workspace.store.collections():
        workspace.table(collection).delete_documents(gone)
    removed = catalog.remove(collection, [record.name for record in records])
    for document_id in gone:
        if not any(catalog.by_document_id(other.name, document_id) for other in catalog.collections()):
            workspace.blobs.remove(document_id)
    return removed


def remove_collection(workspace: Workspace, collection: str) -> None:
    """Remove a collection with all its documents."""
    remove_documents(
        workspace, collection, [record.name for record in workspace.catalog.documents(collection)]
    )
    workspace.store.drop(collection)
    workspace.catalog.remove_collection(collection)


def _stored_source(name: str, document_id: str, size: int, blobs: BlobStore) -> Source:
    return Source(name, size, lambda: blobs.get(document_id))
