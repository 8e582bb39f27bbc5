"""What would search wider than a question was asked of, when no answer was found there.

It decides and searches nothing; it names what was left out, and never what was searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.attached_files import Asked
from rag.types import Scope

#: How many times as many candidates "More passages" fetches, and the most that may be.
DEEPER, MOST_CANDIDATES = 4, 1000


@dataclass(frozen=True)
class Wider:
    """A wider search: what it is asked of, and how many candidates (None: as many as before)."""

    name: str
    scope: Scope
    asked: Asked
    candidates: int | None = None


def wider_searches(
    scope: Scope,
    asked: Asked,
    *,
    collection: bool,
    files: bool,
    others: Sequence[str],
    seen: int,
    candidates: int,
) -> list[Wider]:
    """What was left out of a search, the nearest first.

    `collection` and `files` say whether the conversation's collection and its own files hold anything;
    `others` are further collections that do. `seen` passages were compared, of `candidates` that each search
    may fetch: fewer mean that there are no more.
    """
    everything = Scope(collections=scope.collections)
    found: list[Wider] = []
    if scope != everything:
        found.append(Wider("Without the filter", everything, asked))
    if asked is Asked.FILES and collection:
        found.append(Wider("Your documents, too", Scope(), Asked.BOTH))
    if asked is Asked.COLLECTION and files:
        found.append(Wider("The attached files, too", everything, Asked.BOTH))
    if asked is not Asked.FILES and set(others) - set(scope.collections):
        found.append(Wider("All collections", replace(everything, collections=tuple(others)), asked))
    if seen >= candidates and candidates < MOST_CANDIDATES:
        found.append(Wider("More passages", scope, asked, min(candidates * DEEPER, MOST_CANDIDATES)))
    return found
