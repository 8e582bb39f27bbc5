"""The record of a document as plain values, for files that keep it as JSON, and back.

Files made by an older Askance may lack fields, which then have their defaults, or hold some that are
gone. Nothing here reads or writes a file.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any

from rag.catalog import DocumentRecord

_TYPES = {each.name: str(each.type) for each in fields(DocumentRecord)}
_MOMENTS = tuple(name for name, kind in _TYPES.items() if kind == "datetime")
_LISTS = tuple(name for name, kind in _TYPES.items() if kind.startswith("tuple"))


def as_plain(record: DocumentRecord) -> dict[str, Any]:
    """Texts, numbers, lists and mappings only: bytes as base64, times in ISO form."""
    moments = {name: getattr(record, name).isoformat() for name in _MOMENTS}
    lists = {name: list(getattr(record, name)) for name in _LISTS}
    return asdict(record) | moments | lists | {
        "dated": record.dated.isoformat() if record.dated else None,
        "signature": base64.b64encode(record.signature).decode("ascii"),
    }  # fmt: skip


def from_plain(stored: Mapping[str, Any]) -> DocumentRecord:
    """The record of which these are the values. Raises ValueError, TypeError or KeyError."""
    values = {name: value for name, value in stored.items() if name in _TYPES}
    values |= {name: datetime.fromisoformat(values[name]) for name in _MOMENTS}
    values |= {name: tuple(values.get(name) or ()) for name in _LISTS}
    values["dated"] = date.fromisoformat(values["dated"]) if values.get("dated") else None
    values["signature"] = base64.b64decode(values.get("signature", ""))
    return DocumentRecord(**values)
