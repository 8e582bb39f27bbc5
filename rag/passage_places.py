"""Where in its document a passage stands, as people say it: page 3, slide 3, sheet Prices, A5:F5.

Out of what is stored with the passage alone: no file is opened and nothing is searched. What has no pages,
as an e-mail, is given no place.
"""

from __future__ import annotations

import re

from rag.document_kinds import kind_of
from rag.types import Chunk, Citation

#: The last part of a heading path within a long table of a sheet (ingest/chunking.py).
_CELLS = re.compile(r"([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)")
_PATH = " > "
_NUMBERED = {"Slides": "slide", "Spreadsheet": "sheet"}


def part_of(chunk: Chunk, start: int | None = None, end: int | None = None) -> str:
    """The part of the document, of a sheet with the rows from `start` to `end` where they are known.

    Both are in the document's text, and those of the passage when they are left out.
    """
    if chunk.page is None:
        return ""
    kind = kind_of(chunk.mime_type, chunk.document)
    if kind != "Spreadsheet" or not chunk.headings:
        return _numbered(kind, chunk.page)
    sheet, _, last = chunk.headings.rpartition(_PATH)
    cells = _CELLS.fullmatch(last)
    if cells is None:
        return f"sheet {chunk.headings}"
    return f"sheet {sheet}, {_rows(cells, chunk, start, end)}"


def place_in_words(chunk: Chunk) -> str:
    """The document and, where it has such, the part."""
    return ", ".join(filter(None, (chunk.document, part_of(chunk))))


def cited_part(citation: Citation) -> str:
    """The part of its document that a citation quotes; earlier versions kept nothing but its number."""
    if citation.part or citation.page is None:
        return citation.part
    return _numbered(kind_of("", citation.document), citation.page)


def shortly(part: str) -> str:
    """A part where there is little room: p. 3, slide 3."""
    return re.sub(r"^page (?=\d)", "p. ", part)


def _rows(cells: re.Match[str], chunk: Chunk, start: int | None, end: int | None) -> str:
    left, first, right, _ = cells.groups()
    begin = chunk.start if start is None else start
    before = chunk.text[: begin - chunk.start]
    own = chunk.text[begin - chunk.start : None if end is None else end - chunk.start]
    top = int(first) + before.count("\n")
    return f"{left}{top}:{right}{top + own.rstrip().count(chr(10))}"


def _numbered(kind: str, number: int) -> str:
    return f"{_NUMBERED.get(kind, 'page')} {number}"
