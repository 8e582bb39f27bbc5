"""What Askance reads: a row a format, with how it is told and which module of this package reads it."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.loaders.code import SUFFIXES

PLAIN_TEXT = "text/plain"
ZIP_ARCHIVE = "application/zip"
ENCRYPTED_OFFICE = "application/x-encrypted-office"
OLE = "application/x-ole-storage"
UNKNOWN = "application/octet-stream"


@dataclass(frozen=True)
class Format:
    """One row: how a format is recognised, and which module reads it ("" for none).

    `prefixes` are the first bytes of such files, `member` is a file that such a ZIP archive, or a stream
    that such an OLE file, holds; `suffixes` settle the rest. A ZIP archive with a suffix of one that is
    `zipped` is of this format, not an archive of documents. `advice` is what to do without a module.
    """

    mime_type: str
    description: str
    module: str = ""
    suffixes: tuple[str, ...] = ()
    prefixes: tuple[bytes, ...] = ()
    member: str = ""
    advice: str = ""
    zipped: bool = False


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
_UNPACK = "Add the archive itself, and the files in it are read."
_EXTRACT = "Unpack it, and add the files."
_EXPORT = "Export it as PDF or to Office's format where it was made, and add that."
_AS_PDF = "Save it as PDF and add that."
_TRANSCRIPT = "Add a transcript of it."

FORMATS = (
    Format("application/pdf", "a PDF", "pdf", (".pdf",), (b"%PDF-",)),
    Format(
        f"{_OFFICE}.wordprocessingml.document",
        "a Word document",
        "docx",
        (".docx", ".docm"),
        member="word/document.xml",
    ),
    Format(
        f"{_OFFICE}.spreadsheetml.sheet",
        "an Excel workbook",
        "xlsx",
        (".xlsx", ".xlsm"),
        member="xl/workbook.xml",
    ),
    Format(
        f"{_OFFICE}.presentationml.presentation",
        "a PowerPoint presentation",
        "pptx",
        (".pptx", ".pptm", ".ppsx"),
        member="ppt/presentation.xml",
    ),
    Format("application/epub+zip", "an EPUB book", "epub", (".epub",)),
    Format(f"{_OPEN_DOCUMENT}.text", "an OpenDocument text", "opendocument", (".odt", ".ott")),
    Format(f"{_OPEN_DOCUMENT}.spreadsheet", "an OpenDocument spreadsheet", "opendocument", (".ods",)),
    Format(f"{_OPEN_DOCUMENT}.presentation", "an OpenDocument presentation", "opendocument", (".odp",)),
    Format("text/html", "a web page", "html", (".html", ".htm", ".xhtml")),
    Format("text/markdown", "Markdown", "markdown", (".md", ".markdown", ".mdown", ".mkd", ".mdx")),
    Format("text/x-rst", "reStructuredText", "rst", (".rst", ".rest")),
    Format("text/org", "an Org text", "rst", (".org",)),
    Format("text/csv", "a table of comma-separated values", "delimited", (".csv",)),
    Format("text/tab-separated-values", "a table of tab-separated values", "delimited", (".tsv", ".tab")),
    Format("application/json", "JSON", "records", (".json", ".geojson")),
    Format("application/x-ndjson", "JSON Lines", "records", (".jsonl", ".ndjson")),
    Format("application/x-ipynb+json", "a notebook", "notebook", (".ipynb",)),
    Format("application/xml", "XML", "xml", (".xml", ".rss", ".atom", ".svg", ".xsd", ".xsl")),
    Format("message/rfc822", "an e-mail", "mail", (".eml", ".mht", ".mhtml")),
    Format("application/mbox", "a mailbox", suffixes=(".mbox", ".mbx"), advice=_UNPACK),
    *(
        Format(mime_type, "source code", "code", tuple(own for own in SUFFIXES if SUFFIXES[own] == mime_type))
        for mime_type in dict.fromkeys(SUFFIXES.values())
    ),
    Format(PLAIN_TEXT, "plain text", "text", (".txt", ".text", ".log")),
    Format("application/rtf", "an RTF document", "rtf", (".rtf",), (b"{\\rtf",)),
    Format(
        "application/vnd.ms-outlook",
        "an Outlook message",
        "mail",
        (".msg",),
        member="__properties_version1.0",
    ),
    Format(ENCRYPTED_OFFICE, "an Office file with a password", "encrypted_office", member="EncryptedPackage"),
    Format("application/msword", "an old Word document", "converted", (".doc",), member="WordDocument"),
    Format("application/vnd.ms-excel", "an old Excel workbook", "converted", (".xls",), member="Workbook"),
    Format(
        "application/vnd.ms-powerpoint",
        "an old presentation",
        "converted",
        (".ppt",),
        member="PowerPoint Document",
    ),
    Format(
        OLE,
        "an old Office file or a part of one",
        prefixes=(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
        advice="Open it where it was made and save it as PDF or DOCX.",
    ),
    Format("image/png", "a picture", "image", (".png",), (b"\x89PNG\r\n\x1a\n",)),
    Format("image/jpeg", "a picture", "image", (".jpg", ".jpeg"), (b"\xff\xd8\xff",)),
    Format("image/gif", "a picture", "image", (".gif",), (b"GIF87a", b"GIF89a")),
    Format("image/tiff", "a picture", "image", (".tif", ".tiff"), (b"II*\x00", b"MM\x00*")),
    Format("image/webp", "a picture", "image", (".webp",)),
    Format("image/bmp", "a picture", "image", (".bmp",)),
    Format(
        ZIP_ARCHIVE,
        "a ZIP archive",
        suffixes=(".zip",),
        prefixes=(b"PK\x03\x04", b"PK\x05\x06"),
        advice=_UNPACK,
    ),
    Format("application/gzip", "a compressed file", prefixes=(b"\x1f\x8b",), advice=_UNPACK),
    Format("application/x-bzip2", "a compressed file", prefixes=(b"BZh",), advice=_UNPACK),
    Format("application/x-xz", "a compressed file", prefixes=(b"\xfd7zXZ\x00",), advice=_UNPACK),
    Format("application/x-tar", "a TAR archive", suffixes=(".tar",), advice=_UNPACK),
    Format("application/x-7z-compressed", "a 7-Zip archive", prefixes=(b"7z\xbc\xaf'\x1c",), advice=_EXTRACT),
    Format("application/vnd.rar", "a RAR archive", prefixes=(b"Rar!\x1a\x07",), advice=_EXTRACT),
    Format("application/zstd", "a compressed file", prefixes=(b"(\xb5/\xfd",), advice=_EXTRACT),
    Format(
        "application/vnd.ms-tnef",
        "a bundle of attachments that only Outlook opens",
        prefixes=(b'x\x9f>"',),
        advice="Open the e-mail in Outlook, save its attachments and add those.",
    ),
    Format(
        "application/vnd.apple.pages", "a Pages document", suffixes=(".pages",), advice=_EXPORT, zipped=True
    ),
    Format(
        "application/vnd.apple.numbers",
        "a Numbers spreadsheet",
        suffixes=(".numbers",),
        advice=_EXPORT,
        zipped=True,
    ),
    Format(
        "application/vnd.apple.keynote",
        "a Keynote presentation",
        suffixes=(".key",),
        advice=_EXPORT,
        zipped=True,
    ),
    Format(
        "application/vnd.ms-excel.sheet.binary",
        "a binary Excel workbook",
        suffixes=(".xlsb",),
        advice=_AS_PDF,
        zipped=True,
    ),
    Format("application/vnd.visio", "a Visio drawing", suffixes=(".vsdx",), advice=_AS_PDF, zipped=True),
    Format("application/oxps", "an XPS document", suffixes=(".xps", ".oxps"), advice=_AS_PDF, zipped=True),
    Format(
        f"{_OPEN_DOCUMENT}.graphics",
        "an OpenDocument drawing",
        suffixes=(".odg",),
        advice=_AS_PDF,
        zipped=True,
    ),
    Format("image/vnd.djvu", "a DjVu document", suffixes=(".djvu", ".djv"), advice=_AS_PDF),
    Format(
        "image/heic",
        "a picture in HEIC or AVIF",
        suffixes=(".heic", ".heif", ".avif"),
        advice="Save it as JPEG.",
    ),
    Format(
        "audio/mpeg", "a recording", suffixes=(".mp3", ".wav", ".m4a", ".ogg", ".flac"), advice=_TRANSCRIPT
    ),
    Format("video/mp4", "a video", suffixes=(".mp4", ".mov", ".mkv", ".avi", ".webm"), advice=_TRANSCRIPT),
)
#: Modules whose formats are text: the suffix says which, as long as the content is text at all.
TEXT_MODULES = {"html", "markdown", "rst", "delimited", "records", "notebook", "xml", "code", "text"}
