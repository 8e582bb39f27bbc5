"""Jupyter notebooks: text cells as the Markdown they are, code as it stands, and what it printed.

Pictures, charts and widgets that a notebook holds as data are left out; no code is run.
"""

from __future__ import annotations

import json
import re
from typing import Any

from ingest.loaders import records
from ingest.loaders.builder import TextBuilder
from ingest.loaders.markdown import NUMBER_SIGN_HEADING
from ingest.loaders.text import decode, title_from_name
from rag.settings import IngestSettings
from rag.types import ParsedDocument

NOTEBOOK = "application/x-ipynb+json"
#: Printed output beyond this is a log, in which nobody looks for an answer.
MOST_OUTPUT = 20_000
#: Colours and cursor moves of a terminal, in which error messages are kept.
_TERMINAL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """The cells in order; the title is the first heading. What is no notebook after all is read as JSON."""
    text, warnings = decode(data, name)
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError):
        return records.load(data, name, password, limits)
    cells = _cells(notebook)
    if cells is None:
        return records.load(data, name, password, limits)
    builder = TextBuilder()
    for cell in cells:
        source = _joined(cell.get("source") or cell.get("input"))
        if cell.get("cell_type") == "markdown":
            _add_markdown(builder, source)
            continue
        if source.strip():
            builder.block(source.strip("\n"))
        printed = "\n".join(filter(None, map(_printed, _list(cell.get("outputs"))))).strip("\n")
        if printed.strip():
            builder.block(printed[:MOST_OUTPUT])
    title = builder.headings[0].text if builder.headings else title_from_name(name)
    return builder.document(title, NOTEBOOK, warnings=warnings)


def _cells(notebook: Any) -> list[dict[str, Any]] | None:
    """The cells, of format 3 those of all its worksheets; None when this is no notebook."""
    if not isinstance(notebook, dict) or "nbformat" not in notebook:
        return None
    sheets = [notebook, *(own for own in _list(notebook.get("worksheets")) if isinstance(own, dict))]
    return [cell for sheet in sheets for cell in _list(sheet.get("cells")) if isinstance(cell, dict)]


def _add_markdown(builder: TextBuilder, source: str) -> None:
    place = 0
    for heading in NUMBER_SIGN_HEADING.finditer(source):
        if source[place : heading.start()].strip():
            builder.block(source[place : heading.start()].strip())
        builder.heading(heading[2].strip(" \t#"), len(heading[1]))
        place = heading.end()
    if source[place:].strip():
        builder.block(source[place:].strip())


def _printed(output: Any) -> str:
    """The text of an output, of an error its message; "" for pictures."""
    if not isinstance(output, dict):
        return ""
    if output.get("output_type") in ("error", "pyerr"):
        return f"{output.get('ename', '')}: {_TERMINAL.sub('', str(output.get('evalue', '')))}"
    data = output.get("data") if isinstance(output.get("data"), dict) else output
    return _TERMINAL.sub("", _joined(output.get("text") or data.get("text/plain")))  # type: ignore[union-attr]


def _joined(lines: Any) -> str:
    return "".join(str(line) for line in lines) if isinstance(lines, list) else str(lines or "")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
