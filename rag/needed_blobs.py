"""Which originals are still needed, and removing those that are not.

An original is needed by a document of any collection, by a version kept of one, and by a job that has
still something to do with it. Bytes that nothing refers to go: at once when their document is removed,
and with maintenance when they were left behind (an earlier content of a changed file, a file whose
ingestion was never finished). Nothing here removes documents or passages.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from rag.catalog import NAMES_AT_ONCE
from rag.database import DocumentRow, open_database, read
from rag.job_tables import GivenRow, JobRow
from rag.kept_ledger import read_ledger
from rag.store import Store
from rag.workspace import Workspace

#: Inside the table's folder, so that it goes wherever the table goes.
LEDGERS = "_askance_versions"
#: Bytes younger than this may belong to a document on its way in.
STRAY_AFTER = timedelta(days=1)


def remove_unneeded(workspace: Workspace, digests: Iterable[str], *, listed_jobs: bool = False) -> int:
    """Remove those of these originals that nothing needs; says how many.

    A job needs what it was given until it is done; with `listed_jobs` as long as it is listed.
    """
    wanted = sorted(set(digests) - {""})
    unneeded = set(wanted) - _needed_by_rows(workspace, wanted, listed_jobs)
    if unneeded:
        unneeded -= documents_kept(workspace.store)
    workspace.blobs.remove_many(unneeded)
    return len(unneeded)


def remove_stray(workspace: Workspace, *, older_than: timedelta = STRAY_AFTER) -> int:
    """Remove all originals that nothing needs and that nothing has used for a while; says how many."""
    if any((workspace.settings.data_dir / "commits").glob("*.json")):
        # A killed process announced documents that the next ingestion finishes; until then none is listed.
        return 0
    return remove_unneeded(workspace, workspace.blobs.digests(older_than), listed_jobs=True)


def documents_kept(store: Store, collection: str | None = None) -> set[str]:
    """Ids of the documents that the kept versions of a collection, or of all, need."""
    ledgers = store.table_files(f"{LEDGERS}/*.json.gz", collection)
    found = {record.document_id for ledger in ledgers for record in read_ledger(ledger)[1]}
    return found - {""}


def _needed_by_rows(workspace: Workspace, digests: list[str], listed_jobs: bool) -> set[str]:
    engine = open_database(workspace.settings.data_dir)
    needed: set[str] = set()
    for start in range(0, len(digests), NAMES_AT_ONCE):
        some = digests[start : start + NAMES_AT_ONCE]

        def found(session: Session, some: list[str] = some) -> set[str]:
            documents = select(DocumentRow.document_id).where(DocumentRow.document_id.in_(some))
            given = select(GivenRow.place).join(JobRow, JobRow.id == GivenRow.job_id)
            given = given.where(GivenRow.place.in_(some), GivenRow.kind != "path")
            if not listed_jobs:
                # An archive stays with its job only while something in it is to be done.
                given = given.where(or_(JobRow.state != "done", GivenRow.kind == "archive"))
            return {*session.scalars(documents), *session.scalars(given)}

        needed |= read(engine, found)
    return needed
