"""A scope in words: as a line under a question, and as chips. Plain text; whoever draws it escapes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pages.shared.figures import counted
from pages.shared.plain_text import shortened
from rag.types import Scope

_ICONS = {
    "collections": ":material/folder:",
    "documents": ":material/draft:",
    "tags": ":material/sell:",
    "kinds": ":material/category:",
    "authors": ":material/person:",
}
#: Documents named in a line; the others are counted.
NAMED = 3


@dataclass(frozen=True)
class Chip:
    """One restriction: what it says, and the parts of the scope that hold its value, or are it whole."""

    label: str
    icon: str
    parts: tuple[str, ...]
    value: str | None = None


def chips_of(scope: Scope) -> list[Chip]:
    """A chip for each restriction, in the order of the fields."""
    chips = [
        Chip(shortened(PurePosixPath(value).name if part == "documents" else value, 28), icon, (part,), value)
        for part, icon in _ICONS.items()
        for value in getattr(scope, part)
    ]
    if days := _days(scope):
        chips.append(Chip(days, ":material/calendar_month:", ("since", "until")))
    if pages := _pages(scope):
        chips.append(Chip(pages, ":material/auto_stories:", ("first_page", "last_page")))
    return chips


def in_words(scope: Scope) -> str:
    """What a question was asked of: 'a.pdf, tagged pumps, PDF, by Ines Marchetti, dated from 2024-03-01'."""
    beside = [f"this collection and {listed(scope.collections)}"] if scope.collections else []
    names = [shortened(PurePosixPath(name).name, 40) for name in scope.documents[:NAMED]]
    if len(scope.documents) > len(names):
        names.append(counted(len(scope.documents) - len(names), "more document"))
    tags = [f"tagged {tag}" for tag in scope.tags]
    authors = [f"by {author}" for author in scope.authors]
    days = [f"dated {days}"] if (days := _days(scope)) else []
    pages = [pages] if (pages := _pages(scope)) else []
    return ", ".join([*beside, *names, *tags, *scope.kinds, *authors, *days, *pages])


def listed(names: Sequence[str]) -> str:
    """Names of collections as a sentence has them: 'a', 'a and b', 'a, b and c'."""
    shown = [shortened(name, 40) for name in names]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _days(scope: Scope) -> str:
    if scope.since and scope.until:
        return f"{scope.since} to {scope.until}"
    return f"from {scope.since}" if scope.since else f"until {scope.until}" if scope.until else ""


def _pages(scope: Scope) -> str:
    first, last = scope.first_page, scope.last_page
    if first is not None and last is not None:
        return f"page {first}" if first == last else f"pages {first} to {last}"
    return f"from page {first}" if first is not None else f"up to page {last}" if last is not None else ""
