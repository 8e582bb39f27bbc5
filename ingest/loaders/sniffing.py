"""Which format content is of: its bytes decide, the suffix settles only what they leave open."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePath

from ingest.loaders.formats import FORMATS, OLE, PLAIN_TEXT, TEXT_MODULES, UNKNOWN, ZIP_ARCHIVE, Format
from ingest.loaders.mail import EML, MBOX, is_mailbox, looks_like_mail
from ingest.loaders.text import decode, is_textual

TAR = "application/x-tar"
# Possessive throughout: what may be read in two ways takes for ever where a file's author wants it to.
_HTML_START = re.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+)?+(?:<!--(?:(?!-->).)*+-->\s*+)*+<(?:!doctype\s++html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_TABLE_START = re.compile(r"\s*+<table\b", re.IGNORECASE)
_XML_START = re.compile(r"\s*<\?xml\s")
_JSON_START = re.compile(r"\s*(?:\{\s*\"|\[\s*[\[{])")
#: Modules whose suffix is trusted over how the content begins: code and data may begin with anything.
_TRUSTED = {"code", "delimited", "records", "notebook", "rst"}
_IN_ARCHIVE = {
    row.mime_type for row in FORMATS if row.module in ("docx", "xlsx", "pptx", "epub", "opendocument")
}
_IN_OLE = [row for row in FORMATS if row.module in ("mail", "encrypted_office", "converted") and row.member]


def sniff(data: bytes, name: str) -> str:
    """The MIME type, by content first and by suffix where the content leaves it open."""
    suffix = PurePath(name.lower()).suffix
    by_suffix = next((row for row in FORMATS if suffix in row.suffixes), None)
    start = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    for row in FORMATS:
        if row.prefixes and start.startswith(row.prefixes):
            if row.mime_type == ZIP_ARCHIVE:
                return _sniff_archive(data, by_suffix)
            return _sniff_ole(data, by_suffix) if row.mime_type == OLE else row.mime_type
    if data[257:262] == b"ustar":
        return TAR
    if start.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    # The PDF header may follow up to 1,024 bytes of something else.
    if b"%PDF-" in data[:1024] and (suffix == ".pdf" or b"startxref" in data[-2048:]):
        return "application/pdf"
    named_text = by_suffix is not None and by_suffix.module in TEXT_MODULES
    if is_textual(data, named_so=named_text):
        return _sniff_text(data, by_suffix, suffix)
    return by_suffix.mime_type if by_suffix and not named_text else UNKNOWN


def _sniff_text(data: bytes, by_suffix: Format | None, suffix: str) -> str:
    if not data.strip():
        # Nothing is nothing in every format.
        return by_suffix.mime_type if by_suffix and by_suffix.module in TEXT_MODULES else PLAIN_TEXT
    if by_suffix and by_suffix.module in _TRUSTED:
        return by_suffix.mime_type
    head = decode(data[:4096])[0]
    if _HTML_START.match(head):
        return "text/html"
    if _XML_START.match(head):
        return "application/xml"
    if looks_like_mail(data[:8192]) or suffix == ".eml":
        return MBOX if suffix != ".eml" and is_mailbox(data) else EML
    if by_suffix and by_suffix.module in TEXT_MODULES:
        return by_suffix.mime_type
    # Programs call their tables .xls whatever they write into them.
    if _TABLE_START.match(head):
        return "text/html"
    if suffix in (".xls", ".xlsx") and "\t" in head:
        return "text/tab-separated-values"
    return "application/json" if by_suffix is None and _JSON_START.match(head) else PLAIN_TEXT


def _sniff_archive(data: bytes, by_suffix: Format | None) -> str:
    """Which ZIP-based format this is; a damaged archive is what its suffix says."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = set(archive.namelist())
            # EPUB and OpenDocument name their type in a member of that name.
            declared = (
                archive.open("mimetype").read(128).decode("ascii", "replace").strip()
                if ("mimetype" in members)
                else ""
            )
    except Exception:  # noqa: BLE001 (damage, whatever its decompressors make of it)
        return by_suffix.mime_type if by_suffix and by_suffix.mime_type in _IN_ARCHIVE else ZIP_ARCHIVE
    # Templates are named like the documents they make.
    declared = declared.removesuffix("-template")
    for row in FORMATS:
        if row.mime_type in _IN_ARCHIVE and (
            (row.member and row.member in members) or declared == row.mime_type
        ):
            return row.mime_type
    if by_suffix and by_suffix.zipped:
        return by_suffix.mime_type
    # Office writes the main part of a document under any name; the suffix then knows better.
    if "[Content_Types].xml" in members and by_suffix and by_suffix.member:
        return by_suffix.mime_type
    return ZIP_ARCHIVE


def _sniff_ole(data: bytes, by_suffix: Format | None) -> str:
    """Which of the formats in an OLE file this is; one that is damaged is what its suffix says."""
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(data)) as file:
            streams = {path[0] for path in file.listdir() if path}
    except Exception:  # noqa: BLE001 (damage, however olefile stumbles over it)
        return by_suffix.mime_type if by_suffix in _IN_OLE else OLE
    for row in _IN_OLE:
        if row.member in streams or (row.member == "Workbook" and "Book" in streams):
            return row.mime_type
    return OLE
