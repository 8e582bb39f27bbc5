"""Word documents: paragraphs, headings, lists and tables in their order, through python-docx.

Foot- and endnotes stand in brackets where they are referred to. Leaves out headers, footers, comments and
pictures. Refuses archives that unpack to far more than a document holds; runs no macro and follows no link.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ingest.loaders.builder import header_of
from ingest.loaders.package import opened_package
from ingest.loaders.stored_titles import sensible_title
from ingest.loaders.text import title_from_name
from rag.errors import CorruptFile
from rag.settings import IngestSettings
from rag.types import Heading, ParsedDocument, TableSpan

MIME_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_Notes = dict[tuple[str, str], str]
_HEADING_STYLE = re.compile(r"heading ?([1-9])")


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """Paragraphs separated by blank lines, items of a list and rows of a table by line breaks."""
    import docx
    from docx.opc.exceptions import OpcError
    from lxml.etree import LxmlError

    opened_package(data, name, "a Word document").close()
    try:
        document = docx.Document(io.BytesIO(data))
        styles = _heading_styles(document)
        pieces: list[str] = []
        headings: list[Heading] = []
        title_paragraph = ""
        tables: list[list[int]] = []
        length = 0
        joint = ""
        notes, warnings = _notes(document, name)
        for kind, block, level in _blocks(document.element.body, styles, notes):
            separator = "" if not pieces else "\n" if kind == joint != "paragraph" else "\n\n"
            length += len(separator)
            if kind == "row":
                if joint != "row":
                    tables.append([length, length])
                tables[-1][1] = length + len(block)
            joint = kind
            if level is not None:
                line = " ".join(block.split())
                if level <= 1 and not title_paragraph:
                    title_paragraph = line
                headings.append(Heading(length, max(level, 1), line))
            pieces.extend((separator, block))
            length += len(block)
        author, title, created = _properties(document)
    except (OpcError, LxmlError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise CorruptFile(
            f"{name} is damaged or not a Word document ({type(error).__name__}: {str(error)[:200]}). "
            "Open it in Word, save it again and add that."
        ) from error
    text = "".join(pieces)
    return ParsedDocument(
        text=text,
        title=title or title_paragraph or title_from_name(name),
        mime_type=MIME_TYPE,
        headings=tuple(headings),
        author=author,
        created=created,
        warnings=warnings,
        tables=tuple(TableSpan(start, end, header_of(text[start:end].split("\n"))) for start, end in tables),
    )


def _heading_styles(document: Any) -> dict[str, int]:
    """Level by style id, inherited from the style a style is based on; 0 is the document's title."""
    own: dict[str, int] = {}
    based_on: dict[str, str] = {}
    for style in document.styles.element.iter(f"{_WORD}style"):
        identifier = style.get(f"{_WORD}styleId") or ""
        name_element = style.find(f"{_WORD}name")
        name = "" if name_element is None else (name_element.get(f"{_WORD}val") or "").lower()
        match = _HEADING_STYLE.fullmatch(name)
        outline = style.find(f"{_WORD}pPr/{_WORD}outlineLvl")
        if match:
            own[identifier] = int(match.group(1))
        elif name == "title":
            own[identifier] = 0
        elif outline is not None:
            level = _outline_level(outline)
            if level is not None:
                own[identifier] = level
        parent = style.find(f"{_WORD}basedOn")
        if parent is not None:
            based_on[identifier] = parent.get(f"{_WORD}val") or ""
    levels = dict(own)
    for identifier in based_on:
        ancestor, seen = identifier, {identifier}
        while ancestor not in own and based_on.get(ancestor, "") not in seen | {""}:
            ancestor = based_on[ancestor]
            seen.add(ancestor)
        if ancestor in own:
            levels[identifier] = own[ancestor]
    return levels


def _outline_level(element: Any) -> int | None:
    value = element.get(f"{_WORD}val") or ""
    return int(value) + 1 if value.isdigit() and int(value) < 9 else None


def _notes(document: Any, name: str) -> tuple[_Notes, tuple[str, ...]]:
    """Foot- and endnotes, by the tag and the number that refer to them, and what to say of broken ones."""
    from docx.oxml import parse_xml
    from lxml.etree import LxmlError

    found: _Notes = {}
    broken: list[str] = []
    for relation in document.part.rels.values():
        kind = relation.reltype.rpartition("/")[2].removesuffix("s")
        if kind not in ("footnote", "endnote") or relation.is_external:
            continue
        try:
            root = parse_xml(relation.target_part.blob)
        except LxmlError:
            broken.append(f"The {kind}s of {name} are damaged and were left out.")
            continue
        for note in root.iterchildren(f"{_WORD}{kind}"):
            text = _line(note, {})
            # Those of a type are the lines that part notes from the page.
            if text and note.get(f"{_WORD}type", "normal") == "normal":
                found[f"{_WORD}{kind}Reference", note.get(f"{_WORD}id", "")] = text
    return found, tuple(broken)


def _blocks(container: Any, styles: dict[str, int], notes: _Notes) -> Iterator[tuple[str, str, int | None]]:
    """Kind (paragraph, item or row), text and heading level of each block that holds text."""
    for element in container.iterchildren():
        if element.tag == f"{_WORD}p":
            text = _text(element, notes).strip()
            if not text:
                continue
            properties = element.find(f"{_WORD}pPr")
            level = None if properties is None else _level(properties, styles)
            bare = text if level is None else _text(element, {}).strip()
            if bare and bare != text:
                yield "paragraph", bare, level
                told = [notes[own] for own in map(_reference, _shown(element)) if own in notes]
                yield "paragraph", " ".join(f"[{note}]" for note in told), None
                continue
            listed = (
                level is None and properties is not None and properties.find(f"{_WORD}numPr") is not None
            ) or (properties is not None and level is None and _style(properties).startswith("List"))
            yield ("item", f"- {text}", None) if listed else ("paragraph", text, level)
        elif element.tag == f"{_WORD}tbl":
            for row in element.iter(f"{_WORD}tr"):
                cells = [_line(cell, notes) for cell in row.iter(f"{_WORD}tc") if _row_of(cell) is row]
                while cells and not cells[-1]:
                    cells.pop()
                if cells:
                    yield "row", " | ".join(cells), None
        elif element.tag in (f"{_WORD}sdt", f"{_WORD}sdtContent", f"{_WORD}customXml", f"{_WORD}ins"):
            yield from _blocks(element, styles, notes)


def _row_of(cell: Any) -> Any:
    """The row a cell is in; a table inside a cell has rows of its own."""
    return next(cell.iterancestors(f"{_WORD}tr"))


def _line(container: Any, notes: _Notes) -> str:
    """A cell or note on one line; a table in a cell is written as its own rows, so only paragraphs count."""
    paragraphs = container.iterchildren(f"{_WORD}p", f"{_WORD}sdt")
    return " ".join(" ".join(_text(paragraph, notes) for paragraph in paragraphs).split())


def _style(properties: Any) -> str:
    element = properties.find(f"{_WORD}pStyle")
    return "" if element is None else element.get(f"{_WORD}val") or ""


def _level(properties: Any, styles: dict[str, int]) -> int | None:
    outline = properties.find(f"{_WORD}outlineLvl")
    if outline is not None:
        return _outline_level(outline)
    return styles.get(_style(properties))


def _reference(element: Any) -> tuple[str, str]:
    """What `_notes` knows the note by that an element refers to."""
    return element.tag, element.get(f"{_WORD}id", "")


def _text(paragraph: Any, notes: _Notes) -> str:
    """What the paragraph shows: links, notes and insertions included, deletions and fallbacks not."""
    parts: list[str] = []
    for element in _shown(paragraph):
        if element.tag == f"{_WORD}t":
            parts.append(element.text or "")
        elif element.tag == f"{_WORD}tab":
            parts.append("\t")
        elif element.tag in (f"{_WORD}br", f"{_WORD}cr"):
            parts.append("\n")
        elif element.tag == f"{_WORD}noBreakHyphen":
            parts.append("-")
        elif element.tag == f"{_WORD}p" and parts:
            parts.append("\n")
        elif notes and _reference(element) in notes:
            parts.append(f" [{notes[_reference(element)]}]")
    return "".join(parts)


def _shown(paragraph: Any) -> Iterator[Any]:
    """The elements in a paragraph, in their order, without those that show nothing."""
    skipped = (f"{_WORD}del", f"{_WORD}moveFrom", f"{_WORD}pPr", f"{_WORD}rPr", f"{_COMPATIBILITY}Fallback")
    stack = list(paragraph.iterchildren(reversed=True))
    while stack:
        element = stack.pop()
        if element.tag not in skipped:
            yield element
            stack.extend(element.iterchildren(reversed=True))


def _properties(document: Any) -> tuple[str, str, datetime | None]:
    """Author, title and creation time; broken properties count as absent."""
    try:
        core = document.core_properties
        author, title, created = core.author or "", core.title or "", core.created
    except (KeyError, ValueError, AttributeError):
        return "", "", None
    if created is not None:
        created = created.replace(tzinfo=UTC) if created.tzinfo is None else created.astimezone(UTC)
    # Word's own templates leave these behind.
    return ("" if author == "python-docx" else author), sensible_title(title), created
