"""In which languages a collection's passages are, as the catalog knows of their documents."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import func, select

from rag.database import DocumentRow, open_database, read


def passages_by_language(data_dir: Path, collection: str) -> dict[str, int]:
    """How many passages there are in each language (ISO 639-1, "" where it is unclear)."""
    query = (
        select(DocumentRow.language, func.sum(DocumentRow.chunks))
        .where(DocumentRow.collection == collection, DocumentRow.status == "ready")
        .group_by(DocumentRow.language)
    )
    rows = read(open_database(data_dir), lambda session: session.execute(query).all())
    return {str(language): int(count) for language, count in rows}
