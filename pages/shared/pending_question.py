"""A question that waits to be asked. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rag.attached_files import Asked
from rag.types import Scope


@dataclass(frozen=True)
class PendingQuestion:
    """A question, and how it is to be asked.

    `standalone` is what to search for in its place, empty to find that out. `beside` names the turn of
    which it is another version; with `instead` that turn goes. `scope` is what to ask, None for what is
    chosen; `asked` is which of its collections, None for what is chosen or, beside a turn, for that turn's.
    `overrides` are dotted settings for this question alone. With `needs_files` it came with files
    and is asked of them alone.
    """

    text: str
    standalone: str = ""
    beside: str = ""
    instead: bool = False
    scope: Scope | None = None
    asked: Asked | None = None
    overrides: tuple[tuple[str, Any], ...] = ()
    needs_files: bool = False
