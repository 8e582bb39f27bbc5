"""What table and catalog do to stay of one mind: the second step of a commit, also after a crash.

Nothing here reads files, embeds, or removes passages that no record of ours let go of: other
programs may have put their own into the table.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from ingest.letting_go import keep_tags, let_go, released
from rag.catalog import Catalog, DocumentRecord
from rag.commit_log import CommitLog, digests
from rag.store import CollectionTable

logger = logging.getLogger(__name__)


def recovered(log: CommitLog, table: CollectionTable, catalog: Catalog) -> dict[str, int]:
    """Finish or forget what a killed process had begun; returns the passages of each document id.

    A record whose passages are gone from the table becomes a failed one, which says so.
    """
    with log:
        finish_announced(log, table, catalog)
        counts = table.chunk_counts()
        for record in catalog.documents(log.collection):
            if record.status == "ready" and record.document_id not in counts:
                lost = f"The passages of {record.name} are no longer in the table. Add it again."
                catalog.put(replace(record, status="failed", error=lost, chunks=0))
    return counts


def finish_announced(log: CommitLog, table: CollectionTable, catalog: Catalog) -> None:
    """Finish or forget what a killed process had begun to add, while the log's lock is held."""
    announced = log.announced()
    if announced is None:
        return
    unfinished, expected = announced
    found = digests(chunk for own in expected for chunk in table.chunks(own))
    if found == expected:
        logger.warning("Finished adding %d documents for a process that had ended.", len(unfinished))
        note(unfinished, set(expected), table, catalog)
    log.settle()


def note(
    records: Sequence[DocumentRecord],
    coming: set[str],
    table: CollectionTable,
    catalog: Catalog,
) -> None:
    """Write into the catalog what the table has; what these names held before is let go of.

    `coming` are the document ids of the records, all of one collection.
    """
    collection = records[0].collection
    earlier = [catalog.get(collection, record.name) for record in records]
    leaving = [record for record in earlier if record is not None]
    gone, renamed = released(catalog, collection, leaving, coming)
    let_go(table, gone, renamed)
    catalog.put_many(records)
    keep_tags(table, catalog, collection, {*coming, *renamed}, leaving)
