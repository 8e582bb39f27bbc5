"""The form in which a parsed document is stored and sent from one process to another.

It is JSON, so that reading it can run no code, whoever wrote it. Nothing here compresses or writes.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rag.types import Heading, PageSpan, ParsedDocument, TableSpan

#: Raised whenever the form changes; older ones then count as absent.
PARSED_FORMAT = 1


def packed(document: ParsedDocument) -> bytes:
    """A parsed document as UTF-8 JSON; `unpacked` gives an equal one back."""
    stored = asdict(document) | {"format": PARSED_FORMAT}
    stored["created"] = document.created.isoformat() if document.created else None
    # Escapes would merge two lone surrogates into one character, and offsets would shift.
    return json.dumps(stored, ensure_ascii=False).encode("utf-8", "surrogatepass")


def unpacked(data: bytes) -> ParsedDocument | None:
    """The document; None when it is in an older form.

    Raises ValueError, TypeError, KeyError or AttributeError for anything else.
    """
    stored = json.loads(data.decode("utf-8", "surrogatepass"))
    if stored.pop("format") != PARSED_FORMAT:
        return None
    return _document(stored)


def _document(stored: dict[str, Any]) -> ParsedDocument:
    created = stored["created"]
    return ParsedDocument(
        **stored
        | {
            "pages": tuple(PageSpan(**page) for page in stored["pages"]),
            "headings": tuple(Heading(**heading) for heading in stored["headings"]),
            "warnings": tuple(stored["warnings"]),
            "tables": tuple(TableSpan(**table) for table in stored.get("tables", ())),
            "metadata": tuple((name, value) for name, value in stored.get("metadata", ())),
            "scans": tuple(stored.get("scans", ())),
            "created": datetime.fromisoformat(created) if created else None,
        }
    )
