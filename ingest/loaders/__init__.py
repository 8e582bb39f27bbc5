"""From a file's bytes to a ParsedDocument: what the format is, and which module reads it.

The content decides, the suffix only settles what the content leaves open. A new format is one
module with a `load` function and one row in FORMATS. Nothing here reads a file, follows a link or
lets a parser's own exception escape: whatever goes wrong is a DocumentError that says what to do.
"""

from __future__ import annotations

import io
import logging
import re
import zipfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import Protocol, cast

from ingest.loaders.text import decode, is_textual
from rag.errors import AskanceError, CorruptFile, TooLarge, UnsupportedFormat
from rag.types import ParsedDocument

logger = logging.getLogger(__name__)

PLAIN_TEXT = "text/plain"
ZIP_ARCHIVE = "application/zip"
UNKNOWN = "application/octet-stream"


class Loader(Protocol):
    """What every module of a format offers."""

    def load(self, data: bytes, name: str, password: str | None) -> ParsedDocument:
        """Parse the content of the file called `name`."""


@dataclass(frozen=True)
class Format:
    """One row: how a format is recognised, and which module of this package reads it ("" for none).

    `prefixes` are the first bytes of such files, `member` is a file that such a ZIP archive holds,
    `suffixes` settle the rest. `advice` is what to do when there is no module.
    """

    mime_type: str
    description: str
    module: str = ""
    suffixes: tuple[str, ...] = ()
    prefixes: tuple[bytes, ...] = ()
    member: str = ""
    advice: str = ""


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
_SAVE_AS_PDF = "Save it as PDF and add that."
_IMAGE_ADVICE = "Add it as a PDF with a text layer."

FORMATS = (
    Format("application/pdf", "a PDF", "pdf", (".pdf",), (b"%PDF-",)),
    Format(
        f"{_OFFICE}.wordprocessingml.document",
        "a Word document",
        "docx",
        (".docx", ".docm"),
        member="word/document.xml",
    ),
    Format("text/html", "a web page", "html", (".html", ".htm", ".xhtml")),
    Format("text/markdown", "Markdown", "markdown", (".md", ".markdown", ".mdown", ".mkd", ".mdx")),
    Format(PLAIN_TEXT, "plain text", "text", (".txt", ".text", ".log")),
    Format(
        f"{_OFFICE}.spreadsheetml.sheet",
        "an Excel workbook",
        suffixes=(".xlsx", ".xlsm"),
        member="xl/workbook.xml",
        advice="Save its sheets as CSV, or the workbook as PDF, and add those.",
    ),
    Format(
        f"{_OFFICE}.presentationml.presentation",
        "a PowerPoint presentation",
        suffixes=(".pptx", ".pptm"),
        member="ppt/presentation.xml",
        advice=_SAVE_AS_PDF,
    ),
    Format("application/epub+zip", "an EPUB book", suffixes=(".epub",), advice=_SAVE_AS_PDF),
    Format(f"{_OPEN_DOCUMENT}.text", "an OpenDocument text", suffixes=(".odt",), advice=_SAVE_AS_PDF),
    Format(
        f"{_OPEN_DOCUMENT}.spreadsheet",
        "an OpenDocument spreadsheet",
        suffixes=(".ods",),
        advice=_SAVE_AS_PDF,
    ),
    Format(
        f"{_OPEN_DOCUMENT}.presentation",
        "an OpenDocument presentation",
        suffixes=(".odp",),
        advice=_SAVE_AS_PDF,
    ),
    Format(
        "application/x-ole-storage",
        "an old or encrypted Office or Outlook file",
        suffixes=(".doc", ".xls", ".ppt", ".msg"),
        prefixes=(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
        advice="Open it where it was made, remove its password if it has one, and save it as PDF or DOCX.",
    ),
    Format(
        "application/rtf",
        "an RTF document",
        suffixes=(".rtf",),
        prefixes=(b"{\\rtf",),
        advice="Save it as DOCX or PDF and add that.",
    ),
    Format("image/png", "an image", prefixes=(b"\x89PNG\r\n\x1a\n",), advice=_IMAGE_ADVICE),
    Format("image/jpeg", "an image", prefixes=(b"\xff\xd8\xff",), advice=_IMAGE_ADVICE),
    Format("image/gif", "an image", prefixes=(b"GIF87a", b"GIF89a"), advice=_IMAGE_ADVICE),
    Format("image/tiff", "an image", prefixes=(b"II*\x00", b"MM\x00*"), advice=_IMAGE_ADVICE),
    Format(
        ZIP_ARCHIVE,
        "a ZIP archive",
        suffixes=(".zip",),
        prefixes=(b"PK\x03\x04", b"PK\x05\x06"),
        advice="Unpack it and add the files in it.",
    ),
    Format("application/gzip", "a compressed file", prefixes=(b"\x1f\x8b",), advice="Unpack it first."),
)

_HTML_START = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
_TEXT_MODULES = {"html", "markdown", "text"}
_ARCHIVE_MIMES = {ZIP_ARCHIVE} | {
    row.mime_type
    for row in FORMATS
    if row.member or "opendocument" in row.mime_type or "epub" in row.mime_type
}


def load(data: bytes, name: str, *, password: str | None = None) -> ParsedDocument:
    """Parse a file's content; empty content is an empty document, not an error.

    Raises UnsupportedFormat, PasswordNeeded, CorruptFile or TooLarge (all DocumentError).
    """
    mime_type = sniff(data, name)
    row = next((row for row in FORMATS if row.mime_type == mime_type), None)
    if row is None:
        raise UnsupportedFormat(
            f"{name} is neither text nor of a format that Askance reads. Save it as PDF, DOCX, HTML or text."
        )
    if not row.module:
        raise UnsupportedFormat(f"{name} is {row.description}, and Askance does not read those. {row.advice}")
    loader = cast(Loader, import_module(f"{__name__}.{row.module}"))
    try:
        return loader.load(data, name, password)
    except AskanceError:
        raise
    except MemoryError as error:
        raise TooLarge(
            f"{name} does not fit into this machine's memory. Split it and add the parts."
        ) from error
    except Exception as error:
        logger.warning("The loader for %s failed on %s", mime_type, name, exc_info=True)
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise CorruptFile(
            f"{name} cannot be read as {row.description}: {reason[:300]}. "
            "Open it where it was made, save it again and add the new file."
        ) from error


def sniff(data: bytes, name: str) -> str:
    """The MIME type, by content first and by suffix where the content leaves it open."""
    suffix = PurePath(name.lower()).suffix
    by_suffix = next((row for row in FORMATS if suffix in row.suffixes), None)
    start = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    for row in FORMATS:
        if row.prefixes and start.startswith(row.prefixes):
            return _sniff_archive(data, by_suffix) if row.mime_type == ZIP_ARCHIVE else row.mime_type
    # The PDF header may follow up to 1,024 bytes of something else.
    if b"%PDF-" in data[:1024] and (suffix == ".pdf" or b"startxref" in data[-2048:]):
        return "application/pdf"
    if not is_textual(data):
        return by_suffix.mime_type if by_suffix and by_suffix.module not in _TEXT_MODULES else UNKNOWN
    if _HTML_START.match(decode(data[:4096])[0]):
        return "text/html"
    return by_suffix.mime_type if by_suffix and by_suffix.module in _TEXT_MODULES else PLAIN_TEXT


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
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError):
        return by_suffix.mime_type if by_suffix and by_suffix.mime_type in _ARCHIVE_MIMES else ZIP_ARCHIVE
    for row in FORMATS:
        if (row.member and row.member in members) or (declared and declared == row.mime_type):
            return row.mime_type
    # Office writes the main part of a document under any name; the suffix then knows better.
    if "[Content_Types].xml" in members and by_suffix and by_suffix.member:
        return by_suffix.mime_type
    return ZIP_ARCHIVE
