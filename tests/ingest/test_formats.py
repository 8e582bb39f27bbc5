"""Every format as a row: what its text must and must not hold, its pages, headings, tables and metadata."""

# ruff: noqa: E501 (rows of a table, and markup)
from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest
from office_documents import epub_with, mail_with, open_document, pptx_with, xlsx_with, zipped

from ingest.loaders import load
from rag.errors import CorruptFile, DocumentError, PasswordNeeded, TooLarge, UnsupportedFormat
from rag.settings import IngestSettings


@dataclass(frozen=True)
class Expected:
    """What a document must be; "Level Text" for headings, header rows for tables."""

    included: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    pages: int = 0
    headings: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    title: str = ""
    mime_type: str = ""
    author: str = ""
    created: datetime | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    warned: str = ""


ODT = """<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
<text:h text:outline-level="1">Top</text:h><text:p>One<text:s text:c="2"/>two<text:tab/>three<text:line-break/>four
<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>foot</text:p></text:note-body></text:note>
</text:p><text:list><text:list-item><text:p>apples</text:p></text:list-item><text:list-item><text:p>pears</text:p>
</text:list-item></text:list><table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Year</text:p>
</table:table-cell><table:table-cell><text:p>Sum</text:p></table:table-cell></table:table-row></table:table-header-rows>
<table:table-row><table:table-cell><text:p>2020</text:p></table:table-cell><table:table-cell><text:p>7</text:p>
</table:table-cell></table:table-row></table:table><text:h text:outline-level="2">Under</text:h>"""
ODS = """<table:table table:name="Costs"><table:table-row table:number-rows-repeated="2"><table:table-cell
table:number-columns-repeated="16384"/></table:table-row><table:table-row><table:table-cell/><table:table-cell>
<text:p>Item</text:p></table:table-cell><table:table-cell><text:p>Price</text:p></table:table-cell></table:table-row>
<table:table-row table:number-rows-repeated="2"><table:table-cell/><table:table-cell><text:p>Pump</text:p></table:table-cell>
<table:table-cell><text:p>1.50 €</text:p></table:table-cell><table:table-cell table:number-columns-repeated="16000"/>
</table:table-row><table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row></table:table>"""
ODP = """<draw:page><draw:frame presentation:class="title"><draw:text-box><text:p>Hello</text:p></draw:text-box></draw:frame>
<draw:frame><draw:text-box><text:p>World</text:p></draw:text-box></draw:frame><presentation:notes><draw:frame>
<draw:text-box><text:p>say it</text:p></draw:text-box></draw:frame></presentation:notes></draw:page><draw:page/>"""
RST = """=====
Guide
=====

Intro

First
-----
.. include:: /etc/passwd

text

Second
------
deep
~~~~
"""
PYTHON = 'class Pump:\n    """A pump."""\n\n    def start(self):\n        def inner():\n            pass\n\ndef main():\n    pass\n'
JSON = """{"title": "Pumps", "rating": 1.50, "tags": ["a", "b"], "empty": null,
 "parts": [{"sku": "A-1", "price": 10.00}, {"sku": "B-2", "price": 7}],
 "maker": {"name": "Ada", "address": {"city": "Bern"}}}"""
XML = """<?xml version="1.0" encoding="iso-8859-1"?><!DOCTYPE c [<!ENTITY e "expanded"><!ENTITY f SYSTEM "file:///etc/passwd">]>
<c><title>Pl\xe4ne</title><item id="7"><name>Pump</name><note>Runs <b>hot</b> at &e;&f;.</note></item><!-- no --></c>"""
BOOK = {"z.xhtml": "<h2>Beginning</h2><p>First words.</p>", "a.xhtml": "<p>Last words.</p>"}
RTF = rb"""{\rtf1\ansi\ansicpg1252{\info{\title The Plan}{\author Ada}{\creatim\yr2024\mo5\dy3}}{\b Gr\'fc\'dfe} from {\i here}\par
\trowd\cellx1000\cellx2000\intbl Year\cell Sum\cell\row\trowd\cellx1000\cellx2000\intbl 2020\cell 7\cell\row
\pard After\par}"""
DAY = (datetime(2024, 5, 3), "dd.mm.yyyy")

ROWS: list[tuple[str, bytes, Expected]] = [
    (
        "slides.pptx",
        pptx_with([("First slide", "point one", "remember"), ("Second", "", "")], [["A", "B"], ["1", "2"]]),
        Expected(
            ("First slide\n\npoint one\n\nNotes: remember", "A | B\n1 | 2"),
            pages=2,
            headings=("1 First slide", "1 Second"),
            tables=("A | B",),
            title="First slide",
        ),
    ),
    (
        "book.xlsx",
        xlsx_with(
            {
                "Budget": {
                    "B3": "Item", "C3": "Share", "D3": "Day", "B4": "Pump", "C4": (0.125, "0.0%"), "D4": DAY,
                    "B5": "=1+1", "C5": 3, "D5": date(2024, 5, 4), "B7": True,
                },
                "Empty": {},
            }
        ),
        Expected(
            ("Budget\n\nItem | Share | Day\nPump | 12.5% | 03.05.2024\n | 3 | 2024-05-04\n\nTRUE",),
            ("=1+1",),
            pages=2,
            headings=("1 Budget",),
            tables=("Item | Share | Day", ""),
            title="book",
            warned="calculated 1 formula in book.xlsx",
        ),
    ),
    (
        "text.odt",
        open_document("text", ODT, title="A Title"),
        Expected(
            ("Top\n\nOne  two\tthree\nfour", "[foot]", "- apples\n- pears", "Year | Sum\n2020 | 7\n\nUnder"),
            ("deleted",),
            headings=("1 Top", "2 Under"),
            tables=("Year | Sum",),
            title="A Title",
            author="Ada",
            created=datetime(2024, 5, 1, 10, tzinfo=UTC),
        ),
    ),
    (
        "sheet.ods",
        open_document("spreadsheet", ODS),
        Expected(
            ("Costs\n\nItem | Price\nPump | 1.50 €\nPump | 1.50 €",),
            pages=1,
            headings=("1 Costs",),
            tables=("Item | Price",),
            title="sheet",
            author="Ada",
            created=datetime(2024, 5, 1, 10, tzinfo=UTC),
        ),
    ),
    (
        "slides.odp",
        open_document("presentation", ODP),
        Expected(
            ("Hello\n\nWorld\n\nNotes: say it",),
            pages=2,
            headings=("1 Hello",),
            title="Hello",
            author="Ada",
            created=datetime(2024, 5, 1, 10, tzinfo=UTC),
        ),
    ),
    ("guide.rst", RST.encode(), Expected((RST,), headings=("1 Guide", "2 First", "2 Second", "3 deep"), title="Guide")),
    ("a.org", b"#+TITLE: Notes\n* One\ntext\n** Two\n", Expected(headings=("1 One", "2 Two"), title="Notes")),
    ("pump.py", PYTHON.encode(), Expected((PYTHON,), headings=("1 Pump", "2 start", "1 main"), title="pump.py")),
    (
        "m.go",
        b"package m\n\nfunc (p *Pump) Start() error {\n\treturn nil\n}\n",
        Expected(headings=("1 (p *Pump) Start() error",), title="m.go", mime_type="text/x-go"),
    ),
    (
        "costs.csv",
        b'Item;Note\nPump;"two\nlines; here"\nHose;x\n',
        Expected(("Item | Note\nPump | two lines; here\nHose | x",), tables=("Item | Note",), title="costs"),
    ),
    ("t.tsv", b"a\tb\n1,5\t2\n", Expected(("a | b\n1,5 | 2",), tables=("a | b",), title="t")),
    (
        "parts.json",
        JSON.encode("utf-16"),
        Expected(
            ("rating: 1.50\ntags: a, b", "parts\n\nsku | price\nA-1 | 10.00\nB-2 | 7", "address:\n  city: Bern"),
            ("1.5\n", "null"),
            headings=("1 parts", "1 maker"),
            tables=("sku | price",),
            title="Pumps",
        ),
    ),
    ("l.jsonl", b'{"a": [{"b": 1}]}\n{"c": "x"}\n', Expected(("a:\n    b: 1\n\nc: x",), title="l")),
    (
        "broken.json",
        b'{"a": ',
        Expected(('{"a": ',), title="broken", mime_type="text/plain", warned="read as plain text"),
    ),
    ("deep.json", b"[" * 200_000, Expected(("[[[[",), title="deep", mime_type="text/plain", warned="plain text")),
    (
        "plans.xml",
        XML.encode("iso-8859-1"),
        Expected(
            ("title: Pläne", "item (id 7)\nname: Pump", "Runs hot at &e;&f;."),
            ("expanded", "root:", "no"),
            title="Pläne",
        ),
    ),
    ("deep.xml", b"<a>" * 100_000, Expected(title="deep", mime_type="text/plain", warned="could not be taken apart as XML")),
    (
        "novel.epub",
        epub_with(BOOK, {"z.xhtml": "Chapter I", "a.xhtml": "Chapter II"}),
        Expected(
            ("Chapter I\n\nBeginning\n\nFirst words.\n\nChapter II\n\nLast words.",),
            headings=("1 Chapter I", "3 Beginning", "1 Chapter II"),
            title="The Book",
            author="Ada; Bea",
        ),
    ),
    (
        "mail.eml",
        mail_with("See the plan.\n", html="<p>See <b>the</b> plan.</p>", attachments=[("plan.txt", b"x")]),
        Expected(
            (
                "From: Ada Lovelace <ada@example.org>\nTo: Bob <bob@example.org>\nDate: 2024-05-03 10:15\n"
                "Subject: The boiler\nAttachments: plan.txt\n\nSee the plan.",
            ),
            ("<b>",),
            headings=("1 Ada Lovelace <ada@example.org>, 2024-05-03 10:15",),
            title="The boiler",
            author="Ada Lovelace <ada@example.org>",
            created=datetime(2024, 5, 3, 10, 15, tzinfo=UTC),
            metadata=(
                ("From", "Ada Lovelace <ada@example.org>"),
                ("To", "Bob <bob@example.org>"),
                ("Date", "2024-05-03 10:15"),
                ("Subject", "The boiler"),
                ("Message-ID", "<1@example.org>"),
            ),
        ),
    ),
    (
        "plan.rtf",
        RTF,
        Expected(
            ("Grüße from here", "Year | Sum\n2020 | 7\n\nAfter"),
            tables=("Year | Sum",),
            title="The Plan",
            author="Ada",
            created=datetime(2024, 5, 3, tzinfo=UTC),
        ),
    ),
    (
        "table.md",
        b"Intro\n\n| A | B |\n|---|:-:|\n| 1 | 2 |\n\nEnd",
        Expected(("| 1 | 2 |",), tables=("| A | B |",), title="table"),
    ),
    ("misnamed.txt", xlsx_with({"S": {"A1": "x"}}), Expected(("S\n\nx",), pages=1, headings=("1 S",), tables=("",))),
    ("misnamed.pdf", b"<!doctype html><h1>Hi</h1>", Expected(("Hi",), headings=("1 Hi",), mime_type="text/html")),
    ("saved.txt", mail_with("Body"), Expected(("Body",), headings=("1 Ada Lovelace <ada@example.org>, 2024-05-03 10:15",),
        author="Ada Lovelace <ada@example.org>", created=datetime(2024, 5, 3, 10, 15, tzinfo=UTC))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_format(name: str, data: bytes, expected: Expected) -> None:
    document = load(data, name)
    for part in expected.included:
        assert part in document.text
    for part in expected.excluded:
        assert part not in document.text
    assert len(document.pages) == expected.pages
    assert tuple(f"{heading.level} {heading.text}" for heading in document.headings) == expected.headings
    assert tuple(table.header for table in document.tables) == expected.tables
    assert not expected.title or document.title == expected.title
    assert not expected.mime_type or document.mime_type == expected.mime_type
    assert document.author == expected.author
    assert expected.created in (None, document.created)
    assert not expected.metadata or document.metadata == expected.metadata
    assert expected.warned in " ".join(document.warnings) if expected.warned else not document.warnings
    spans = [(table.start, table.end) for table in document.tables]
    assert all(0 <= start < end <= len(document.text) for start, end in spans)
    assert spans == sorted(spans)
    for heading in document.headings:
        if document.mime_type != "message/rfc822":
            assert heading.text in " ".join(document.text[heading.start :][:200].split())
    for page in document.pages:
        assert 0 <= page.start <= page.end <= len(document.text)


def encrypted(password: str) -> bytes:
    from msoffcrypto.format.ooxml import OOXMLFile

    stream = io.BytesIO()
    OOXMLFile(io.BytesIO(xlsx_with({"S": {"A1": "secret figures"}}))).encrypt(password, stream)
    return stream.getvalue()


def test_an_office_file_with_a_password_opens_with_it_only() -> None:
    data = encrypted("open sesame")
    assert "secret figures" in load(data, "a.xlsx", password="open sesame").text
    for password in (None, "wrong"):
        with pytest.raises(PasswordNeeded, match=r"a\.xlsx"):
            load(data, "a.xlsx", password=password)


BOMB = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
REFUSED: list[tuple[str, str, bytes, type[DocumentError]]] = [
    ("slides without parts", "a.pptx", zipped({"ppt/presentation.xml": "<a/>"}), CorruptFile),
    ("cut workbook", "a.xlsx", xlsx_with({"S": {"A1": 1}})[:2000], CorruptFile),
    ("entities", "a.odt", zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": BOMB}), CorruptFile),
    ("wide entities", "a.xlsx", zipped({"xl/workbook.xml": BOMB.encode("utf-16")}), CorruptFile),
    ("locked text", "a.odt", open_document("text", "", manifest="<encryption-data/>"), PasswordNeeded),
    ("locked book", "a.epub", epub_with(BOOK, {}, encryption="<EncryptedData></EncryptedData>"), PasswordNeeded),
    ("book without spine", "a.epub", zipped({"mimetype": "application/epub+zip"}), CorruptFile),
    ("cut mail", "a.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), CorruptFile),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "error"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_cannot_be_read_says_so(name: str, data: bytes, error: type[DocumentError]) -> None:
    with pytest.raises(error, match=name.replace(".", r"\.")):
        load(data, name)


def test_large_sheets_are_bounded_and_say_so() -> None:
    limits = replace(IngestSettings(), max_sheet_rows=3)
    book = load(xlsx_with({"S": {f"A{row}": row for row in range(1, 6)}}), "a.xlsx", limits=limits)
    assert book.text == "S\n\n1\n2\n3"
    assert "ingest.max_sheet_rows" in book.warnings[0]
    sheet = load(open_document("spreadsheet", ODS.replace("1048000", "1")), "a.ods", limits=limits)
    assert "Item | Price" in sheet.text
    assert "Pump" not in sheet.text
    assert "ingest.max_sheet_rows" in sheet.warnings[0]


def test_old_office_files_are_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for name, data in (("a.doc", "WordDocument"), ("a.xls", "Workbook")):
        monkeypatch.setattr("ingest.loaders.sniffing._sniff_ole", lambda *_, own=data: {
            "WordDocument": "application/msword", "Workbook": "application/vnd.ms-excel"}[own])  # fmt: skip
        with pytest.raises(UnsupportedFormat, match="Install LibreOffice"):
            load(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), name)


def test_a_package_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.loaders.package.MOST_XML", 1000)
    for name, data in (("a.pptx", pptx_with([("x", "y", "")])), ("a.xlsx", xlsx_with({"S": {"A1": 1}}))):
        with pytest.raises(TooLarge, match="unpacks"):
            load(data, name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("nul.csv", b"name,value\npump,7\x00\nhose,another value\n"),
        ("half.json", b'{"a": "\\ud800"}'),
        ("rtl.csv", "اسم,قيمة\nمضخة,٣\n".encode()),
        ("cjk.jsonl", '{"名前": "ポンプ"}\n'.encode()),
        ("bom.xml", "\ufeff<?xml version='1.0'?><a><b>漢字</b></a>".encode()),
    ],
)
def test_odd_characters_are_kept_or_replaced(name: str, content: bytes) -> None:
    text = load(content, name).text
    assert text.strip()
    assert "\x00" not in text
    assert not any("\ud800" <= character <= "\udfff" for character in text)


def test_very_large_data_is_read_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, data in (("records", "a.json", b'{"a": "b"}'), ("xml", "a.xml", b"<a>b</a>")):
        monkeypatch.setattr(f"ingest.loaders.{module}._MOST_PARSED", 5)
        document = load(data, name)
        assert (document.text, document.mime_type) == (data.decode(), "text/plain")
        assert "too large" in document.warnings[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.json", "a.xml", "a.py", "a.rst"])
def test_a_hundred_megabytes_in_one_line_are_read(name: str) -> None:
    assert len(load(b"word " * 20_000_000, name).text) == 100_000_000


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl", "a.xml", "a.py", "a.rst", "a.eml", "a.html"])
def test_megabytes_in_one_line_are_read(name: str) -> None:
    text = load(b"word " * 1_000_000, name).text
    assert text.count("word") == 1_000_000
