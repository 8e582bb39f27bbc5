"""A question that waits to be asked. Plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PendingQuestion:
    """A question; `standalone` is what to search for in its place, empty to find that out."""

    text: str
    standalone: str = ""
