"""Which turns of a conversation are shown, when questions were edited or answered anew.

Turns form a tree: each follows one, and those that follow the same one are its versions. One of them
is chosen at each step. Plain arithmetic over rows that others read and write.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from rag.database import TurnRow

#: What a conversation's first turn follows.
BEGINNING = ""


def shown_path(rows: Iterable[TurnRow]) -> list[tuple[TurnRow, tuple[str, ...]]]:
    """The turns shown, in order, each with the ids of all versions in its place, oldest first."""
    following: dict[str, list[TurnRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.position):
        following[row.parent_id].append(row)
    path: list[tuple[TurnRow, tuple[str, ...]]] = []
    place = BEGINNING
    while following[place]:
        versions = following[place]
        shown = max(versions, key=lambda row: (row.chosen, row.position))
        path.append((shown, tuple(row.id for row in versions)))
        place = shown.id
    return path


def branch_of(rows: Iterable[TurnRow], turn_id: str) -> list[TurnRow]:
    """A turn and all that follow it, whichever versions are chosen."""
    following: dict[str, list[TurnRow]] = defaultdict(list)
    found: list[TurnRow] = []
    for row in rows:
        following[row.parent_id].append(row)
        if row.id == turn_id:
            found.append(row)
    for row in found:
        found += following[row.id]
    return found
