"""What reading a file gives, its document and the report on it, and the form in which a reader sends both.

It is JSON, as parsed documents are, so that taking it in can run no code. Nothing here opens a file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from ingest.report import FileReport, report_on
from rag.parsed_form import packed, unpacked
from rag.types import ParsedDocument


@dataclass(frozen=True, slots=True)
class Reading:
    """A document that was read, and what is to be known about it."""

    document: ParsedDocument
    report: FileReport


def read_form(document: ParsedDocument) -> bytes:
    """The document with the report on it, which is made here; `reading_of` takes both back."""
    report = report_on(document)
    head = json.dumps({"pages": report.pages, "signature": report.signature.hex()})
    return head.encode() + b"\n" + packed(document)


def reading_of(form: bytes) -> Reading | None:
    """What `read_form` wrote; None when it is in an older form.

    Raises ValueError, TypeError, KeyError or AttributeError for anything else.
    """
    head, _, body = form.partition(b"\n")
    document = unpacked(body)
    if document is None:
        return None
    report = json.loads(head)
    return Reading(document, FileReport(report["pages"], bytes.fromhex(report["signature"])))
