"""RTF through striprtf: the text, paragraph by paragraph, table cells parted by bars.

Leaves out pictures and formatting; runs and fetches nothing.
"""

from __future__ import annotations

import re

from ingest.loaders.builder import TextBuilder
from ingest.loaders.package import iso_date
from ingest.loaders.stored_titles import sensible_title
from ingest.loaders.text import title_from_name
from rag.settings import IngestSettings
from rag.types import ParsedDocument

MIME_TYPE = "application/rtf"
_TITLE = re.compile(rb"\{\\title ([^{}\\]{1,300})\}")
_MADE = re.compile(rb"\{\\creatim\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})")
_AUTHOR = re.compile(rb"\{\\author ([^{}\\]{1,300})\}")


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """The text, runs of rows as tables."""
    from striprtf.striprtf import rtf_to_text

    text = rtf_to_text(data.decode("latin-1"), errors="replace")
    builder = TextBuilder()
    rows: list[list[str]] = []
    for line in (*text.splitlines(), ""):
        cells = line.split("|")
        if len(cells) > 2 and not cells[-1].strip():
            rows.append(cells[:-1])
            continue
        if rows:
            builder.table(rows)
            rows = []
        if line.strip():
            builder.block(line.strip())
    title, author, made = _TITLE.search(data), _AUTHOR.search(data), _MADE.search(data)
    return builder.document(
        (title and sensible_title(title.group(1).decode("latin-1"))) or title_from_name(name),
        MIME_TYPE,
        author=author.group(1).decode("latin-1").strip() if author else "",
        created=iso_date("{:0>4}-{:0>2}-{:0>2}".format(*map(int, made.groups()))) if made else None,
    )
