"""What becomes of passages when names let go of documents: a document stays while any name holds it.

Called by whoever holds the collection's lock (rag/commit_log.py): nobody else may change meanwhile which
names there are. Nothing here changes the list of documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag.catalog import Catalog, DocumentRecord
from rag.store import CollectionTable


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


def keep_tags(
    table: CollectionTable,
    catalog: Catalog,
    collection: str,
    document_ids: Iterable[str],
    leaving: Iterable[DocumentRecord],
) -> None:
    """Renew the tags of passages that came or changed their names; `leaving` are what the names held before.

    Where neither has any, nothing is written.
    """
    wanted = set(document_ids)
    if not wanted:
        return
    holders = catalog.by_document_ids(collection, wanted).values()
    if any(record.tags for record in (*leaving, *(own for records in holders for own in records))):
        renew_tags(table, catalog, collection, wanted)
