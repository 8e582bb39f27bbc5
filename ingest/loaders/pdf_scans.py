"""Pages of a PDF that are pictures: their text, read with tesseract where it is installed.

Such text has no character boxes, so a citation opens its page without a highlight.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from ingest.loaders import ocr
from ingest.loaders.image import unread
from ingest.page_numbers import pages_in_words
from rag.errors import AskanceError
from rag.settings import IngestSettings

_DOTS_AN_INCH = 200
_POINTS_AN_INCH = 72
#: Of the time that one file may take, what its scans may.
_SHARE_OF_TIME = 0.6


def read_scans(
    document: Any, scans: Sequence[int], texts: list[str], name: str, limits: IngestSettings
) -> list[str]:
    """Put the text of the scanned pages (indices) into `texts`; returns sentences about those not read."""
    if not scans:
        return []
    if not ocr.can_read(limits):
        return [f"{unread(len(scans), len(texts), limits)}{_which(scans, texts)}"]
    failures: list[str] = []
    started = time.monotonic()
    for position, index in enumerate(scans):
        if time.monotonic() - started > _SHARE_OF_TIME * limits.parse_seconds:
            # Beyond the limit the whole file would be lost, its text pages too.
            failures += [
                "There was no time for them; raise ingest.parse_seconds and read the file again."
            ] * (len(scans) - position)
            break
        try:
            texts[index] = ocr.text_of(_picture(document, index), f"page {index + 1} of {name}", limits)
        except AskanceError as error:
            failures.append(str(error))
    blank = sum(not texts[index].strip() for index in scans) - len(failures)
    told = (
        [f"On {blank} of {len(texts)} pages, which are pictures, tesseract found no text."] if blank else []
    )
    if not failures:
        return told
    which = _which([index for index in scans if not texts[index].strip()], texts)
    return [
        *told,
        f"{len(failures)} of {len(texts)} pages are scans that could not be read. {failures[0]}{which}",
    ]


def _which(scans: Sequence[int], texts: Sequence[str]) -> str:
    """Which pages (indices) they are, unless all are."""
    if len(scans) == len(texts):
        return ""
    pages = pages_in_words(index + 1 for index in scans)
    return f" It is {pages}." if len(scans) == 1 else f" They are {pages}."


def _picture(document: Any, index: int) -> Any:
    from ingest.loaders.pdf import PDFIUM_LOCK

    with PDFIUM_LOCK:
        page = document[index]
        try:
            width, height = page.get_size()
            scale = _DOTS_AN_INCH / _POINTS_AN_INCH
            pixels = max(width * height, 1.0) * scale * scale
            bitmap = page.render(scale=scale * min(1.0, (ocr.MOST_PIXELS / pixels) ** 0.5), grayscale=True)
            try:
                return bitmap.to_pil().copy()
            finally:
                bitmap.close()
        finally:
            page.close()
