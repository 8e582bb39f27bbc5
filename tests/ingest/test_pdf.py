"""PDF: titles, labels, outline, hyphens, and the place of every character."""

from __future__ import annotations

import io
import threading

import pypdfium2
import pytest
from documents import encrypted_pdf, pdf_with_text
from pypdf import PdfReader, PdfWriter

from ingest.loaders import load
from ingest.loaders.pdf import page_characters
from rag.errors import PasswordNeeded


def test_a_password_opens_a_locked_pdf_and_a_wrong_one_is_told_apart() -> None:
    data = encrypted_pdf("Inside", "secret")
    assert load(data, "a.pdf", password="secret").text == "Inside"
    with pytest.raises(PasswordNeeded, match="does not open"):
        load(data, "a.pdf", password="wrong")


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ("Annual Report", "Annual Report"),
        ("", "my long report"),
        ("Untitled", "my long report"),
        ("Microsoft Word - draft", "my long report"),
        ("final report v2.indd", "my long report"),
        ("scan.jpg", "my long report"),
        ("0000320193-23-000064", "my long report"),
        ("about:blank", "my long report"),
        ("localhost:8765/bare.html", "my long report"),
        ("localhost:8501", "my long report"),
        ("https://example.org/?a=b", "my long report"),
        ("data:text/html,<p>hello</p>", "my long report"),
        ("Document1", "my long report"),
        ("Input/output of mills", "Input/output of mills"),
        ("Mills: a history", "Mills: a history"),
        ("AC/DC", "AC/DC"),
        ("/" * 200_000 + " x", "/" * 200_000 + " x"),
        ("Proof - C:\\Users\\me\\x", "my long report"),
        ("abc", "my long report"),
    ],
)
def test_pdf_title(stored: str, expected: str) -> None:
    assert load(pdf_with_text(["a"], title=stored), "folder/my_long-report.pdf").title == expected


def test_pages_cover_the_text_and_carry_labels() -> None:
    document = load(pdf_with_text(["One", "", "Three"], labels="0<</S/r>>2<</S/D/St 3>>"), "a.pdf")
    assert [document.text[page.start : page.end] for page in document.pages] == ["One", "", "Three"]
    assert [(page.number, page.label) for page in document.pages] == [(1, "i"), (2, "ii"), (3, "")]
    # A blank page is no scan.
    assert document.warnings == ()


def test_left_over_outline_entries_are_dropped() -> None:
    outline = [(f"Chapter {number}", 0) for number in range(2, 9)]
    document = load(pdf_with_text(["Chapter 1\nwords"], outline=[("Chapter 1", 0), *outline]), "a.pdf")
    assert [heading.text for heading in document.headings] == ["Chapter 1"]


#: What follows a hyphen at a line end, on a page without other hyphens: joined or kept?
HYPHENS = [
    ("a forward-\nlooking view", "forward-looking"),
    ("He said information here. The informa-\ntion there", "The information there"),
    ("the Anti-\nKickback law", "Anti-Kickback"),
    (
        "\n".join(["some of the long compre-\nhensive lines are bro-\nken like this"]),
        "comprehensive lines are broken",
    ),
]


@pytest.mark.parametrize(("text", "expected"), HYPHENS, ids=[expected for _, expected in HYPHENS])
def test_hyphens_at_line_ends(text: str, expected: str) -> None:
    filler = "" if "compre" in text else "\n" + "\n".join(["plain words in a line of text"] * 24)
    assert expected in load(pdf_with_text([text + filler]), "a.pdf").text


@pytest.mark.parametrize(
    ("text", "to_unicode"),
    [
        ("plain text\nin lines", ""),
        ("a hyphen-\nated word", ""),
        ("xAyBz", "<41> <D835DC00> <42> <D83DDE00>"),
        ("xAyBz", "<41> <0000> <42> <0003>"),
    ],
    ids=["plain", "hyphen", "beyond the basic plane", "controls"],
)
def test_every_character_of_a_page_knows_its_pdfium_index(text: str, to_unicode: str) -> None:
    document = pypdfium2.PdfDocument(pdf_with_text([text], to_unicode=to_unicode))
    page = document[0]
    text_page = page.get_textpage()
    try:
        ours, indices = page_characters(page)
        assert len(ours) == len(indices)
        assert indices == sorted(set(indices))
        assert not set(ours) & {"\x00", "\x03", "\r", "\ufffe"}
        for character, index in zip(ours, indices, strict=True):
            code = pypdfium2.raw.FPDFText_GetUnicode(text_page, index)
            units = character.encode("utf-16-le")
            expected = ord("\r") if character == "\n" else int.from_bytes(units[:2], "little")
            assert code == expected or (character == "-" and code == 2)
    finally:
        text_page.close()
        page.close()
        document.close()


def test_pdfium_may_be_used_from_many_threads() -> None:
    data = pdf_with_text([f"Page {number}" for number in range(20)])
    expected = load(data, "a.pdf").text
    results: list[str] = []
    threads = [threading.Thread(target=lambda: results.append(load(data, "a.pdf").text)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 6


def test_files_within_a_pdf_are_told_of() -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_with_text(["A cover page."]))))
    for number in range(7):
        writer.add_attachment(f"part {number}.xlsx", b"content")
    stream = io.BytesIO()
    writer.write(stream)
    [warning] = load(stream.getvalue(), "portfolio.pdf").warnings
    assert "part 0.xlsx, part 1.xlsx" in warning
    assert warning.endswith("part 4.xlsx and 2 more. Save them from a PDF viewer and add them.")
    assert load(pdf_with_text(["A page."]), "a.pdf").warnings == ()
