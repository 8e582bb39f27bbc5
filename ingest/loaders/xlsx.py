"""Excel workbooks through openpyxl, row by row: a sheet is a page, each block of rows a table.

Takes the values that Excel last computed, as it shows them, never formulas, and says so where there is
none yet. Reads at most ingest.max_sheet_rows rows of a sheet, and says so; leaves out charts, comments and
pictures.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from ingest.loaders.builder import TextBuilder, one_line
from ingest.loaders.package import as_utc, opened_package
from ingest.loaders.stored_titles import sensible_title
from ingest.loaders.text import title_from_name
from rag.settings import IngestSettings
from rag.types import ParsedDocument

MIME_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#: A cell of a formula with no value beside it, as programs write it that do not calculate. One whose
#: value is an empty text has the type "str".
_NEVER_CALCULATED = re.compile(
    rb"""<c(?![^<>]*\bt=["']str["'])(?:\s[^<>]*)?>\s*+"""
    rb"<f(?:\s[^<>]*)?(?:/>|>[^<]*</f>)\s*+(?:<v\s*+/>|<v></v>)?+\s*+</c>"
)
_CHUNK, _LONGEST_CELL = 1 << 20, 1 << 16

#: No spreadsheet program writes longer ones.
_LONGEST_FORMAT = 255
_LITERALS = re.compile(r'"([^"]*)"|\\(.)|\[[^\]]*\]|_.|\*.')
_DATE_PARTS = re.compile(r"AM/PM|y+|m+|d+|h+|s+(?:\.0+)?", re.IGNORECASE)
_STRFTIME = {
    "yy": "%y", "yyyy": "%Y", "mm": "%m", "mmm": "%b", "mmmm": "%B", "dd": "%d", "ddd": "%a", "dddd": "%A",
    "hh": "%H", "ss": "%S",
}  # fmt: skip


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """Every sheet with text under its name, every block of rows with its cell range."""
    import warnings as python_warnings

    import openpyxl

    with opened_package(data, name, "an Excel workbook") as archive:
        warnings = list(_without_values(archive, name))
    builder = TextBuilder()
    with python_warnings.catch_warnings():
        # openpyxl warns of extensions that it leaves out; none of them holds text.
        python_warnings.simplefilter("ignore")
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            for sheet in workbook.worksheets:
                builder.begin_page()
                if _add_sheet(builder, sheet, limits.max_sheet_rows):
                    warnings.append(
                        f"Sheet {sheet.title!r} of {name} has more than {limits.max_sheet_rows} rows; "
                        "the rest was left out. Raise ingest.max_sheet_rows to read all."
                    )
                builder.end_page(sheet.title)
            properties = workbook.properties
        finally:
            workbook.close()
    return builder.document(
        sensible_title(properties.title or "") or title_from_name(name),
        MIME_TYPE,
        author="" if properties.creator == "openpyxl" else one_line(properties.creator or ""),
        created=as_utc(properties.created) if b"dcterms:created" in _core(data) else None,
        warnings=tuple(warnings),
    )


def _core(data: bytes) -> bytes:
    """The stored properties: openpyxl makes up a time of creation where there is none."""
    with opened_package(data, "", "", allow_doctype=True) as archive:
        return archive.read("docProps/core.xml") if "docProps/core.xml" in archive.namelist() else b""


def _without_values(archive: zipfile.ZipFile, name: str) -> Iterator[str]:
    """A warning of the formulas whose value nobody has calculated yet."""
    missing = 0
    for member in archive.namelist():
        if member.startswith("xl/worksheets/") and member.endswith(".xml"):
            with archive.open(member) as sheet:
                rest = b""
                while chunk := sheet.read(_CHUNK):
                    cells, end, rest = (rest + chunk).rpartition(b"</c>")
                    missing += len(_NEVER_CALCULATED.findall(cells + end))
                    rest = rest[-_LONGEST_CELL:]
    if missing:
        formulas = "1 formula" if missing == 1 else f"{missing:,} formulas"
        yield (
            f"Nobody has calculated {formulas} in {name} yet, so the values are missing. Open it in "
            "a spreadsheet program, save it there and add it again."
        )


def _add_sheet(builder: TextBuilder, sheet: Any, most_rows: int) -> bool:
    """Add the blocks of a sheet; returns whether rows were left out."""
    sheet.reset_dimensions()
    named = False
    left_out: list[int] = []
    for first_row, rows in _blocks(sheet, most_rows, left_out):
        if not named:
            builder.heading(sheet.title, 1)
            named = True
        add_block(builder, first_row, rows)
    return bool(left_out)


def _blocks(sheet: Any, most_rows: int, left_out: list[int]) -> Iterator[tuple[int, list[list[str]]]]:
    """Runs of rows that hold something, each with the number of its first row."""
    block: list[list[str]] = []
    first_row = 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number > most_rows:
            left_out.append(number)
            break
        cells = [_shown(cell.value, getattr(cell, "number_format", "") or "") for cell in row]
        if any(cells):
            first_row = first_row if block else number
            block.append(cells)
        elif block:
            yield first_row, block
            block = []
    if block:
        yield first_row, block


def add_block(builder: TextBuilder, first_row: int, rows: list[list[str]]) -> None:
    """Add a block of a sheet as a table that knows its cells; columns without text on its left go."""
    left = min(next(index for index, cell in enumerate(row) if cell.strip()) for row in rows)
    right = max(max(index for index, cell in enumerate(row) if cell.strip()) for row in rows)
    builder.table(
        (row[left:] for row in rows),
        columns=f"{column_name(left)}:{column_name(right)}",
        first_row=first_row,
    )


def column_name(index: int) -> str:
    """The letters of a column that counts from 0."""
    name = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def _shown(value: object, number_format: str) -> str:
    """A cell's value as the sheet shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime | date | time):
        return _shown_date(value, number_format)
    if isinstance(value, int | float):
        plain = _LITERALS.sub("", number_format[:_LONGEST_FORMAT])
        if "%" in plain:
            places = len(re.split(r"[^0#?]", plain.partition(".")[2])[0]) if "." in plain else 0
            return f"{value * 100:.{places}f}%"
        return f"{value:.15g}" if isinstance(value, float) else str(value)
    return one_line(str(value))


def _shown_date(value: datetime | date | time, number_format: str) -> str:
    """A date in the format of its cell; in ISO form where that is the system's own or unknown."""
    code = number_format[:_LONGEST_FORMAT].split(";")[0]
    code = _LITERALS.sub(lambda match: match.group(1) or match.group(2) or "", code)
    parts = _DATE_PARTS.findall(code)
    if not parts or isinstance(value, time) or code.lower() in ("mm-dd-yy", "general"):
        if isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0):
            value = value.date()
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    twelve = "AM/PM" in code.upper()
    previous = ""

    def replaced(match: re.Match[str]) -> str:
        nonlocal previous
        part = match.group().lower()
        following = code[match.end() :].lstrip(":. ").lower()
        minutes = part.startswith("m") and (previous.startswith("h") or following.startswith("s"))
        previous = part
        if part == "am/pm":
            return value.strftime("%p")
        if minutes:
            return value.strftime("%M").lstrip("0").rjust(1 if len(part) == 1 else 2, "0")
        if part.startswith("s"):
            return value.strftime("%S")
        if part.startswith("h") and twelve:
            return str(int(value.strftime("%I"))).rjust(len(part), "0")
        if len(part) == 1:
            return str(int(value.strftime({"m": "%m", "d": "%d", "h": "%H", "y": "%y"}[part])))
        return value.strftime(_STRFTIME.get(part, "%Y"))

    return _DATE_PARTS.sub(replaced, code).strip()
