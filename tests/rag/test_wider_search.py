"""Where else to look when no answer was found: what was left out, and nothing that was searched."""

from __future__ import annotations

from typing import Any

import pytest

from rag.attached_files import Asked
from rag.types import Scope
from rag.wider_search import MOST_CANDIDATES, Wider, wider_searches

ALONE: dict[str, Any] = {"collection": True, "files": False, "others": [], "seen": 12, "candidates": 50}


def names(scope: Scope, asked: Asked, **there: Any) -> list[str]:
    return [own.name for own in wider_searches(scope, asked, **{**ALONE, **there})]


@pytest.mark.parametrize(
    ("scope", "asked", "there", "expected"),
    [
        (Scope(), Asked.COLLECTION, {}, []),
        (Scope(tags=("pumps",)), Asked.COLLECTION, {}, ["Without the filter"]),
        (Scope(), Asked.COLLECTION, {"others": ["cranes"]}, ["All collections"]),
        (Scope(collections=("cranes",)), Asked.COLLECTION, {"others": ["cranes"]}, []),
        (Scope(), Asked.COLLECTION, {"files": True}, ["The attached files, too"]),
        (Scope(), Asked.FILES, {"files": True, "others": ["cranes"]}, ["Your documents, too"]),
        (Scope(), Asked.FILES, {"files": True, "collection": False}, []),
        (Scope(), Asked.BOTH, {"files": True}, []),
        (Scope(), Asked.COLLECTION, {"seen": 63}, ["More passages"]),
        (Scope(), Asked.COLLECTION, {"seen": 2000, "candidates": MOST_CANDIDATES}, []),
    ],
)
def test_what_was_left_out_is_offered_and_nothing_else(
    scope: Scope, asked: Asked, there: dict[str, Any], expected: list[str]
) -> None:
    assert names(scope, asked, **there) == expected


def test_each_changes_one_thing() -> None:
    scope = Scope(documents=("a.pdf",), collections=("cranes",))
    there = ALONE | {"files": True, "others": ["cranes", "ships"], "seen": 80}
    assert wider_searches(scope, Asked.COLLECTION, **there) == [
        Wider("Without the filter", Scope(collections=("cranes",)), Asked.COLLECTION),
        Wider("The attached files, too", Scope(collections=("cranes",)), Asked.BOTH),
        Wider("All collections", Scope(collections=("cranes", "ships")), Asked.COLLECTION),
        Wider("More passages", scope, Asked.COLLECTION, 200),
    ]
