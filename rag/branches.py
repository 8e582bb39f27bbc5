"""Which turns of a conversation are shown, when questions were edited or answered anew.

Turns form a tree: each follows one, and those that follow the same one are its versions. One of them
is chosen at each step. Plain arithmetic over the places that others read and write.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

#: What a conversation's first turn follows.
BEGINNING = ""


class Place(NamedTuple):
    """Where a turn stands: after which, asked when, and when it was last chosen of its versions."""

    id: str
    parent_id: str
    position: int
    chosen: int


def shown_path(places: Iterable[Place]) -> list[tuple[Place, tuple[str, ...]]]:
    """The turns shown, in order, each with the ids of all versions in its place, oldest first."""
    following: dict[str, list[Place]] = defaultdict(list)
    for own in sorted(places, key=lambda own: own.position):
        following[own.parent_id].append(own)
    path: list[tuple[Place, tuple[str, ...]]] = []
    at = BEGINNING
    while following[at]:
        versions = following[at]
        shown = max(versions, key=lambda own: (own.chosen, own.position))
        path.append((shown, tuple(own.id for own in versions)))
        at = shown.id
    return path
