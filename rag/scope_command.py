"""What is searched, and restricted to what, as options of the command line. It searches nothing."""

from __future__ import annotations

import argparse
import calendar
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from rag.document_scope import left_out
from rag.errors import SettingsError
from rag.several_tables import Searched
from rag.types import Filters, Scope
from rag.workspace import Workspace

DEFAULT_COLLECTION = "default"
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_PAGES = re.compile(r"(\d{1,9})?(-)?(\d{1,9})?")


def add_scope_options(parser: argparse.ArgumentParser) -> None:
    """Add --document, --tag, --type, --author, --since, --until and --pages."""

    def several(option: str, told: str) -> None:
        parser.add_argument(option, action="append", default=[], help=told)

    several("--document", "search this document alone")
    several("--tag", "search documents with this tag")
    several("--type", "search documents of this type: PDF, Word, docx, ...")
    several("--author", "search documents that name this author; any words of the name will do")
    parser.add_argument(
        "--since",
        type=_day(first=True),
        metavar="DATE",
        help="search documents dated this day or later: 2024-03-01, 2024-03 or 2024",
    )
    parser.add_argument(
        "--until", type=_day(first=False), metavar="DATE", help="search documents dated this day or earlier"
    )
    parser.add_argument(
        "--pages", type=_pages, default=(None, None), metavar="RANGE", help="search these pages: 3, 3-7 or 3-"
    )


def scope_given(options: argparse.Namespace) -> Scope:
    """The scope that the options name. Raises SettingsError for days the wrong way round."""
    first_page, last_page = options.pages
    if options.since and options.until and options.until < options.since:
        raise SettingsError(f"--until {options.until} is before --since {options.since}: swap the two.")
    return Scope(
        documents=tuple(options.document),
        tags=tuple(options.tag),
        kinds=tuple(options.type),
        authors=tuple(options.author),
        since=options.since,
        until=options.until,
        first_page=first_page,
        last_page=last_page,
    )


def collections_given(options: argparse.Namespace) -> list[str]:
    """The collections that the options name, each once; the scope is that of the first."""
    return list(dict.fromkeys(options.collection or [DEFAULT_COLLECTION]))


def scope_beside(options: argparse.Namespace) -> Scope:
    """The scope that the options name, with the collections asked beside the first."""
    return replace(scope_given(options), collections=tuple(collections_given(options)[1:]))


def searched(workspace: Workspace, collections: Sequence[str], scope: Scope) -> tuple[Searched, Filters]:
    """The tables to be searched and the restriction; how many documents say too little goes to stderr."""
    tables, filters = workspace.searched(collections), workspace.filters(collections[0], scope)
    if scope:
        records = [record for name in collections for record in workspace.catalog.documents(name)]
        for sentence in left_out(records, workspace.meant(collections[0], scope)):
            sys.stderr.write(f"{sentence}\n")
    return tables, filters


def _day(*, first: bool) -> Callable[[str], date]:
    """Reads a day; of a month or year its first day, or its last."""

    def read(text: str) -> date:
        found = _DAY.fullmatch(text.strip())
        if found is not None:
            year, month, day = (int(part) if part else 0 for part in found.groups())
            month = month or (1 if first else 12)
            last = calendar.monthrange(year, month)[1] if year and 1 <= month <= 12 else 0
            day = day or (1 if first else last)
            if 1 <= day <= last:
                return date(year, month, day)
        raise argparse.ArgumentTypeError(f"{text!r} is no day: write 2024-03-01, 2024-03 or 2024")

    return read


def _pages(text: str) -> tuple[int | None, int | None]:
    """The first and the last page of a range; None where it is open."""
    found = _PAGES.fullmatch(text.strip())
    first, dash, last = found.groups() if found else (None, None, None)
    numbers = tuple(int(part) if part else None for part in (first, last if dash else first))
    if numbers == (None, None) or 0 in numbers or (first and last and int(last) < int(first)):
        raise argparse.ArgumentTypeError(f"{text!r} is no range of pages: write 3, 3-7 or 3-")
    return numbers[0], numbers[1]
