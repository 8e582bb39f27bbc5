"""Kinds of documents in the words people use for them, and the MIME types that each stands for.

It knows types, not files: what a file is was decided when it was read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from rag.errors import DocumentNotFound


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind by its name, the MIME types of such documents and the endings of their names."""

    name: str
    mime_types: tuple[str, ...]
    endings: tuple[str, ...] = ()


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
_LANGUAGES = (
    "python c c++ csharp go java javascript typescript kotlin lua perl php ruby rust scala swift haskell "
    "elixir powershell tex protobuf shellscript sql r toml yaml ini"
)
KINDS = (
    Kind("PDF", ("application/pdf",), ("pdf",)),
    Kind("Word", (f"{_OFFICE}.wordprocessingml.document", "application/msword"), ("docx", "docm", "doc")),
    Kind(
        "Slides",
        (
            f"{_OFFICE}.presentationml.presentation",
            f"{_OPEN_DOCUMENT}.presentation",
            "application/vnd.ms-powerpoint",
        ),
        ("pptx", "pptm", "ppsx", "ppt", "odp"),
    ),
    Kind(
        "Spreadsheet",
        (f"{_OFFICE}.spreadsheetml.sheet", f"{_OPEN_DOCUMENT}.spreadsheet", "application/vnd.ms-excel"),
        ("xlsx", "xlsm", "xls", "ods"),
    ),
    Kind("Text document", (f"{_OPEN_DOCUMENT}.text", "application/rtf"), ("odt", "ott", "rtf")),
    Kind("E-mail", ("message/rfc822", "application/vnd.ms-outlook"), ("eml", "mht", "mhtml", "msg")),
    Kind("Web page", ("text/html", "application/xhtml+xml"), ("html", "htm", "xhtml")),
    Kind("E-book", ("application/epub+zip",), ("epub",)),
    Kind("Markdown", ("text/markdown",), ("md", "markdown")),
    Kind("reStructuredText", ("text/x-rst",), ("rst",)),
    Kind("Org", ("text/org",), ("org",)),
    Kind("Text", ("text/plain",), ("txt", "text", "log")),
    Kind("Table", ("text/csv", "text/tab-separated-values"), ("csv", "tsv", "tab")),
    Kind("Notebook", ("application/x-ipynb+json",), ("ipynb",)),
    Kind("JSON", ("application/json", "application/x-ndjson"), ("json", "jsonl", "ndjson")),
    Kind("XML", ("application/xml", "text/xml"), ("xml",)),
    Kind("Image", tuple(f"image/{each}" for each in ("png", "jpeg", "gif", "tiff", "webp", "bmp"))),
    Kind("Code", ("text/css", *(f"text/x-{language}" for language in _LANGUAGES.split()))),
)
_BY_TYPE = {mime_type: kind.name for kind in KINDS for mime_type in kind.mime_types}
_BY_ENDING = {ending: kind.name for kind in KINDS for ending in kind.endings}


def kind_of(mime_type: str, name: str) -> str:
    """PDF, Word, Web page, ...; what cannot be told by the content goes by the ending of its name."""
    known = _BY_TYPE.get(mime_type.partition(";")[0])
    ending = PurePosixPath(name).suffix.removeprefix(".")
    return known or _BY_ENDING.get(ending.lower()) or ending.upper()[:8] or "Unknown"


def kinds_meant(given: Iterable[str]) -> tuple[str, ...]:
    """The names of kinds, given by name or by a file's ending, capitals or not.

    Raises DocumentNotFound for what is no kind.
    """
    return tuple(dict.fromkeys(_kind(own).name for own in given))


def mime_types_of(kinds: Iterable[str]) -> tuple[str, ...]:
    """The MIME types of kinds, given as for `kinds_meant`. Raises DocumentNotFound for what is no kind."""
    return tuple(dict.fromkeys(mime_type for own in kinds for mime_type in _kind(own).mime_types))


def _kind(given: str) -> Kind:
    wanted = _BY_ENDING.get(given.lower().removeprefix("."), given).casefold()
    kind = next((each for each in KINDS if each.name.casefold() == wanted), None)
    if kind is None:
        raise DocumentNotFound(
            f"There is no type of document called {given!r}. There are "
            f"{', '.join(each.name for each in KINDS)}; endings of file names will do, too."
        )
    return kind
