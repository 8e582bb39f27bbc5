"""Which tables there are, and what those of a copy hold, whatever embedder made them. It only reads.

Beside rag/store.py the only module that opens tables: the store would make missing indexes, asks the
database which table is whose, and keeps tables open, none of which is wanted of a copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class TableContents:
    """What a table holds: its version, its passages, and the ids of their documents."""

    version: int
    rows: int
    documents: frozenset[str]


def table_contents(folder: Path) -> dict[str, TableContents]:
    """What every table in a folder holds, by the table's name. Raises what LanceDB raises."""
    import lancedb

    connection = lancedb.connect(str(folder))
    found = {}
    for path in sorted(folder.glob("*.lance")):
        table = connection.open_table(path.stem)
        rows = table.count_rows()
        ids = table.search().select(["document_id"]).limit(max(rows, 1)).to_arrow()["document_id"]
        found[path.stem] = TableContents(table.version, rows, frozenset(ids.drop_null().unique().to_pylist()))
    return found


def table_names(connection: Any) -> list[str]:
    """The names of all tables of an open folder, page by page, as LanceDB gives them."""
    names: list[str] = []
    token = None
    while True:
        listed = connection.list_tables(page_token=token)
        names += listed.tables
        token = listed.page_token
        if not token:
            return names
