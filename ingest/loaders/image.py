"""Pictures: the text on them, read with tesseract where it is installed; a frame of a TIFF is a page.

Without tesseract the document is empty and says what to install. Refuses pictures of absurd size.
"""

from __future__ import annotations

import io
from dataclasses import replace

from ingest.loaders import ocr
from ingest.loaders.builder import TextBuilder
from ingest.loaders.text import title_from_name
from rag.errors import CorruptFile, TooLarge
from rag.settings import IngestSettings
from rag.types import ParsedDocument

_MOST_PIXELS = 200_000_000
_MOST_FRAMES = 2000


def load(data: bytes, name: str, password: str | None, limits: IngestSettings) -> ParsedDocument:
    """The text on the picture, or a warning that says why there is none."""
    import warnings as python_warnings

    from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

    builder = TextBuilder()
    warnings: list[str] = []
    with python_warnings.catch_warnings():
        # The size is checked here, frame by frame.
        python_warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data)) as image:
                mime_type = Image.MIME.get(image.format or "", "image/unknown")
                for number, frame in enumerate(ImageSequence.Iterator(image), start=1):
                    if frame.width * frame.height > _MOST_PIXELS:
                        raise TooLarge(
                            f"{name} is a picture of {frame.width} x {frame.height} points. Make it smaller."
                        )
                    if number > _MOST_FRAMES or (number > 1 and image.format != "TIFF"):
                        break
                    builder.begin_page()
                    if ocr.can_read(limits):
                        upright = ImageOps.exif_transpose(frame.copy())
                        text = ocr.text_of(upright, f"page {number} of {name}", limits)
                        if text:
                            builder.block(text)
                    else:
                        frame.load()
                    builder.end_page()
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
            raise CorruptFile(
                f"{name} is damaged or not a picture ({error}). Copy or download it again."
            ) from error
    if not ocr.can_read(limits):
        warnings.append(unread(len(builder.pages), len(builder.pages), limits))
    elif not builder.length or not any(page.end > page.start for page in builder.pages):
        warnings.append(f"{name} is a picture on which tesseract found no text.")
    document = builder.document(title_from_name(name), mime_type, warnings=tuple(warnings))
    return replace(document, scans=tuple(page.number for page in document.pages if page.end == page.start))


def unread(scans: int, pages: int, limits: IngestSettings) -> str:
    """The sentence about pages that are pictures of text and were not read."""
    are = "page is a scan" if pages == 1 else ("pages is a scan" if scans == 1 else "pages are scans")
    them = "it" if scans == 1 else "them"
    way = "install tesseract-ocr" if limits.ocr else "turn on ingest.ocr"
    return f"{scans} of {pages} {are}; {way} to read {them}."
