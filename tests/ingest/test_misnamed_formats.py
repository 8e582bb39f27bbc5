"""Files that are not what they are called, read as what they are; and formats that nobody reads here."""

from __future__ import annotations

import pytest
from office_documents import zipped

from ingest.loaders import load, sniff
from rag.errors import UnsupportedFormat

APPLE = zipped({"Index/Document.iwa": "x", "preview.jpg": "x"})


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("old.rar", b"Rar!\x1a\x07\x01\x00" + b"\x9c" * 99, "is a RAR archive"),
        ("old.7z", b"7z\xbc\xaf'\x1c" + b"\x9c" * 99, "Unpack it, and add the files."),
        ("winmail.dat", b'x\x9f>"' + b"\0\x9c" * 99, "Open the e-mail in Outlook"),
        ("offer.pages", APPLE, "is a Pages document"),
        ("sums.numbers", APPLE, "Export it as PDF or to Office's format"),
        ("talk.key", APPLE, "is a Keynote presentation"),
        ("plan.vsdx", zipped({"[Content_Types].xml": "x", "visio/document.xml": "x"}), "Save it as PDF"),
        ("photo.heic", b"\0\0\0\x18ftypheic" + b"\0\x9c" * 99, "Save it as JPEG."),
        ("call.mp3", b"ID3\x03\0" + b"\0\x9c" * 99, "Add a transcript of it."),
    ],
)
def test_a_format_that_is_not_read_says_what_to_do_instead(name: str, data: bytes, words: str) -> None:
    with pytest.raises(UnsupportedFormat, match=f"^{name} is ") as refused:
        load(data, name)
    assert words in str(refused.value)


def test_suffixes_of_unread_formats_decide_for_what_they_can_be_only() -> None:
    assert sniff(b"-----BEGIN PRIVATE KEY-----\n", "server.key") == "text/plain"
    assert sniff(zipped({"a.txt": "x"}), "misnamed.tar") == "application/zip"
    assert sniff(b"%PDF-1.7\n", "offer.pages") == "application/pdf"


def test_tables_that_programs_save_under_an_excel_name_are_tables() -> None:
    page = load(b"<table><tr><th>Name</th><th>Sum</th></tr><tr><td>Ann</td><td>5</td></tr></table>", "a.xls")
    assert (page.mime_type, page.text, len(page.tables)) == ("text/html", "Name | Sum\nAnn | 5", 1)
    tabs = load(b"Name\tSum\nAnn\t5\n", "b.xls")
    assert (tabs.text, [table.header for table in tabs.tables]) == ("Name | Sum\nAnn | 5", ["Name | Sum"])
    assert sniff(b"<table><tr><td>a</td></tr></table>\n\n# Title\n", "README.md") == "text/markdown"


@pytest.mark.parametrize("first", ["sep=|\r\n", '"sep=|"\n', "SEP=|\n"])
def test_a_line_that_names_the_delimiter_is_no_row(first: str) -> None:
    table = load(f"{first}name, first|sum\nAnn, A|5\n".encode(), "a.csv")
    assert table.text == "name, first | sum\nAnn, A | 5"


def test_a_text_by_name_may_hold_many_null_bytes_when_it_is_utf_8() -> None:
    assert load("Grüße\0\0 aus Köln.\0\n".encode() * 9, "a.txt").text.startswith("Grüße   aus Köln. \n")
    with pytest.raises(UnsupportedFormat):
        load(b"\x9c\0\x01\x02words" * 99, "a.txt")
    with pytest.raises(UnsupportedFormat):
        load(bytes(5000), "a.txt")


@pytest.mark.parametrize(("encoding", "charset"), [("latin-1", "iso-8859-1"), ("utf-8", "us-ascii")])
def test_a_header_with_bytes_beyond_ascii_is_read(encoding: str, charset: str) -> None:
    sender, kind = "From: Jörg <j@example.org>", f"Content-Type: text/plain; charset={charset}"
    mail = f"Subject: Grüße\r\n{sender}\r\n{kind}\r\n\r\nJa."
    read = load(mail.encode(encoding), "a.eml")
    assert (read.title, read.author) == ("Grüße", "Jörg <j@example.org>")


def test_a_paragraph_marked_as_a_heading_is_no_title() -> None:
    assert load(b"# " + b"word " * 99, "my notes.md").title == "my notes"
