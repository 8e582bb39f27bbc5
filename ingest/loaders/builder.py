"""Builds a document's text block by block and remembers where headings, tables and pages are.

What the loaders of structured formats share. It reads nothing; what it is given it writes, but for
characters that the store cannot hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ingest.loaders.text import cleaned
from rag.types import Heading, PageSpan, ParsedDocument, TableSpan

#: The header row is looked for among so many rows: titles of one cell may stand above it.
_HEADER_WITHIN = 3


def one_line(text: str) -> str:
    """The text with every run of white space as one space."""
    return " ".join(text.split())


def table_lines(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows as lines, cells parted by bars; trailing empty cells and empty rows are left out."""
    lines: list[str] = []
    for row in rows:
        cells = [one_line(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            lines.append(" | ".join(cells))
    return lines


def header_of(lines: Sequence[str]) -> str:
    """The first of the top lines that has several cells; "" for a table of one row or one column."""
    several = [line for line in lines[:_HEADER_WITHIN] if line.count(" | ") > 0]
    return several[0] if several and len(lines) > 1 else ""


class TextBuilder:
    """The text so far, with the places of its parts."""

    def __init__(self) -> None:
        self.length = 0
        self.headings: list[Heading] = []
        self.tables: list[TableSpan] = []
        self.pages: list[PageSpan] = []
        self._parts: list[str] = []
        self._page_start: int | None = None

    def block(self, text: str, separator: str = "\n\n") -> int:
        """Add a block after a separator and return where it begins."""
        if self._parts and self._page_start != self.length:
            self._append(separator)
        start = self.length
        self._append(cleaned(text))
        return start

    def heading(self, text: str, level: int) -> None:
        """Add a heading as a block of its own; an empty one is left out."""
        line = one_line(text)
        if line:
            self.headings.append(Heading(self.block(line), max(level, 1), cleaned(line)))

    def table(self, rows: Iterable[Sequence[str]], *, columns: str = "", first_row: int = 0) -> None:
        """Add a table, one row a line; one without text is left out."""
        lines = table_lines(rows)
        if lines:
            start = self.block("\n".join(lines))
            header = cleaned(header_of(lines))
            self.tables.append(TableSpan(start, self.length, header, columns, first_row))

    def begin_page(self) -> None:
        """What follows stands on the next page."""
        if self._parts:
            self._append("\n\n")
        self._page_start = self.length

    def end_page(self, label: str = "") -> None:
        """Close the page that was begun."""
        start = self.length if self._page_start is None else self._page_start
        self.pages.append(PageSpan(len(self.pages) + 1, start, self.length, cleaned(label)))

    def document(self, title: str, mime_type: str, **more: Any) -> ParsedDocument:
        """All that was added, as a document; `more` are further fields of it."""
        return ParsedDocument(
            text="".join(self._parts),
            title=cleaned(one_line(title)),
            mime_type=mime_type,
            pages=tuple(self.pages),
            headings=tuple(self.headings),
            tables=tuple(self.tables),
            **more,
        )

    def _append(self, text: str) -> None:
        self._parts.append(text)
        self.length += len(text)
