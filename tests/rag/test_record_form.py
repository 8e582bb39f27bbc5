"""A document's record as JSON and back: nothing of it is lost, and older files can be read."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, date, datetime

from rag.catalog import DocumentRecord
from rag.record_form import as_plain, from_plain

RECORD = DocumentRecord(
    collection="default",
    name="a/b.pdf",
    document_id="ab" * 32,
    status="empty",
    error="It is empty.",
    pages=2,
    chunks=3,
    bytes=4,
    title="Title",
    mime_type="application/pdf",
    language="de",
    warnings=("one", "two"),
    tags=("red",),
    authors=("Ada", "Grace"),
    dated=date(2024, 5, 1),
    notes="mine",
    tokens=5,
    report={"scans": [1, 2]},
    signature=b"\x00\xff\x10",
    recipe="minilm 256",
    owner="ada",
    added_at=datetime(2024, 5, 2, 10, tzinfo=UTC),
    updated_at=datetime(2024, 5, 3, 11, 30, tzinfo=UTC),
)


def test_every_field_comes_back() -> None:
    blank = DocumentRecord("", "")
    same = [each.name for each in fields(RECORD) if getattr(RECORD, each.name) == getattr(blank, each.name)]
    assert not same, "each field has a value of its own here, so that none can be forgotten"
    assert from_plain(json.loads(json.dumps(as_plain(RECORD)))) == RECORD


def test_fields_that_a_file_lacks_or_that_are_gone() -> None:
    stored = as_plain(RECORD) | {"colour": "blue"}
    for name in ("authors", "dated", "signature", "notes"):
        del stored[name]
    older = from_plain(stored)
    assert (older.authors, older.dated, older.signature, older.notes) == ((), None, b"", "")
    assert older.name == RECORD.name
