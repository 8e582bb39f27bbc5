"""Real files, many of them odd: what opens must open, and only DocumentErrors may escape."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from ingest.loaders import load
from ingest.loaders.converted import PROGRAMS
from ingest.loaders.pdf import page_characters
from ingest.sources import bytes_source
from rag.errors import DocumentError, PasswordNeeded, UnsupportedFormat
from rag.settings import IngestSettings

FIXTURES = Path(__file__).parents[2].parent / "shared" / "data" / "fixtures"


def rows() -> list[dict[str, Any]]:
    manifest = FIXTURES / "manifest.jsonl"
    if not manifest.exists():
        return []
    return [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]


def content(row: dict[str, Any]) -> bytes:
    return (FIXTURES / "files" / row["file"]).read_bytes()


ALL = rows()
OTHERS = [row for row in ALL if row["kind"] != "pdf"]
WITHOUT_OCR = IngestSettings(ocr=False)
#: Old Word files are refused where LibreOffice is not installed; the workbook's password is not known.
REFUSED: dict[str, type[DocumentError]] = {"password_protected.xlsx": PasswordNeeded}
if not any(map(shutil.which, PROGRAMS)):
    REFUSED |= {
        row["file"]: UnsupportedFormat
        for row in ALL
        if row["kind"] == "doc" and content(row).startswith(b"\xd0\xcf\x11\xe0")
    }
#: Nothing but white space or a picture.
WITHOUT_TEXT = {
    "empty.txt", "empty.xlsx", "fake-text-all-whitespace.txt", "picture.pptx", "test-image-jpg-mime.pptx",
}  # fmt: skip
PDFS = [row for row in ALL if row["kind"] == "pdf" and row["opens"]]

pytestmark = pytest.mark.skipif(
    not ALL, reason="the fixture files are not beside the repository (../shared/data/fixtures)"
)


@pytest.mark.parametrize("row", PDFS, ids=[row["file"] for row in PDFS])
def test_pdf_has_the_text_that_pdfium_saw(row: dict[str, Any]) -> None:
    if row["needs_password"]:
        with pytest.raises(PasswordNeeded):
            load(content(row), row["file"])
    document = load(content(row), row["file"], password=row["password"], limits=WITHOUT_OCR)
    assert len(document.pages) == row["pages"]
    characters = sum(not character.isspace() for character in document.text)
    assert characters == pytest.approx(row["chars"], rel=0.1, abs=2)
    assert bool(document.text.strip()) is bool(row["chars"])
    for page in document.pages:
        assert 0 <= page.start <= page.end <= len(document.text)
    for heading in document.headings:
        assert 0 <= heading.start <= len(document.text)


@pytest.mark.parametrize("row", OTHERS, ids=[row["file"] for row in OTHERS])
def test_every_other_file_ends_as_its_kind_does(row: dict[str, Any]) -> None:
    """Text, nothing where there is nothing, or a refusal that says what to do; attachments too."""
    file = row["file"]
    for source in bytes_source(file, content(row), WITHOUT_OCR):
        if file in REFUSED:
            with pytest.raises(REFUSED[file], match=file):
                load(source.read(), source.name, limits=WITHOUT_OCR)
            continue
        document = load(source.read(), source.name, limits=WITHOUT_OCR)
        assert bool(document.text.strip()) is (file not in WITHOUT_TEXT)
        assert not any("\ud800" <= character <= "\udfff" for character in document.text)
        for table in document.tables:
            assert 0 <= table.start < table.end <= len(document.text)


def test_the_same_text_is_read_from_every_format() -> None:
    """One text was saved in many formats: each must give its words."""
    wanted = set(load(content({"file": "eng_spa_mult.txt"}), "eng_spa_mult.txt").text.split())
    same = [row["file"] for row in OTHERS if row["file"].startswith("eng_spa_mult.")]
    assert len(same) > 9
    for file in same:
        try:
            found = set(load(content({"file": file}), file).text.split())
        except UnsupportedFormat:
            continue
        assert len(wanted & found) >= 0.9 * len(wanted), file


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_scans_are_read_where_tesseract_is_installed() -> None:
    scan = load(content({"file": "single_table.pdf"}), "single_table.pdf")
    assert len(scan.text.split()) > 20
    assert scan.warnings == ()


def test_no_file_raises_anything_but_a_document_error() -> None:
    read: list[str] = []
    refusals: dict[str, str] = {}
    for row in ALL:
        try:
            document = load(content(row), row["file"], password=row.get("password"), limits=WITHOUT_OCR)
        except DocumentError as error:
            refusals[row["file"]] = str(error)
        else:
            assert document.title
            assert not any("\ud800" <= character <= "\udfff" for character in document.text)
            read.append(row["file"])
    assert len(read) > 170
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
