"""CSV and TSV: one table, a row a line, cells parted by bars; the first full row is its header.

A first line "sep=;", from which spreadsheet programs learn the delimiter, says just that.

What the csv module cannot take (a field of megabytes) is read as plain text, with a warning.
"""

from __future__ import annotations

import csv
import io
import re
from itertools import islice

from ingest.loaders import text as plain_text
from ingest.loaders.builder import TextBuilder
from ingest.loaders.text import decode, title_from_name
from rag.settings import IngestSettings
from rag.types import ParsedDocument

MIME_TYPES = {".csv": "text/csv", ".tsv": "text/tab-separated-values", ".tab": "text/tab-separated-values"}
_DECLARED = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n|$)', re.IGNORECASE)
_SAMPLE_ROWS = 50
_SAMPLE_CHARACTERS = 200_000


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """The rows as a table, with the delimiter that gives the most even columns."""
    text, warnings = decode(data, name)
    declared = _DECLARED.match(text)
    delimiter = declared.group(1) if declared else _delimiter(text, name)
    rows = text[declared.end() :] if declared else text
    builder = TextBuilder()
    try:
        builder.table(csv.reader(io.StringIO(rows, newline=""), delimiter=delimiter))
    except csv.Error as error:
        as_text = plain_text.load(data, name, password, limits)
        note = f"{name} could not be split into columns ({error}); it was read as plain text."
        return ParsedDocument(as_text.text, as_text.title, as_text.mime_type, warnings=(*warnings, note))
    tabs = delimiter == "\t"
    return builder.document(
        title_from_name(name), "text/tab-separated-values" if tabs else "text/csv", warnings=warnings
    )


def _delimiter(text: str, name: str) -> str:
    """The delimiter that splits the first rows into the most even columns; a comma when none does."""
    if name.lower().endswith((".tsv", ".tab")):
        return "\t"
    sample = text[:_SAMPLE_CHARACTERS]
    best, best_share = ",", 0.0
    for delimiter in (",", ";", "\t", "|"):
        try:
            rows = list(
                islice(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter), _SAMPLE_ROWS)
            )
        except csv.Error:
            continue
        widths = [len(row) for row in rows if row]
        split = [width for width in widths if width > 1]
        if not split:
            continue
        commonest = max(set(split), key=split.count)
        share = split.count(commonest) / len(widths) + 0.001 * commonest
        if share > best_share:
            best, best_share = delimiter, share
    return best
