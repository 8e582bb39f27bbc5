"""Kinds of documents: whatever Askance reads has one, and each is found by its types."""

from __future__ import annotations

import pytest

from ingest.loaders.formats import ENCRYPTED_OFFICE, FORMATS
from rag.document_kinds import KINDS, kind_of, mime_types_of


def test_every_format_that_is_read_has_a_kind() -> None:
    names = {kind.name for kind in KINDS}
    for own in FORMATS:
        if own.module and own.mime_type != ENCRYPTED_OFFICE:
            kind = kind_of(own.mime_type, "x")
            assert kind in names, own
            assert own.mime_type in mime_types_of([kind])


def test_no_type_belongs_to_two_kinds() -> None:
    types = [mime_type for kind in KINDS for mime_type in kind.mime_types]
    assert len(types) == len(set(types))


@pytest.mark.parametrize(
    ("mime_type", "name", "expected"),
    [
        ("application/pdf", "scan.doc", "PDF"),
        ("text/plain;charset=utf-8", "a", "Text"),
        ("", "old.DOC", "Word"),
        ("", "plan.dwg", "DWG"),
        ("", "README", "Unknown"),
    ],
)
def test_content_goes_before_the_name(mime_type: str, name: str, expected: str) -> None:
    assert kind_of(mime_type, name) == expected
