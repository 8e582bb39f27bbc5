"""Builds small office documents, books, mails and archives in memory for tests. Asserts nothing."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from typing import Any

_NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("presentation", "presentation"),
        ("meta", "meta"),
    )
)


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """A ZIP archive of these members, in their order."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def tarred(members: Mapping[str, bytes], mode: str = "w") -> bytes:
    """A TAR archive of these members; `mode` as w:gz compresses it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def pptx_with(slides: Sequence[tuple[str, str, str]], table: Sequence[Sequence[str]] = ()) -> bytes:
    """Slides of (title, text, notes); `table` goes on the last one."""
    import pptx
    from pptx.util import Inches

    presentation = pptx.Presentation()
    for title, text, notes in slides:
        slide = presentation.slides.add_slide(presentation.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
        if notes:
            slide.notes_slide.notes_text_frame.text = notes
    if table:
        grid = slide.shapes.add_table(len(table), len(table[0]), *[Inches(1)] * 4).table
        for row, cells in enumerate(table):
            for column, cell in enumerate(cells):
                grid.cell(row, column).text = cell
    stream = io.BytesIO()
    presentation.save(stream)
    return stream.getvalue()


def xlsx_with(sheets: Mapping[str, Mapping[str, Any]]) -> bytes:
    """Sheets of cells by address; a cell is a value or a (value, number format)."""
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, cells in sheets.items():
        sheet = workbook.create_sheet(name)
        for address, value in cells.items():
            sheet[address] = value[0] if isinstance(value, tuple) else value
            if isinstance(value, tuple):
                sheet[address].number_format = value[1]
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def open_document(kind: str, body: str, *, title: str = "", manifest: str = "") -> bytes:
    """An OpenDocument file: `kind` is text, spreadsheet or presentation, `body` the XML within it."""
    meta = (
        f'<office:document-meta {_NAMESPACES} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>'
        f"<dc:title>{title}</dc:title><meta:initial-creator>Ada</meta:initial-creator>"
        "<meta:creation-date>2024-05-01T10:00:00</meta:creation-date></office:meta></office:document-meta>"
    )
    content = (
        f"<office:document-content {_NAMESPACES}><office:body><office:{kind}>{body}</office:{kind}>"
        "</office:body></office:document-content>"
    )
    return zipped(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": content,
            "meta.xml": meta,
            "META-INF/manifest.xml": f"<manifest>{manifest}</manifest>",
        }
    )


def epub_with(chapters: Mapping[str, str], titles: Mapping[str, str], *, encryption: str = "") -> bytes:
    """A book whose spine has the chapters in the order given, though its files are in another."""
    items = "".join(
        f'<item id="i{number}" href="text/{file}" media-type="application/xhtml+xml"/>'
        for number, file in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="i{number}"/>' for number in range(len(chapters)))
    links = "".join(f'<li><a href="text/{file}#top">{title}</a></li>' for file, title in titles.items())
    members: dict[str, str | bytes] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": (
            '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="OPS/package.opf"/></rootfiles></container>'
        ),
        "OPS/package.opf": (
            '<package xmlns="http://www.idpf.org/2007/opf"><metadata '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The Book</dc:title>'
            "<dc:creator>Ada</dc:creator><dc:creator>Bea</dc:creator><dc:language>en-GB</dc:language></metadata><manifest>"
            f'<item id="nav" href="nav.xhtml" properties="nav"/>{items}</manifest>'
            f"<spine>{spine}</spine></package>"
        ),
        "OPS/nav.xhtml": (
            f'<html xmlns="http://www.w3.org/1999/xhtml"><body><nav><ol>{links}</ol></nav></body></html>'
        ),
    }
    if encryption:
        members["META-INF/encryption.xml"] = encryption
    for file in sorted(chapters, reverse=True):
        members[f"OPS/text/{file}"] = f"<html><body>{chapters[file]}</body></html>"
    return zipped(members)


def mail_with(
    body: str, *, html: str = "", attachments: Sequence[tuple[str, bytes]] = (), subject: str = "The boiler"
) -> bytes:
    """An e-mail from Ada to Bob of 3 May 2024."""
    message = EmailMessage()
    message["From"] = "Ada Lovelace <ada@example.org>"
    message["To"] = "Bob <bob@example.org>"
    message["Subject"] = subject
    message["Date"] = datetime(2024, 5, 3, 10, 15)
    message["Message-ID"] = "<1@example.org>"
    message.set_content(body)
    if html:
        message.add_alternative(html, subtype="html")
    for name, content in attachments:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()
