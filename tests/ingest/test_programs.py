"""Scans and old Office files are read by programs where these are installed; without them nothing is lost.

The programs here are small scripts of that name, so that what is passed to them and what becomes of their
answer can be seen on any machine; one test uses the real tesseract where there is one.
"""

from __future__ import annotations

import io
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from documents import docx_with, pdf_with_text
from PIL import Image, ImageDraw, ImageFont

from ingest.loaders import load
from ingest.page_view import render_page
from ingest.parsing import Parsers
from rag.errors import CorruptFile, MissingDependency, TooLarge
from rag.settings import IngestSettings

LIMITS = IngestSettings()
SCAN = "0 0 1 rg 72 72 100 100 re f"


def program(folder: Path, name: str, code: str) -> None:
    """Put a Python script of this name into a folder."""
    path = folder / name
    path.write_text(f"#!{sys.executable}\nimport sys, time, pathlib\n{code}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are looked for; empty at first."""
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def picture(text: str = "", *, frames: int = 1, kind: str = "PNG") -> bytes:
    pages = []
    for _ in range(frames):
        page = Image.new("RGB", (900, 200), "white")
        ImageDraw.Draw(page).text((40, 60), text, fill="black", font=ImageFont.load_default(size=60))
        pages.append(page)
    stream = io.BytesIO()
    pages[0].save(stream, kind, **({"save_all": True, "append_images": pages[1:]} if frames > 1 else {}))
    return stream.getvalue()


#: Checks that a PNG arrives, and answers with the language it was asked to read.
READS = (
    "assert sys.stdin.buffer.read(8) == bytes([137]) + b'PNG\\r\\n\\x1a\\n'\n"
    "assert sys.argv[1:3] == ['stdin', 'stdout']\n"
    "print('read as', sys.argv[sys.argv.index('-l') + 1], '\\n\\n\\n\\nend \\f')"
)


def test_without_tesseract_scans_are_counted_and_text_pages_are_kept(programs: Path) -> None:
    mixed = load(pdf_with_text(["Words", "", "More"], background=SCAN), "a.pdf")
    assert (mixed.text, len(mixed.pages)) == ("Words\n\n\n\nMore", 3)
    assert mixed.warnings == ("1 of 3 pages is a scan; install tesseract-ocr to read it. It is page 2.",)
    assert mixed.scans == (2,)
    scans = load(pdf_with_text(["", "", "Text"], background=SCAN), "a.pdf")
    assert scans.warnings == (
        "2 of 3 pages are scans; install tesseract-ocr to read them. They are pages 1 and 2.",
    )
    image = load(picture("Hello"), "a.png")
    assert (image.text, image.mime_type) == ("", "image/png")
    assert image.warnings == ("1 of 1 page is a scan; install tesseract-ocr to read it.",)


def test_tesseract_reads_scanned_pages_in_their_place(programs: Path) -> None:
    program(programs, "tesseract", READS)
    limits = replace(LIMITS, ocr_languages="eng+deu")
    document = load(pdf_with_text(["Words", "", "More"], background=SCAN), "a.pdf", limits=limits)
    assert document.text == "Words\n\nread as eng+deu\n\nend\n\nMore"
    page = document.pages[1]
    assert document.text[page.start : page.end] == "read as eng+deu\n\nend"
    assert document.scans == ()
    assert document.warnings == ()
    # A citation of such a page opens it, though nothing on it can be highlighted.
    data = pdf_with_text(["Words", "", "More"], background=SCAN)
    image = render_page(data, 2, page.start, page.end, page_start=page.start)
    assert image.png
    assert image.boxes == ()


def test_scans_for_which_there_is_no_time_are_counted(programs: Path) -> None:
    program(programs, "tesseract", "time.sleep(1); " + READS.replace("\n", "; "))
    limits = replace(LIMITS, parse_seconds=1)
    document = load(pdf_with_text(["Words", "", "", ""], background=SCAN), "a.pdf", limits=limits)
    assert document.text.startswith("Words\n\nread as eng")
    assert document.warnings[0].startswith("2 of 4 pages are scans that could not be read.")
    assert "ingest.parse_seconds" in document.warnings[0]


def test_tesseract_reads_every_page_of_a_picture(programs: Path) -> None:
    program(programs, "tesseract", READS)
    document = load(picture(frames=3, kind="TIFF"), "fax.tif")
    assert len(document.pages) == 3
    assert document.text.count("read as eng") == 3
    off = load(picture(), "a.png", limits=replace(LIMITS, ocr=False))
    assert (off.text, off.warnings) == ("", ("1 of 1 page is a scan; turn on ingest.ocr to read it.",))


def test_a_program_that_fails_or_hangs_costs_its_page_alone(programs: Path) -> None:
    program(programs, "tesseract", "sys.stderr.write('no data for xyz'); sys.exit(1)")
    with pytest.raises(MissingDependency, match=r"no data for xyz.*ingest\.ocr_languages"):
        load(picture(), "a.png")
    kept = load(pdf_with_text(["Words", ""], background=SCAN), "a.pdf")
    assert kept.text.strip() == "Words"
    assert "1 of 2 pages are scans that could not be read" in kept.warnings[0]
    program(programs, "tesseract", "time.sleep(60)")
    with pytest.raises(TooLarge, match=r"ingest\.ocr_page_seconds = 1"):
        load(picture(), "a.png", limits=replace(LIMITS, ocr_page_seconds=1))
    program(programs, "tesseract", "")
    assert "found no text" in load(pdf_with_text([""], background=SCAN), "a.pdf").warnings[0]
    with pytest.raises(MissingDependency, match="names no languages"):
        load(picture(), "a.png", limits=replace(LIMITS, ocr_languages="--psm 0"))


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_the_real_tesseract_reads_a_picture() -> None:
    assert "Boiler 7" in load(picture("Boiler 7"), "sign.png").text


@pytest.fixture
def old_word(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Content that is taken for an old Word document."""
    monkeypatch.setattr("ingest.loaders.sniffing._sniff_ole", lambda *_: "application/msword")
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def test_libreoffice_converts_an_old_file(programs: Path, tmp_path: Path, old_word: bytes) -> None:
    (tmp_path / "made.docx").write_bytes(docx_with([("Heading 1", "Top"), ("Normal", "old words")]))
    program(
        programs,
        "soffice",
        "out = pathlib.Path(sys.argv[sys.argv.index('--outdir') + 1]); out.mkdir()\n"
        "assert sys.argv[sys.argv.index('--convert-to') + 1] == 'docx' and '--headless' in sys.argv\n"
        f"assert pathlib.Path(sys.argv[-1]).read_bytes() == {old_word!r}\n"
        f"(out / 'document.docx').write_bytes(pathlib.Path({str(tmp_path / 'made.docx')!r}).read_bytes())",
    )
    document = load(old_word, "letter.doc")
    assert document.text == "Top\n\nold words"
    assert (document.mime_type, document.title) == ("application/msword", "Top")


def test_a_conversion_that_fails_or_hangs_is_told(programs: Path, old_word: bytes) -> None:
    program(programs, "soffice", "sys.stderr.write('source file could not be loaded')")
    with pytest.raises(CorruptFile, match=r"could not convert letter\.doc: source file could not be loaded"):
        load(old_word, "letter.doc")
    program(programs, "soffice", "time.sleep(60)")
    with pytest.raises(TooLarge, match=r"ingest\.convert_seconds = 1"):
        load(old_word, "letter.doc", limits=replace(LIMITS, convert_seconds=1))


#: Answers with the limit on memory that it has.
TELLS_LIMIT = "import resource; print('limit', resource.getrlimit(resource.RLIMIT_AS)[0])"


def test_programs_have_a_limit_on_memory_of_their_own(
    programs: Path, tmp_path: Path, old_word: bytes
) -> None:
    """Also in the process that reads files, whose own limit is lower than what LibreOffice needs."""
    limits = replace(LIMITS, parse_memory_megabytes=300, program_memory_megabytes=3000)
    program(programs, "tesseract", TELLS_LIMIT)
    file = tmp_path / "sign.png"
    file.write_bytes(picture())
    parsers = Parsers(limits)
    try:
        assert parsers.parse(file, "sign.png").document.text == "limit 3000000000"
    finally:
        parsers.close()
    (tmp_path / "made.docx").write_bytes(docx_with([("Normal", "old words")]))
    told = tmp_path / "told"
    program(
        programs,
        "soffice",
        f"import resource; told = pathlib.Path({str(told)!r})\n"
        "told.write_text(str(resource.getrlimit(resource.RLIMIT_AS)[0]))\n"
        "out = pathlib.Path(sys.argv[sys.argv.index('--outdir') + 1]); out.mkdir()\n"
        f"(out / 'document.docx').write_bytes(pathlib.Path({str(tmp_path / 'made.docx')!r}).read_bytes())",
    )
    assert "old words" in load(old_word, "old.doc", limits=limits).text
    assert told.read_text() == "3000000000"


def test_a_program_that_takes_too_much_memory_says_which_setting_to_raise(
    programs: Path, old_word: bytes
) -> None:
    limits = replace(LIMITS, program_memory_megabytes=500)
    for name in ("tesseract", "soffice"):
        program(programs, name, "x = bytearray(2_000_000_000)")
    with pytest.raises(TooLarge, match=r"ingest\.program_memory_megabytes = 500"):
        load(picture(), "a.png", limits=limits)
    with pytest.raises(TooLarge, match=r"ingest\.program_memory_megabytes = 500"):
        load(old_word, "old.doc", limits=limits)
