"""Real files, many of them odd: what opens must open, and only DocumentErrors may escape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from ingest.loaders import load
from ingest.loaders.pdf import page_characters
from rag.errors import DocumentError, PasswordNeeded

FIXTURES = Path(__file__).parents[2].parent / "shared" / "data" / "fixtures"


def rows() -> list[dict[str, Any]]:
    manifest = FIXTURES / "manifest.jsonl"
    if not manifest.exists():
        return []
    return [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]


ALL = rows()
PDFS = [row for row in ALL if row["kind"] == "pdf" and row["opens"]]

pytestmark = pytest.mark.skipif(
    not ALL, reason="the fixture files are not beside the repository (../shared/data/fixtures)"
)


def content(row: dict[str, Any]) -> bytes:
    return (FIXTURES / "files" / row["file"]).read_bytes()


@pytest.mark.parametrize("row", PDFS, ids=[row["file"] for row in PDFS])
def test_pdf_has_the_text_that_pdfium_saw(row: dict[str, Any]) -> None:
    if row["needs_password"]:
        with pytest.raises(PasswordNeeded):
            load(content(row), row["file"])
    document = load(content(row), row["file"], password=row["password"])
    assert len(document.pages) == row["pages"]
    characters = sum(not character.isspace() for character in document.text)
    assert characters == pytest.approx(row["chars"], rel=0.1, abs=2)
    assert bool(document.text.strip()) is bool(row["chars"])
    for page in document.pages:
        assert 0 <= page.start <= page.end <= len(document.text)
    for heading in document.headings:
        assert 0 <= heading.start <= len(document.text)


def test_no_file_raises_anything_but_a_document_error() -> None:
    read: list[str] = []
    refusals: dict[str, str] = {}
    for row in ALL:
        try:
            document = load(content(row), row["file"], password=row.get("password"))
        except DocumentError as error:
            refusals[row["file"]] = str(error)
        else:
            assert document.title
            assert not any("\ud800" <= character <= "\udfff" for character in document.text)
            read.append(row["file"])
    assert len(read) > 120
    assert all(file in message for file, message in refusals.items())


@pytest.mark.parametrize("row", PDFS, ids=[row["file"] for row in PDFS])
def test_characters_agree_with_pdfium_one_by_one(row: dict[str, Any]) -> None:
    document = pypdfium2.PdfDocument(content(row), password=row["password"])
    try:
        for page in document:
            text_page = page.get_textpage()
            text, indices = page_characters(page)
            for character, index in zip(text, indices, strict=True):
                if character not in "\n-\ufffd" and character <= "\uffff":
                    assert pypdfium2.raw.FPDFText_GetUnicode(text_page, index) == ord(character)
            text_page.close()
            page.close()
    finally:
        document.close()
