"""Kinds of documents in the words people use for them."""

from __future__ import annotations

from pathlib import PurePosixPath

from rag.catalog import DocumentRecord

_BY_TYPE = {
    "application/pdf": "PDF",
    "text/html": "Web page",
    "application/xhtml+xml": "Web page",
    "text/markdown": "Markdown",
    "text/plain": "Text",
    "text/x-rst": "reStructuredText",
    "text/csv": "Table",
    "text/tab-separated-values": "Table",
    "application/json": "JSON",
    "application/xml": "XML",
    "text/xml": "XML",
    "application/epub+zip": "E-book",
    "message/rfc822": "E-mail",
    "application/vnd.ms-outlook": "E-mail",
}
_BY_ENDING = {
    "wordprocessingml.document": "Word",
    "presentationml.presentation": "Slides",
    "spreadsheetml.sheet": "Spreadsheet",
    "opendocument.text": "Text document",
    "opendocument.presentation": "Slides",
    "opendocument.spreadsheet": "Spreadsheet",
}


def kind_of(record: DocumentRecord) -> str:
    """PDF, Word, Web page, ...; what cannot be told by the content goes by the ending of its name."""
    mime_type = record.mime_type.partition(";")[0]
    if mime_type in _BY_TYPE:
        return _BY_TYPE[mime_type]
    if mime_type.startswith("image/"):
        return "Image"
    for ending, kind in _BY_ENDING.items():
        if mime_type.endswith(ending):
            return kind
    return PurePosixPath(record.name).suffix.removeprefix(".").upper()[:8] or "Unknown"
