"""Builds small documents in memory for tests. Writes no files and asserts nothing."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

TOP = 720
LEFT = 72
LINE_HEIGHT = 24
FONT_SIZE = 18


def pdf_with_text(
    pages: Sequence[str],
    *,
    rotation: int = 0,
    crop: tuple[int, int, int, int] | None = None,
    title: str = "",
    information: str = "",
    outline: Sequence[tuple[str, int]] = (),
    labels: str = "",
    background: str = "",
    to_unicode: str = "",
) -> bytes:
    """A PDF of 612 x 792 points with one text a page, its lines from the top left, 24 points apart.

    `information` is more of the information dictionary, `outline` holds titles and page indices,
    `labels` the entries of the page label tree, `background` drawing commands before the text,
    `to_unicode` the mappings of a ToUnicode map.
    """
    objects: list[bytes] = []

    def add(content: str | bytes) -> int:
        objects.append(content.encode("cp1252") if isinstance(content, str) else content)
        return len(objects)

    def add_stream(content: str) -> int:
        return add(_stream(content.encode("cp1252")))

    catalog, tree = add(""), add("")
    mapping = f"/ToUnicode {add_stream(_character_map(to_unicode))} 0 R" if to_unicode else ""
    font = add(f"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding{mapping}>>")
    box = f"/CropBox[{' '.join(map(str, crop))}]" if crop else ""
    numbers: list[int] = []
    for text in pages:
        lines = [f"({_escaped(line)}) Tj 0 {-LINE_HEIGHT} Td" for line in text.split("\n")]
        body = f"{background} 0 g BT /F {FONT_SIZE} Tf {LEFT} {TOP} Td {' '.join(lines)} ET"
        contents = add_stream(body if text or background else "")
        numbers.append(
            add(
                f"<</Type/Page/Parent {tree} 0 R/MediaBox[0 0 612 792]{box}/Rotate {rotation}"
                f"/Contents {contents} 0 R/Resources<</Font<</F {font} 0 R>>>>>>"
            )
        )
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects[tree - 1] = f"<</Type/Pages/Kids[{kids}]/Count {len(numbers)}>>".encode()
    entries = ""
    if outline:
        first = len(objects) + 2
        last = first + len(outline) - 1
        root = add(f"<</Type/Outlines/First {first} 0 R/Last {last} 0 R/Count {len(outline)}>>")
        for position, (heading, page) in enumerate(outline):
            following = f"/Next {first + position + 1} 0 R" if position + 1 < len(outline) else ""
            add(f"<</Title({_escaped(heading)})/Parent {root} 0 R/Dest[{numbers[page]} 0 R/Fit]{following}>>")
        entries += f"/Outlines {root} 0 R"
    if labels:
        entries += f"/PageLabels<</Nums[{labels}]>>"
    objects[catalog - 1] = f"<</Type/Catalog/Pages {tree} 0 R{entries}>>".encode()
    about = add(f"<</Title({_escaped(title)}){information}>>")
    return _assembled(objects, f"/Root {catalog} 0 R/Info {about} 0 R")


def filled_form(*, label: str, value: str, note: str, picture: bool = False) -> bytes:
    """A page with a label, or only a drawing; a text field with a value, and a note typed onto the page."""
    page = "9 9 99 99 re f" if picture else f"BT /F 18 Tf 72 720 Td ({_escaped(label)}) Tj ET"

    def appearance(text: str) -> bytes:
        drawn = f"/Tx BMC q BT /F 12 Tf 0 g 2 6 Td ({_escaped(text)}) Tj ET Q EMC".encode("cp1252")
        return _stream(drawn, b"/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F 5 0 R>>>>")

    shown = "/Subtype/{}/Rect[{}]/F 4/DA(/F 12 Tf 0 g)/AP<</N {} 0 R>>/P 3 0 R"
    return _assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[7 0 R]/DR<</Font<</F 5 0 R>>>>"
            b"/DA(/F 12 Tf 0 g)>>>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>"
            b"/Annots[7 0 R 8 0 R]>>",
            _stream(page.encode("cp1252")),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
            appearance(value),
            f"<</Type/Annot/FT/Tx/T(name)/V({_escaped(value)}){shown.format('Widget', '72 650 272 670', 6)}>>"
            .encode("cp1252"),
            f"<</Type/Annot/Contents({_escaped(note)}){shown.format('FreeText', '72 600 272 620', 9)}>>"
            .encode("cp1252"),
            appearance(note),
        ],
        "/Root 1 0 R",
    )  # fmt: skip


def pdf_of_many_objects(count: int) -> bytes:
    """One page on which a rectangle is drawn so many times."""
    import zlib

    drawing = zlib.compress(b"0 0 m 9 9 l 3 4 5 6 re S\n" * count)
    return b"\n".join(
        [
            b"%PDF-1.7",
            b"1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj",
            b"2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj",
            b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>\nendobj",
            b"4 0 obj\n%s\nendobj" % _stream(drawing, b"/Filter/FlateDecode"),
            b"trailer<</Root 1 0 R>>",
        ]
    )


def encrypted_pdf(text: str, password: str) -> bytes:
    """A one-page PDF that opens with the password only."""
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf_with_text([text]))))
    writer.encrypt(password, algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def docx_with(blocks: Sequence[tuple[str, Any]], **properties: Any) -> bytes:
    """A Word document of (style, text) paragraphs; the style "table" takes a list of rows."""
    import docx

    document = docx.Document()
    for style, content in blocks:
        if style == "table":
            table = document.add_table(rows=0, cols=len(content[0]))
            for row in content:
                for cell, text in zip(table.add_row().cells, row, strict=True):
                    cell.text = text
        else:
            document.add_paragraph(content, style=style)
    for name, value in properties.items():
        setattr(document.core_properties, name, value)
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), entries, content)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def _character_map(mappings: str) -> str:
    count = mappings.count("> <")
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Test def /CMapType 2 def "
        "1 begincodespacerange <00> <FF> endcodespacerange "
        f"{count} beginbfchar {mappings} endbfchar endcmap"
    )


def _assembled(objects: Sequence[bytes], trailer: str) -> bytes:
    output = bytearray(b"%PDF-1.7\n")
    offsets: list[int] = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(output))
        output += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(output)
    output += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    output += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    output += f"trailer<</Size {len(objects) + 1}{trailer}>>\nstartxref\n{start}\n%%EOF".encode()
    return bytes(output)
