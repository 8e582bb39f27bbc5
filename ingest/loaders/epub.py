"""EPUB books, read from their XML and web pages: chapters in the order of the spine, as headings.

Leaves out pictures and styles. Cannot open books that are locked to a shop's reader.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from typing import Any
from urllib.parse import unquote

from ingest.loaders.builder import TextBuilder, one_line
from ingest.loaders.html import read_markup
from ingest.loaders.package import iso_date, opened_package, parsed_member
from ingest.loaders.text import decode, title_from_name
from rag.errors import CorruptFile, PasswordNeeded
from rag.settings import IngestSettings
from rag.types import Heading, ParsedDocument, TableSpan

MIME_TYPE = "application/epub+zip"
_DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"
_FONT_ALGORITHMS = (b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC")


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """The chapters' texts; the table of contents names those that have no heading of their own."""
    builder = TextBuilder()
    with opened_package(data, name, "an EPUB book", allow_doctype=True) as archive:
        _refuse_locked(archive, name)
        container = parsed_member(archive, "META-INF/container.xml", name)
        roots = [] if container is None else [each.get("full-path") for each in container.iter("{*}rootfile")]
        package = parsed_member(archive, roots[0] or "", name) if roots else None
        if package is None:
            raise CorruptFile(f"{name} does not say where its chapters are. Copy or download it again.")
        folder = posixpath.dirname(roots[0] or "")
        items = {item.get("id"): item for item in package.iter("{*}item")}
        contents = _contents(archive, folder, items.values(), name)
        missing = 0
        for reference in package.iter("{*}itemref"):
            item = items.get(reference.get("idref"))
            file = "" if item is None else _within(folder, item.get("href") or "")
            try:
                markup, _ = decode(archive.read(file), name)
            except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError):
                missing += 1
                continue
            _add_chapter(builder, markup, contents.get(file, ""))
    about = {element.tag: one_line(element.text or "") for element in reversed(list(package.iter("*")))}
    warnings = (f"{missing} chapters of {name} are damaged or missing and were left out.",) if missing else ()
    return builder.document(
        about.get(f"{_DUBLIN_CORE}title") or title_from_name(name),
        MIME_TYPE,
        author="; ".join(one_line(own.text or "") for own in package.iter(f"{_DUBLIN_CORE}creator")),
        created=iso_date(about.get(f"{_DUBLIN_CORE}date", "")),
        language=about.get(f"{_DUBLIN_CORE}language", "")[:2].lower(),
        warnings=warnings,
    )


def _refuse_locked(archive: zipfile.ZipFile, name: str) -> None:
    if "META-INF/encryption.xml" not in archive.namelist():
        return
    encryption = archive.read("META-INF/encryption.xml")
    fonts = sum(encryption.count(algorithm) for algorithm in _FONT_ALGORITHMS)
    if encryption.count(b"EncryptedData") // 2 > fonts:
        raise PasswordNeeded(
            f"{name} is locked to the reader of the shop it came from. Askance cannot open it; "
            "add a copy without that protection."
        )


def _contents(archive: zipfile.ZipFile, folder: str, items: Any, name: str) -> dict[str, str]:
    """Chapter files and what the table of contents calls them."""
    titles: dict[str, str] = {}
    for item in items:
        navigation = "nav" in (item.get("properties") or "").split()
        if not navigation and item.get("media-type") != "application/x-dtbncx+xml":
            continue
        file = _within(folder, item.get("href") or "")
        try:
            root = parsed_member(archive, file, name)
        except CorruptFile:
            continue
        if root is None:
            continue
        entries = (
            [("".join(link.itertext()), link.get("href") or "") for link in root.iter("{*}a")]
            if navigation
            else [
                (point.findtext("{*}navLabel/{*}text") or "", content.get("src") or "")
                for point in root.iter("{*}navPoint")
                if (content := point.find("{*}content")) is not None
            ]
        )
        for title, target in entries:
            # The first entry that points into a file is the chapter; those after it are its sections.
            titles.setdefault(_within(posixpath.dirname(file), target), one_line(title))
    return titles


def _within(folder: str, reference: str) -> str:
    return posixpath.normpath(posixpath.join(folder, unquote(reference.partition("#")[0])))


def _add_chapter(builder: TextBuilder, markup: str, title: str) -> None:
    page = read_markup(markup)
    own = [heading.text.casefold() for heading in page.headings[:1]]
    if title and own != [title.casefold()] and page.text.strip():
        builder.heading(title, 1)
        deeper = 1
    else:
        deeper = 1 - min((heading.level for heading in page.headings[:1]), default=1)
    if not page.text.strip():
        return
    start = builder.block(page.text)
    builder.headings.extend(
        Heading(start + heading.start, max(heading.level + deeper, 1), heading.text)
        for heading in page.headings
    )
    builder.tables.extend(
        TableSpan(start + table.start, start + table.end, table.header) for table in page.tables
    )
