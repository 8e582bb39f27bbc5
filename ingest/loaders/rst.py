"""reStructuredText and Org: the decoded source verbatim, with the offset of every heading.

No directive is carried out: what an include names is not read.
"""

from __future__ import annotations

import re

from ingest.loaders.text import decode, title_from_name
from rag.settings import IngestSettings
from rag.types import Heading, ParsedDocument

RST, ORG = "text/x-rst", "text/org"
#: A row of one sign under a title (and over it, which makes it another level).
_ADORNMENT = re.compile(r"([=\-`:.'\"~^_*+#<>!$%&(),/;?@\[\]\\{|}])\1+[ \t]*")
#: No title is longer: a line of megabytes is data.
_LONGEST_TITLE = 500
_STARS = re.compile(r"^(\*+)[ \t]+([^\r\n]+)", re.MULTILINE)
_ORG_TITLE = re.compile(r"^#\+title:[ \t]*([^\r\n]+)", re.MULTILINE | re.IGNORECASE)


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """The source as text; the title is its first heading, else the name."""
    text, warnings = decode(data, name)
    is_org = name.lower().endswith(".org")
    headings = _org_headings(text) if is_org else _headings(text)
    titled = _ORG_TITLE.search(text) if is_org else None
    top = headings[0].text if headings and headings[0].level == 1 else ""
    return ParsedDocument(
        text=text,
        title=(titled.group(1).strip() if titled else "") or top or title_from_name(name),
        mime_type=ORG if is_org else RST,
        headings=headings,
        warnings=warnings,
    )


def _headings(text: str) -> tuple[Heading, ...]:
    """Levels are in the order in which the styles of underlining appear, as the format has it."""
    styles: list[tuple[str, bool]] = []
    headings: list[Heading] = []
    lines = text.splitlines(keepends=True)
    start = 0
    for index, line in enumerate(lines):
        title = _title(line)
        under = lines[index + 1].rstrip() if index + 1 < len(lines) else ""
        if title and _ADORNMENT.fullmatch(under[:_LONGEST_TITLE]) and len(under) >= min(len(title), 4):
            above = lines[index - 1] if index else ""
            over = above.rstrip() == under
            if over or not line[0].isspace():
                style = (under[0], over)
                if style not in styles:
                    styles.append(style)
                headings.append(Heading(start - len(above) * over, styles.index(style) + 1, title))
        start += len(line)
    return tuple(headings)


def _title(line: str) -> str:
    """The line as a title, "" where it is none: blank, a row of signs, or too long."""
    if len(line) > _LONGEST_TITLE or _ADORNMENT.fullmatch(line.strip()):
        return ""
    return line.strip()


def _org_headings(text: str) -> tuple[Heading, ...]:
    return tuple(
        Heading(match.start(), len(match.group(1)), match.group(2).strip()) for match in _STARS.finditer(text)
    )
