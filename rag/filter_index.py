"""Indexes for what a search can be restricted to, on a table that is open already: authors, tags and dates.

None are made while looking at every row is quick. It opens no table and decides on no schedule.
"""

from __future__ import annotations

from typing import Any

from rag.table_upkeep import indexed_columns, persistently

#: Rows from which an index pays: at 100,000 it takes a third to a half off a search restricted by author.
LEAST_ROWS = 20_000
#: Columns of lists, of which a filter wants one value, and columns of which it wants a range.
LISTS, RANGES = ("authors", "tags"), ("dated",)


def index_filters(table: Any, name: str) -> None:
    """Make the indexes that are missing and pay; a column that an earlier version did not make has none."""
    from lancedb.index import BTree, LabelList

    if table.count_rows() < LEAST_ROWS:
        return
    there = set(table.schema.names)
    for column in (*LISTS, *RANGES):

        def make(own: str = column) -> None:
            if own not in indexed_columns(table):
                table.create_index(own, config=LabelList() if own in LISTS else BTree())

        if column in there:
            persistently(table, make, name)
