"""XML of any kind: an element's name and text a line, running text as paragraphs.

Entities are not resolved, nothing outside the file is read, and depth and size are bounded by the parser.
What is not well-formed, or very large, is read as plain text, with a warning.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ingest.loaders import text as plain_text
from ingest.loaders.builder import TextBuilder, one_line
from ingest.loaders.text import title_from_name
from rag.settings import IngestSettings
from rag.types import ParsedDocument

MIME_TYPE = "application/xml"
#: Bytes; the tree of many small elements takes some thirty times their memory.
_MOST_PARSED = 32_000_000
_NOT_CONTENT = ("http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/XML/1998/namespace")


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """Elements that hold only text as `name: text`; those around them part blocks."""
    from lxml.etree import XMLSyntaxError

    try:
        root = _root(data)
    except (XMLSyntaxError, ValueError) as error:
        as_text = plain_text.load(data, name, password, limits)
        reason = one_line(str(error))[:200]
        note = f"{name} could not be taken apart as XML ({reason}); it was read as plain text."
        return replace(as_text, warnings=(*as_text.warnings, note))
    builder = TextBuilder()
    lines: list[str] = []
    for line in _walk(root):
        if line is not None:
            lines.append(line)
        elif lines:
            builder.block("\n".join(lines))
            lines = []
    if lines:
        builder.block("\n".join(lines))
    title = next((one_line(child.text or "") for child in root if _name(child) == "title"), "")
    return builder.document(title or title_from_name(name), MIME_TYPE)


def _root(data: bytes) -> Any:
    from lxml import etree

    if len(data) > _MOST_PARSED:
        raise ValueError("it is too large")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    return etree.fromstring(data.strip(), parser)


def _walk(root: Any) -> Any:
    """The lines in order, None where a block ends."""
    stack: list[tuple[Any, bool]] = [(root, True)]
    while stack:
        element, entering = stack.pop()
        if not entering:
            yield None
            continue
        name = _name(element)
        attributes = ", ".join(
            f"{key.rpartition('}')[2]} {one_line(value)}"
            for key, value in element.attrib.items()
            if value.strip() and not key.startswith(tuple(f"{{{space}}}" for space in _NOT_CONTENT))
        )
        label = f"{name} ({attributes})" if attributes else name
        children = [child for child in element if isinstance(child.tag, str)]
        if _is_running_text(element) or not children:
            text = one_line("".join(_pieces(element)))
            if text and len(children):
                yield from (None, text, None)
            elif text or attributes:
                yield f"{label}: {text}" if text else label
            continue
        if attributes:
            yield label
        stack.append((element, False))
        stack.extend((child, True) for child in reversed(children))


def _pieces(element: Any) -> Any:
    """The text in an element; an entity that was not resolved shows as it is written."""
    for part in element.iter():
        if part is not element and not isinstance(part.tag, str):
            yield part.text or ""
        elif part.text:
            yield part.text
        if part is not element and part.tail:
            yield part.tail


def _is_running_text(element: Any) -> bool:
    """Whether text stands between the element's children, as in a paragraph with emphasis."""
    within = [element.text, *(child.tail for child in element)]
    return len(element) > 0 and any(part and part.strip() for part in within)


def _name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""
