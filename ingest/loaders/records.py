"""JSON and JSON Lines: names and values line by line, a record a block, numbers as they are written.

What is not valid, nested too deeply or very large is read as plain text, with a warning.
"""

from __future__ import annotations

import json
from typing import Any

from ingest.loaders import text as plain_text
from ingest.loaders.builder import TextBuilder, one_line
from ingest.loaders.text import decode, title_from_name
from rag.settings import IngestSettings
from rag.types import ParsedDocument

JSON, JSON_LINES = "application/json", "application/x-ndjson"
#: Parsed values take some ten times their text's memory.
_MOST_PARSED = 32_000_000
_DEEPEST = 100
_FLAT_ROWS = 2


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """Records as `name: value` lines; lists of flat records of the same names as one table."""
    text, warnings = decode(data, name)
    lines = name.lower().endswith((".jsonl", ".ndjson"))
    builder = TextBuilder()
    try:
        value = _json_lines(text) if lines else _parsed(text)
        _add(builder, value)
    except (ValueError, RecursionError) as error:
        reason = (
            "it is nested too deeply" if isinstance(error, RecursionError) else one_line(str(error))[:200]
        )
        as_text = plain_text.load(data, name, password, limits)
        note = f"{name} could not be taken apart as JSON ({reason}); it was read as plain text."
        return ParsedDocument(as_text.text, as_text.title, as_text.mime_type, warnings=(*warnings, note))
    title = value.get("title") if isinstance(value, dict) else None
    return builder.document(
        title if isinstance(title, str) and title.strip() else title_from_name(name),
        JSON_LINES if lines else JSON,
        warnings=warnings,
    )


def _parsed(text: str) -> Any:
    if len(text) > _MOST_PARSED:
        raise ValueError("it is too large")
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)


def _json_lines(text: str) -> list[Any]:
    return [_parsed(line) for line in text.splitlines() if line.strip()]


def _add(builder: TextBuilder, value: Any) -> None:
    if isinstance(value, dict):
        simple = {name: own for name, own in value.items() if _is_simple(own)}
        if simple:
            builder.block("\n".join(_lines(simple)))
        for name, own in value.items():
            if name not in simple:
                builder.heading(str(name) or "(no name)", 1)
                _add_records(builder, own)
    else:
        _add_records(builder, value)


def _add_records(builder: TextBuilder, value: Any) -> None:
    """A list record by record, or as a table when its records are alike and flat."""
    if not isinstance(value, list):
        block = "\n".join(_lines(value))
        if block.strip():
            builder.block(block)
        return
    names = list(value[0]) if value and isinstance(value[0], dict) else []
    flat = (
        len(value) >= _FLAT_ROWS
        and len(names) > 1
        and all(
            isinstance(record, dict) and list(record) == names and all(map(_is_simple, record.values()))
            for record in value
        )
    )
    if flat:
        builder.table([names, *([_shown(own) for own in record.values()] for record in value)])
        return
    for record in value:
        block = "\n".join(_lines(record))
        if block.strip():
            builder.block(block)


def _lines(value: Any, depth: int = 0) -> list[str]:
    """The value as indented lines. Raises RecursionError beyond a depth that no reader could follow."""
    if depth > _DEEPEST:
        raise RecursionError
    indent = "  " * depth
    if isinstance(value, dict):
        lines: list[str] = []
        for name, own in value.items():
            if _is_simple(own):
                lines.append(f"{indent}{one_line(str(name))}: {_shown(own)}")
            else:
                lines.extend((f"{indent}{one_line(str(name))}:", *_lines(own, depth + 1)))
        return lines
    if isinstance(value, list):
        return [
            line
            for own in value
            for line in ([f"{indent}- {_shown(own)}"] if _is_simple(own) else _lines(own, depth + 1))
        ]
    return [indent + _shown(value)]


def _is_simple(value: Any) -> bool:
    """Whether the value fits on a line: a scalar, or a list of a few."""
    return (
        not isinstance(value, dict | list)
        or not value
        or (
            isinstance(value, list)
            and len(value) <= 12
            and not any(isinstance(own, dict | list) for own in value)
        )
    )


def _shown(value: Any) -> str:
    if value is None or value == {} or value == []:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(_shown(own) for own in value)
    return value.strip() if isinstance(value, str) else str(value)
