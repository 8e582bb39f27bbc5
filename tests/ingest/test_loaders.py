"""Loaders as tables: content and name in; what the text must and must not hold, or the error, out."""

from __future__ import annotations

import codecs
import io
import random
import re
import zipfile
from datetime import UTC, datetime

import pytest
from documents import docx_with, encrypted_pdf, pdf_with_text

from ingest.loaders import load, sniff
from ingest.loaders.text import title_from_name
from rag.errors import CorruptFile, DocumentError, PasswordNeeded, TooLarge, UnsupportedFormat

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = DOCX.replace("wordprocessingml.document", "spreadsheetml.sheet")
PAGE = b"""<!DOCTYPE html><html lang="de-AT"><head><title>Der  Titel</title><style>.x{color:red}</style>
<meta name="author" content="Ada"></head><body><script>alert(1)</script><noscript>Turn it
on</noscript><template>slot</template><!-- a comment --><p hidden>concealed</p>
<div style="color:red; display : none">unseen</div>
<h1>First <b>things</b></h1><p>One<br>two &lt;b&gt;.</p><ul><li>apples</li><li>pears</li></ul>
<h2>Figures</h2><table><tr><th>Year</th><th>Sum</th></tr><tr><td>2020</td><td></td><td><p>7</p></td></tr>
</table>
<pre>keep   this
  indent</pre>Tail</body></html>"""
MARKDOWN = (
    '---\r\ntitle: "A Title"\r\nauthor: Ada\r\ndate: 2024-05-01\r\n---\r\n\r\n# One *and* `two`\r\n\r\n'
    "text\r\n```\r\n# not a heading\r\n```\r\nSecond\r\n---\r\n> # quoted\r\n"
)


def archive_with(**members: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return stream.getvalue()


SNIFFED = [
    ("PDF named text", pdf_with_text(["a"]), "notes.txt", "application/pdf"),
    ("PDF after junk", b"junk\n" + pdf_with_text(["a"]), "a.bin", "application/pdf"),
    ("text about PDF", b"A PDF begins with %PDF-1.7, you know.", "a.txt", "text/plain"),
    ("damaged PDF", bytes(range(256)), "a.pdf", "application/pdf"),
    ("Word", docx_with([("Normal", "a")]), "a.zip", DOCX),
    ("Excel", archive_with(xl__workbook_xml="<a/>"), "a.zip", EXCEL),
    ("EPUB", archive_with(mimetype="application/epub+zip"), "a.zip", "application/epub+zip"),
    ("ZIP", archive_with(a="b"), "a.docx", "application/zip"),
    ("damaged Word", b"PK\x03\x04 cut", "a.docx", DOCX),
    ("HTML named text", PAGE, "a.txt", "text/html"),
    ("HTML in UTF-16", PAGE.decode().encode("utf-16"), "a.txt", "text/html"),
    ("HTML by suffix", b"<p>a", "a.htm", "text/html"),
    ("Markdown", b"# a", "a.md", "text/markdown"),
    ("source code", b"def f():\n\treturn 1\n", "a.py", "text/x-python"),
    ("no suffix", b"hello", "LICENSE", "text/plain"),
    ("UTF-16 without mark", "hello there".encode("utf-16-le"), "a.txt", "text/plain"),
    ("RTF", b"{\\rtf1 a}", "a.txt", "application/rtf"),
    ("binary named text", random.Random(1).randbytes(5000), "a.txt", "application/octet-stream"),
    ("program", b"\x7fELF" + bytes(500), "a", "application/octet-stream"),
    ("picture named PDF", b"\x89PNG\r\n\x1a\n" + bytes(50), "a.pdf", "image/png"),
    ("empty", b"", "a.pdf", "text/plain"),
]


@pytest.mark.parametrize(
    ("data", "name", "expected"), [row[1:] for row in SNIFFED], ids=[row[0] for row in SNIFFED]
)
def test_content_decides_the_format(data: bytes, name: str, expected: str) -> None:
    assert sniff(data, name) == expected


LOADED = [
    (
        "PDF",
        pdf_with_text(["Hello (world)", "Second page"]),
        "a_b.pdf",
        ["Hello (world)\n\nSecond page"],
        ["\r"],
        [],
    ),
    ("PDF ligature", pdf_with_text(["\xb5m e\xdf"]), "a.pdf", ["µm eß"], [], []),
    (
        "PDF outline",
        pdf_with_text(
            ["Contents", "Some words\n2.1 The Method\nTextiles", "x"],
            outline=[("the  method", 1), ("Text", 1), ("Nowhere", 2)],
        ),
        "a.pdf",
        ["2.1 The Method"],
        [],
        [("2.1 The", 1, "the method"), ("Some", 1, "Text"), ("x", 1, "Nowhere")],
    ),
    (
        "Word",
        docx_with(
            [
                ("Heading 1", "Top"),
                ("Normal", "Body"),
                ("List Bullet", "one"),
                ("List Bullet", "two"),
                ("table", [["a", "b"], ["", "d"]]),
                ("Heading 2", "Under"),
            ]
        ),
        "a.docx",
        ["Top\n\nBody\n\n- one\n- two\n\na | b\n | d\n\nUnder"],
        [],
        [("Top", 1, "Top"), ("Under", 2, "Under")],
    ),
    (
        "HTML",
        PAGE,
        "a.html",
        [
            "First things\n\nOne\ntwo <b>.\n\n- apples\n- pears\n\nFigures\n\nYear | Sum\n2020 | 7",
            "keep   this\n  indent\n\nTail",
        ],
        ["alert", "color", "Turn it", "slot", "comment", "concealed", "unseen", "Der"],
        [("First things", 1, "First things"), ("Figures", 2, "Figures")],
    ),
    (
        "HTML laid out with tables",
        b"<table><tr><td><h1>Menu</h1><table><tr><td>a</td><td>b</td></tr></table></td>"
        b"<td>side</td></tr></table>",
        "a.html",
        ["Menu\n\na | b", "side"],
        [],
        [("Menu", 1, "Menu")],
    ),
    (
        "Markdown",
        MARKDOWN.encode(),
        "a.md",
        [MARKDOWN],
        [],
        [("# One", 1, "One and two"), ("Second", 2, "Second")],
    ),
    ("text", b"\xef\xbb\xbfa\r\nb\tc", "a.txt", ["a\r\nb\tc"], ["\ufeff"], []),
    ("NUL", b"some text with one \x00 in it, no more", "a.txt", ["one   in"], ["\x00"], []),
    ("UTF-16", "žluťoučký".encode("utf-16"), "a.txt", ["žluťoučký"], ["\ufeff"], []),
    ("UTF-32", codecs.BOM_UTF32_LE + "žluť".encode("utf-32-le"), "a.txt", ["žluť"], ["\ufeff"], []),
    (
        "half a surrogate pair",
        codecs.BOM_UTF16_LE + b"a\x00\x00\xd8b\x00",
        "a.txt",
        ["a", "b"],
        ["\ud800"],
        [],
    ),
    (
        "Windows-1252",
        "Grüße, schöne Straße – „gut“ 5 €".encode("cp1252"),
        "a.txt",
        ["schöne Straße – „gut“ 5 €"],
        [],
        [],
    ),
    (
        "Cyrillic",
        ("Привет, как дела? Это пример текста. " * 3).encode("cp1251"),
        "a.txt",
        ["Привет, как дела"],
        [],
        [],
    ),
    (
        "Japanese",
        ("日本語のテキストです。これは試験です。" * 3).encode("shift_jis"),
        "a.txt",
        ["これは試験"],
        [],
        [],
    ),
    ("stray byte", ("Größe und Länge " * 20).encode() + b"\xff", "a.txt", ["Größe und Länge"], ["Ã"], []),
    (
        "declared charset",
        '<meta charset="iso-8859-2"><p>žluť'.encode("iso-8859-2"),
        "a.html",
        ["žluť"],
        [],
        [],
    ),
    ("empty", b"", "a.docx", [""], [], []),
    ("white", b" \n ", "a.md", [" \n "], [], []),
]


@pytest.mark.parametrize(
    ("data", "name", "included", "excluded", "headings"),
    [row[1:] for row in LOADED],
    ids=[row[0] for row in LOADED],
)
def test_load(
    data: bytes, name: str, included: list[str], excluded: list[str], headings: list[tuple[str, int, str]]
) -> None:
    document = load(data, name)
    for expected in included:
        assert expected in document.text
    for unwanted in excluded:
        assert unwanted not in document.text
    expected_headings = sorted((level, text) for _, level, text in headings)
    assert sorted((heading.level, heading.text) for heading in document.headings) == expected_headings
    for beginning, _, text in headings:
        heading = next(heading for heading in document.headings if heading.text == text)
        assert document.text[heading.start :].startswith(beginning)
    assert [heading.start for heading in document.headings] == sorted(h.start for h in document.headings)


REFUSED = [
    ("no PDF", b"%PDF-1.7\nnot a pdf at all", "a.pdf", CorruptFile),
    ("cut PDF", pdf_with_text(["a"])[:200], "a.pdf", CorruptFile),
    ("PDF without pages", pdf_with_text([]), "a.pdf", CorruptFile),
    ("locked PDF", encrypted_pdf("a", "secret"), "a.pdf", PasswordNeeded),
    ("cut Word", docx_with([("Normal", "a")])[:3000], "a.docx", CorruptFile),
    ("Word without parts", archive_with(word__document_xml="<a/>"), "a.docx", CorruptFile),
    ("binary", random.Random(1).randbytes(5000), "a.txt", UnsupportedFormat),
    ("cut picture", b"\x89PNG\r\n\x1a\n", "a.pdf", CorruptFile),
    ("archive", archive_with(a="b"), "a.zip", UnsupportedFormat),
    ("old Office", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.doc", UnsupportedFormat),
]


@pytest.mark.parametrize(
    ("data", "name", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_refusals_name_the_file_and_the_next_action(
    data: bytes, name: str, error: type[DocumentError]
) -> None:
    with pytest.raises(error) as caught:
        load(data, name)
    message = str(caught.value)
    assert name in message
    assert any(verb in message for verb in ("Save", "save", "Give", "Unpack", "Copy", "Open", "Add"))


def test_a_parser_that_fails_unexpectedly_is_a_corrupt_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("inner")

    monkeypatch.setattr("ingest.loaders.text.load", broken)
    with pytest.raises(CorruptFile, match=r"a\.txt cannot be read as plain text: KeyError") as caught:
        load(b"a", "a.txt")
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_word_document_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.loaders.package.MOST_XML", 1000)
    with pytest.raises(TooLarge, match=r"a\.docx unpacks"):
        load(docx_with([("Normal", "a")]), "a.docx")


@pytest.mark.parametrize(
    ("data", "name", "title"),
    [
        (docx_with([("Title", "On Top"), ("Heading 1", "One")]), "a.docx", "On Top"),
        (docx_with([("Heading 2", "Two"), ("Heading 1", "One")]), "a.docx", "One"),
        (docx_with([("Heading 1", "One")], title="Stored"), "a.docx", "Stored"),
        (docx_with([("Heading 1", "One")], title="Microsoft Word - x.docx"), "a.docx", "One"),
        (docx_with([("Normal", "One")], title="about:blank"), "my_plan.docx", "my plan"),
        (docx_with([("Normal", "One")]), "a_b.docx", "a b"),
        (PAGE, "a.html", "Der Titel"),
        (b"<h1>Top</h1>", "a.html", "Top"),
        (MARKDOWN.encode(), "a.md", "A Title"),
        (b"## Two\n\n# One\n", "a.md", "One"),
        (b"words", "a-b.md", "a b"),
        (b"words", "x/my_notes.2024.txt", "my notes.2024"),
    ],
)
def test_title(data: bytes, name: str, title: str) -> None:
    assert load(data, name).title == title


def test_title_from_a_hidden_file() -> None:
    assert title_from_name(".env") == ".env"


def test_metadata_is_kept_and_times_are_utc() -> None:
    pdf = load(
        pdf_with_text(["a"], information="/Author(Ada L.)/CreationDate(D:20240102030405+02'30')"), "a.pdf"
    )
    assert (pdf.author, pdf.created) == ("Ada L.", datetime(2024, 1, 2, 0, 34, 5, tzinfo=UTC))
    assert load(pdf_with_text(["a"], information="/CreationDate(yesterday)"), "a.pdf").created is None
    word = load(docx_with([("Normal", "a")], author="Ada", created=datetime(2024, 1, 2)), "a.docx")
    assert (word.author, word.created) == ("Ada", datetime(2024, 1, 2, tzinfo=UTC))
    markdown = load(MARKDOWN.encode(), "a.md")
    assert (markdown.author, markdown.created) == ("Ada", datetime(2024, 5, 1, tzinfo=UTC))
    page = load(PAGE, "a.html")
    assert (page.author, page.language) == ("Ada", "de")


def test_guessed_encodings_and_replaced_bytes_are_told() -> None:
    assert "guessed as cp1252" in load("schöne Grüße".encode("cp1252"), "a.txt").warnings[0]
    assert "UTF-16-LE" in load("hello there".encode("utf-16-le"), "a.txt").warnings[0]
    assert "not valid UTF-8" in load(("Größe " * 20).encode() + b"\xff", "a.txt").warnings[0]
    assert load("schöne Grüße".encode(), "a.txt").warnings == ()


def test_a_hundred_megabytes_are_not_handed_to_the_encoding_guesser() -> None:
    line = b"The quick brown fox jumps over the lazy dog.\n"
    data = line * (20_000_000 // len(line)) + "Příliš žluťoučký kůň úpěl ďábelské ódy".encode("cp1250")
    document = load(data, "a.txt")
    assert len(document.text) == len(data)
    assert document.text.endswith("ódy")
    assert "žluťoučký" in document.text


@pytest.mark.parametrize(
    "content", [b"[[" * 20000, b"> " * 5000 + b"x", b"#" * 50000, b"# " + b" " * 200000 + b"x"]
)
def test_hostile_markdown_loads(content: bytes) -> None:
    assert load(content, "a.md").text == content.decode()


def test_comments_before_markdown_are_read_in_one_way_only() -> None:
    """What could be read in two ways each would take longer than anybody lives."""
    loaded = load(b"<!-- a -->\n" * 300 + b"# Notes\n", "notes.md")
    assert (loaded.mime_type, loaded.title) == ("text/markdown", "Notes")
    assert sniff(b"<!-- a -->\n" * 300 + b"<html><body>x</body></html>", "notes.txt") == "text/html"
    assert sniff(b"<!---->" * 40 + b"x", "x.eml") == "message/rfc822"


@pytest.mark.parametrize("line", ["|" * 2_000_000, "|-" * 1_000_000, "a|b\n-|-|" + " " * 2_000_000 + "x"])
def test_a_long_line_that_may_begin_a_table_is_looked_through_once(line: str) -> None:
    table = "\n\nyear | sum\n--- | ---\n2020 | 7\n"
    [span] = load(f"# Notes\n\n{line}{table}".encode(), "notes.md").tables
    assert span.header == "year | sum"


MENU = b"<nav><a href=/a>Products</a> <a href=/b>Support</a></nav><ul ROLE=Menubar><li>File</ul>"


def test_menus_of_a_web_page_are_no_text() -> None:
    sentences = "Bleed the radiators before winter. " * 8
    body = f"<main><h1>Boilers</h1>Care<nav>Next page</nav>{sentences}</main><footer>Acme Ltd</footer>"
    page = load(MENU + body.encode(), "a.html")
    assert page.text == f"Boilers\n\nCare\n\n{sentences.strip()}\n\nAcme Ltd"


@pytest.mark.parametrize(
    "page",
    [
        MENU,
        b"<a href=#m>Skip to content</a><nav>Opening hours: nine to five</nav>",
        b"<h1>Today</h1><div role=menu>Soup 4.50<br>Bread 1.20</div>",
        b"<h1>Guide</h1><nav><ul><li>Home</ul><article>" + b"A nav never closed. " * 20,
        b"<p>" + b"Long enough beside. " * 20 + b"<nav>Home<main>The page in a nav.</main></nav>",
    ],
    ids=["nothing else", "a link beside", "bill of fare", "never closed", "page within"],
)
def test_a_menu_that_holds_the_page_s_own_text_is_read(page: bytes) -> None:
    shown = re.sub(rb"<[^>]*>", b" ", page).decode().split()
    assert [word for word in load(page, "a.html").text.split() if word != "-"] == shown


def test_deeply_nested_html_loads() -> None:
    assert "x" in load(b"<div>" * 20000 + b"x", "a.html").text
