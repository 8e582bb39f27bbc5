"""Markdown: the decoded source verbatim, with the offset of every heading and table.

Offsets refer to the source, line ends included; nothing is rendered, and no HTML in it is read.
"""

from __future__ import annotations

import re
from itertools import pairwise

from ingest.loaders.package import iso_date
from ingest.loaders.stored_titles import LONGEST
from ingest.loaders.text import decode, title_from_name
from rag.settings import IngestSettings
from rag.types import Heading, ParsedDocument, TableSpan

_LINE_END = re.compile(r"\r\n|\r|\n")
_FRONT_MATTER = re.compile(
    r"---[ \t]*(?:\r\n|\r|\n)(.*?)(?:\r\n|\r|\n)(?:---|\.\.\.)[ \t]*(?=\r|\n|\Z)", re.DOTALL
)
_FIELD = re.compile(r"^(title|author|date|lang|language)[ \t]*:(.+)$", re.IGNORECASE | re.MULTILINE)
#: Longer front matter is somebody's text between two rules.
_LONGEST_FRONT_MATTER = 20_000
#: Below this the parser is quick; larger files are data, and their headings are found by "#" alone.
_MOST_PARSED = 5_000_000
NUMBER_SIGN_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]([^\r\n]+)", re.MULTILINE)


#: A table's delimiter row between its header row and its rows. Nothing is read in two ways, so that no line
#: takes longer than it is long.
_TABLE = re.compile(
    r"^([^\r\n|]*+\|[^\r\n]*+)(?:\r\n|\n)"
    r"[ ]{0,3}+\|?+[ ]*+:?+-++:?+[ ]*+(?:\|[ ]*+:?+-++:?+[ ]*+)++\|?+[ \t]*+"
    r"(?:(?:\r\n|\n)[^\r\n|]*+\|[^\r\n]*+)++",
    re.MULTILINE,
)


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """The source as text; the title from front matter, else the first top heading, else the name."""
    text, warnings = decode(data, name)
    front = _FRONT_MATTER.match(text[:_LONGEST_FRONT_MATTER])
    fields = {} if front is None else _fields(front.group(1))
    body_start = front.end() if front and fields else 0
    if len(text) > _MOST_PARSED:
        headings = tuple(
            Heading(match.start(), len(match.group(1)), heading)
            for match in NUMBER_SIGN_HEADING.finditer(text, body_start)
            if (heading := match.group(2).strip(" \t#"))
        )
    else:
        headings = _headings(text, body_start)
    top = next((own.text for own in headings if own.level == 1 and len(own.text) <= LONGEST), "")
    return ParsedDocument(
        text=text,
        title=fields.get("title") or top or title_from_name(name),
        mime_type="text/markdown",
        headings=headings,
        author=fields.get("author", ""),
        created=iso_date(fields.get("date", "")),
        language=(fields.get("lang") or fields.get("language", ""))[:2].lower(),
        warnings=warnings,
        tables=tuple(
            TableSpan(match.start(), match.end(), match.group(1).strip())
            for match in _TABLE.finditer(text, body_start)
        ),
    )


def _fields(front_matter: str) -> dict[str, str]:
    lines = _LINE_END.sub("\n", front_matter)
    return {key.lower(): value.strip().strip("\"'").strip() for key, value in _FIELD.findall(lines)}


def _headings(text: str, body_start: int) -> tuple[Heading, ...]:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark")
    # Only blocks are needed; what is inside each paragraph of the document is not.
    parser.core.ruler.disable(["inline", "text_join"])
    line_starts = [body_start]
    line_starts.extend(match.end() for match in _LINE_END.finditer(text, body_start))
    tokens = parser.parse(text[body_start:])
    headings: list[Heading] = []
    for token, content in pairwise(tokens):
        if token.type != "heading_open" or token.level != 0 or token.map is None:
            continue
        inline = MarkdownIt("commonmark").parseInline(content.content)[0].children or []
        plain = "".join(
            " " if child.type in ("softbreak", "hardbreak") else child.content
            for child in inline
            if child.type != "html_inline"
        )
        plain = " ".join(plain.split())
        if plain:
            headings.append(Heading(line_starts[token.map[0]], int(token.tag[1:]), plain))
    return tuple(headings)
