"""Columns that tables of earlier versions lack: added when documents are, and missed by filters until then.

It opens no table. What the columns are to hold comes with the documents; nothing is filled in here.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from rag.errors import StoreError
from rag.table_upkeep import persistently
from rag.types import Filters

LATER_COLUMNS = (pa.field("authors", pa.list_(pa.string())), pa.field("dated", pa.date32()))


def complete_columns(table: Any, name: str) -> None:
    """Give an open table the columns that it lacks, without values, each in one commit."""
    for own in LATER_COLUMNS:

        def add(field: pa.Field = own) -> None:
            # Another process may have been faster.
            if field.name not in table.schema.names:
                table.add_columns(field)

        if own.name not in table.schema.names:
            persistently(table, add, name)


def refuse_without_columns(table: Any, name: str, filters: Filters) -> None:
    """Raise StoreError, with the way out, when filters ask for what the table of collection `name` lacks."""
    wanted = {"authors": bool(filters.authors), "dated": bool(filters.since or filters.until)}
    if any(wanted.values()):
        there = set(table.schema.names)
        if not {column for column, is_wanted in wanted.items() if is_wanted} <= there:
            raise StoreError(
                f"The documents of {name!r} were read by an earlier version, which kept no authors and dates "
                f"with their passages. Read them again (on the library page, or: python -m ingest again "
                f"{name}), or search without authors and dates."
            )
