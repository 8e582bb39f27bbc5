"""Kept bytes that nothing needs any more: uploads of jobs that were stopped and dismissed.

Bytes go only when no document of any collection, no version kept of one and no other job holds them.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from rag.catalog import NAMES_AT_ONCE
from rag.database import DocumentRow, open_database, read
from rag.job_tables import GivenRow
from rag.kept_versions import documents_kept
from rag.workspace import Workspace


def remove_unused(workspace: Workspace, digests: Iterable[str]) -> int:
    """Remove those of these bytes that nothing needs; says how many."""
    wanted = sorted(set(digests) - {""})
    engine = open_database(workspace.settings.data_dir)
    unused: list[str] = []
    for start in range(0, len(wanted), NAMES_AT_ONCE):
        some = wanted[start : start + NAMES_AT_ONCE]

        def needed(session: Session, some: list[str] = some) -> set[str]:
            documents = session.scalars(
                select(DocumentRow.document_id).where(DocumentRow.document_id.in_(some))
            )
            given = session.scalars(select(GivenRow.place).where(GivenRow.place.in_(some)))
            return {*documents, *given}

        kept = read(engine, needed)
        unused += [digest for digest in some if digest not in kept]
    in_versions = documents_kept(workspace.store) if unused else set()
    unused = [digest for digest in unused if digest not in in_versions]
    for digest in unused:
        workspace.blobs.remove(digest)
    return len(unused)
