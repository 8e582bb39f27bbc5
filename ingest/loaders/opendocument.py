"""OpenDocument texts, spreadsheets and presentations, read from their XML with lxml.

A sheet or slide is a page. Cells hold what the program showed. Leaves out comments, deletions and
pictures. Cannot undo OpenDocument's encryption.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import Any

from ingest.loaders.builder import TextBuilder, one_line
from ingest.loaders.package import iso_date, opened_package, parsed_member
from ingest.loaders.stored_titles import sensible_title
from ingest.loaders.text import title_from_name
from ingest.loaders.xlsx import add_block
from rag.errors import CorruptFile, PasswordNeeded
from rag.settings import IngestSettings
from rag.types import ParsedDocument

MIME_TYPES = "application/vnd.oasis.opendocument."
_NAMESPACE = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_TEXT, _TABLE, _OFFICE, _DRAW = (_NAMESPACE % part for part in ("text", "table", "office", "drawing"))
_PRESENTATION, _META = _NAMESPACE % "presentation", _NAMESPACE % "meta"
_DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
_NO_TEXT = {
    f"{_OFFICE}annotation",
    f"{_TEXT}tracked-changes",
    f"{_TEXT}note-citation",
    f"{_PRESENTATION}notes",
}
_ROW_GROUPS = {f"{_TABLE}{part}" for part in ("table-header-rows", "table-rows", "table-row-group")}
#: Spaces and empty cells are stored with a count, which a hostile file can make as large as it likes.
_MOST_SPACES = 100
_MOST_COLUMNS = 16_384


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """The document's text with headings, lists and tables; sheets and slides as pages."""
    with opened_package(data, name, "an OpenDocument file") as archive:
        _refuse_encrypted(archive, name)
        content = parsed_member(archive, "content.xml", name)
        meta = parsed_member(archive, "meta.xml", name)
    body = None if content is None else content.find(f"{_OFFICE}body")
    if body is None or not len(body):
        raise CorruptFile(f"{name} holds no document. Save it again where it was made and add that.")
    builder = TextBuilder()
    kind = body[0].tag.removeprefix(_OFFICE)
    warnings: list[str] = []
    if kind == "spreadsheet":
        for sheet in body[0].iterchildren(f"{_TABLE}table"):
            _add_sheet(builder, sheet, name, limits.max_sheet_rows, warnings)
    elif kind == "presentation":
        for slide in body[0].iterchildren(f"{_DRAW}page"):
            _add_slide(builder, slide)
    else:
        _add_blocks(builder, body[0])
    about = {} if meta is None else {element.tag: one_line(element.text or "") for element in meta.iter("*")}
    first = next((heading.text for heading in builder.headings if heading.level == 1), "")
    title = sensible_title(about.get(f"{_DUBLIN_CORE}title", "")) or ("" if kind == "spreadsheet" else first)
    return builder.document(
        title or title_from_name(name),
        MIME_TYPES + (kind if kind in ("spreadsheet", "presentation") else "text"),
        author=about.get(f"{_META}initial-creator") or about.get(f"{_DUBLIN_CORE}creator", ""),
        created=iso_date(about.get(f"{_META}creation-date", "")),
        language=about.get(f"{_DUBLIN_CORE}language", "")[:2].lower(),
        warnings=tuple(warnings),
    )


def _refuse_encrypted(archive: zipfile.ZipFile, name: str) -> None:
    if "META-INF/manifest.xml" in archive.namelist():
        manifest = archive.read("META-INF/manifest.xml")
        if b"encryption-data" in manifest:
            raise PasswordNeeded(
                f"{name} is protected by a password, which Askance cannot use for OpenDocument files. "
                "Open it where it was made, save it without the password and add that."
            )


def _add_blocks(builder: TextBuilder, container: Any, depth: int = 0) -> None:
    """Paragraphs, headings, lists and tables in their order; `depth` counts the lists around."""
    for element in container.iterchildren("*"):
        if element.tag == f"{_TEXT}h":
            level = element.get(f"{_TEXT}outline-level", "1")
            builder.heading(_text(element), int(level) if level.isdigit() else 1)
        elif element.tag == f"{_TEXT}p":
            text = _text(element).strip()
            if text:
                first = depth and element.getprevious() is None
                builder.block(f"- {text}" if first else text, "\n" if depth else "\n\n")
        elif element.tag == f"{_TABLE}table":
            builder.table(_row(row) for row in _rows(element))
        elif element.tag in (f"{_TEXT}list-item", f"{_TEXT}list-header"):
            _add_blocks(builder, element, depth)
        elif element.tag not in _NO_TEXT:
            _add_blocks(builder, element, depth + (element.tag == f"{_TEXT}list"))


def _add_slide(builder: TextBuilder, slide: Any) -> None:
    builder.begin_page()
    frames = list(slide.iterchildren("*"))
    title = next((frame for frame in frames if frame.get(f"{_PRESENTATION}class") == "title"), None)
    if title is not None:
        builder.heading(" ".join(_text(part) for part in title.iter(f"{_TEXT}p")), 1)
    for frame in frames:
        if frame is not title and frame.tag not in _NO_TEXT:
            _add_blocks(builder, frame)
    for notes in slide.iterchildren(f"{_PRESENTATION}notes"):
        text = "\n".join(line for part in notes.iter(f"{_TEXT}p") if (line := _text(part).strip()))
        if text:
            builder.block(f"Notes: {text}")
    builder.end_page()


def _add_sheet(builder: TextBuilder, sheet: Any, name: str, most_rows: int, warnings: list[str]) -> None:
    title = sheet.get(f"{_TABLE}name", "")
    builder.begin_page()
    block: list[list[str]] = []
    number, first_row, named = 1, 0, False

    def flush() -> None:
        nonlocal named
        if block:
            if not named:
                builder.heading(title, 1)
                named = True
            add_block(builder, first_row, block)
            block.clear()

    for row in _rows(sheet):
        cells = _row(row)
        repeated = _count(row, "number-rows-repeated", 1 << 20)
        if not any(cell.strip() for cell in cells):
            flush()
            number += repeated
            continue
        taken = min(repeated, most_rows - number + 1)
        if taken <= 0:
            warnings.append(
                f"Sheet {title!r} of {name} has more than {most_rows} rows; the rest was left out. "
                "Raise ingest.max_sheet_rows to read all."
            )
            break
        first_row = first_row if block else number
        block.extend([cells] * taken)
        number += repeated
    flush()
    builder.end_page(title)


def _rows(table: Any) -> Iterator[Any]:
    for element in table.iterchildren("*"):
        if element.tag == f"{_TABLE}table-row":
            yield element
        elif element.tag in _ROW_GROUPS:
            yield from _rows(element)


def _row(row: Any) -> list[str]:
    """The cells of a row; a run of empty cells at its end is left out."""
    cells: list[str] = []
    empty = 0
    for cell in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
        text = one_line(
            " ".join(_text(part) for part in cell.iterchildren(f"{_TEXT}p", f"{_TEXT}h", f"{_TEXT}list"))
        )
        count = _count(cell, "number-columns-repeated", _MOST_COLUMNS)
        if not text:
            empty += count
            continue
        if len(cells) + empty + count > _MOST_COLUMNS:
            break
        cells.extend([""] * empty + [text] * count)
        empty = 0
    return cells


def _count(element: Any, attribute: str, most: int) -> int:
    value = element.get(f"{_TABLE}{attribute}", "1")
    return min(int(value), most) if value.isdigit() and len(value) < 10 else 1


def _text(element: Any) -> str:
    """The text within a paragraph: spaces, tabs and line breaks are elements there."""
    parts: list[str] = [element.text or ""]
    for child in element.iterchildren("*"):
        if child.tag == f"{_TEXT}s":
            count = child.get(f"{_TEXT}c", "1")
            parts.append(" " * min(int(count) if count.isdigit() and len(count) < 6 else 1, _MOST_SPACES))
        elif child.tag == f"{_TEXT}tab":
            parts.append("\t")
        elif child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif child.tag == f"{_TEXT}note":
            parts.append(f" [{one_line(_text(child))}]")
        elif child.tag not in _NO_TEXT:
            inner = _text(child)
            parts.append(f"\n{inner}" if child.tag == f"{_TEXT}p" and "".join(parts).strip() else inner)
        parts.append(child.tail or "")
    return "".join(parts)
