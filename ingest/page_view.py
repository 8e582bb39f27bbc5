"""What a citation opens: the page with the passage highlighted, or the text around it.

Draws from the original bytes only, bounded in size; the app has it done in a process of its own
(ingest/page_pictures.py). Refuses to pass markup through: in a text view everything that comes from a
document is escaped.
"""

from __future__ import annotations

import html
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.passage_outline import draw_outlines
from rag.errors import CorruptFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_PIXELS = 8_000_000
#: Pixels to a point of the page.
SCALE = 1.6
#: What a picture says of itself: where on it the passage is.
_PLACE = "Passage"
_LONGEST_TEXT = 20_000
_PASSAGE_COLOUR = (255, 240, 130)
_WORD_COLOUR = (255, 190, 60)
#: Below this mean brightness a translucent marker would not be seen, so the ground is lightened.
_DARK = 110
_PASSAGE_STYLE = "background:#fff3a3;color:#1a1a1a"
_WORD_STYLE = "background:#ffc14d;color:#1a1a1a;font-weight:600"
_TEXT_STYLE = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.5"

#: Left, top, right, bottom in pixels of the image, right and bottom excluded.
Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page as PNG, its size in pixels, and where the passage's lines are on it."""

    png: bytes
    width: int
    height: int
    boxes: tuple[Box, ...] = ()


def draw(data: bytes, request: dict[str, Any]) -> bytes:
    """The page asked for by ingest/page_pictures.py, as PNG; raises what `render_page` raises."""
    start, end = request["span"]
    return render_page(
        data,
        request["page"],
        start,
        end,
        words=[(first, last) for first, last in request["words"]],
        password=request["password"],
        page_start=request["page_start"],
        scale=request["scale"],
        passages=[(own, first, last) for own, first, last in request["passages"]],
    ).png


def render_page(
    data: bytes,
    number: int,
    start: int,
    end: int,
    *,
    words: Sequence[tuple[int, int]] = (),
    scale: float = SCALE,
    password: str | None = None,
    page_start: int,
    passages: Sequence[tuple[int, int, int]] = (),
) -> PageImage:
    """Page `number` of a PDF with the passage highlighted, and `words` in a stronger colour.

    `passages` are outlined, given as (number, start, end); the one of the same span as the passage
    stands out. `start`, `end`, `words` and spans are offsets in the document's text, `page_start` is
    the PageSpan's start; what lies on other pages is ignored. Raises PasswordNeeded or CorruptFile.
    """
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo
    from pypdfium2 import PdfiumError

    from ingest.loaders import pdf
    from ingest.loaders.pdf_entries import with_entries

    with pdf.opened(data, "The PDF", password) as document, pdf.PDFIUM_LOCK:
        if not 1 <= number <= len(document):
            raise CorruptFile(
                f"The PDF has {len(document)} pages, and page {number} was asked for. Add the file again."
            )
        try:
            page = with_entries(document, document[number - 1], number - 1)
        except PdfiumError as error:
            raise CorruptFile(
                f"Page {number} of the PDF is damaged ({error}). Open the file in a PDF viewer instead."
            ) from error
        try:
            width, height = page.get_size()
            largest = math.sqrt(_MOST_PIXELS / max(width * height, 1.0))
            bitmap = page.render(scale=min(scale, largest), rev_byteorder=True)
            try:
                pixels = bitmap.to_numpy()[:, :, :3].copy()
                device = bitmap.get_posconv(page)
                text, indices = pdf.page_characters(page)
                text_page = page.get_textpage()
                try:
                    boxes, *others = [
                        _line_boxes(page, text_page, device, indices[_on_page(span, page_start, len(text))])
                        for span in ((start, end), *words, *(passage[1:] for passage in passages))
                    ]
                finally:
                    text_page.close()
            finally:
                bitmap.close()
        finally:
            page.close()
    word_boxes, outlined = others[: len(words)], others[len(words) :]
    passage = _marked(pixels.shape, boxes)
    strong = _marked(pixels.shape, [box for line in word_boxes for box in line])
    _tint(pixels, passage & ~strong, boxes, _PASSAGE_COLOUR)
    _tint(pixels, strong, [box for line in word_boxes for box in line], _WORD_COLOUR)
    image = Image.fromarray(pixels)
    numbers = [passage[0] for passage in passages]
    chosen = next((own for own, first, last in passages if (first, last) == (start, end)), None)
    draw_outlines(image, list(zip(numbers, outlined, strict=True)), chosen)
    stream = io.BytesIO()
    told = PngInfo()
    if boxes:
        told.add_text(_PLACE, " ".join(f"{part:.4f}" for part in _around(boxes, pixels.shape)))
    image.save(stream, "PNG", compress_level=4, pnginfo=told)
    return PageImage(stream.getvalue(), pixels.shape[1], pixels.shape[0], tuple(boxes))


def place_on_page(png: bytes) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom of the passage on a page drawn here, as shares of its width and height.

    None where the passage is not on this page.
    """
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        told = image.info.get(_PLACE)
    if told is None:
        return None
    left, top, right, bottom = map(float, told.split())
    return left, top, right, bottom


def text_view(
    text: str, start: int, end: int, words: Sequence[tuple[int, int]] = (), around: int = 1200
) -> str:
    """An HTML fragment: the passage marked, up to `around` characters of its surroundings, all escaped.

    `words` are offsets in the same text; only what lies in the passage is marked stronger.
    """
    start = max(0, min(start, len(text)))
    end = max(start, min(end, len(text), start + _LONGEST_TEXT))
    first, last = _cut_before(text, start, around), _cut_after(text, end, around)
    marked: list[str] = []
    position = start
    for word_start, word_end in sorted(words):
        begin, finish = max(word_start, position), min(word_end, end)
        if begin >= finish:
            continue
        marked.append(html.escape(text[position:begin]))
        marked.append(f'<mark style="{_WORD_STYLE}">{html.escape(text[begin:finish])}</mark>')
        position = finish
    marked.append(html.escape(text[position:end]))
    passage = f'<mark style="{_PASSAGE_STYLE}">{"".join(marked)}</mark>' if start < end else ""
    before = ("…" if first > 0 else "") + html.escape(text[first:start])
    after = html.escape(text[end:last]) + ("…" if last < len(text) else "")
    return f'<div dir="auto" style="{_TEXT_STYLE}">{before}{passage}{after}</div>'


def _cut_before(text: str, start: int, around: int) -> int:
    first = max(0, start - around)
    if first == 0 or text[first - 1].isspace():
        return first
    # Scripts without spaces have no boundary near: then the cut stays where it is.
    return next((at + 1 for at in range(first, min(first + 80, start)) if text[at].isspace()), first)


def _cut_after(text: str, end: int, around: int) -> int:
    last = min(len(text), end + around)
    if last == len(text) or text[last].isspace():
        return last
    return next((at for at in range(last, max(last - 80, end), -1) if text[at].isspace()), last)


def _on_page(span: tuple[int, int], page_start: int, length: int) -> slice:
    """The part of a span of document offsets that lies on the page, as a slice of its text."""
    first = min(max(span[0] - page_start, 0), length)
    return slice(first, min(max(span[1] - page_start, first), length))


def _line_boxes(page: Any, text_page: Any, device: Any, indices: Sequence[int]) -> list[Box]:
    """Boxes of the characters in pixels, those of one line merged; holds PDFIUM_LOCK already."""
    lines: list[Box] = []
    for box, vertical in _character_boxes(page, text_page, device, indices):
        if lines and _same_line(lines[-1], box, vertical):
            left, top, right, bottom = lines[-1]
            lines[-1] = (min(left, box[0]), min(top, box[1]), max(right, box[2]), max(bottom, box[3]))
        else:
            lines.append(box)
    return lines


def _character_boxes(
    page: Any, text_page: Any, device: Any, indices: Sequence[int]
) -> Iterator[tuple[Box, bool]]:
    """Box of each drawn character, and whether its line runs up or down the image."""
    from pypdfium2 import PdfiumError, raw

    sideways = page.get_rotation() in (90, 270)
    for index in indices:
        try:
            tight = text_page.get_charbox(index)
            loose = text_page.get_charbox(index, loose=True)
        except PdfiumError:
            continue
        if tight[2] <= tight[0] or tight[3] <= tight[1]:
            # A space or line end that pdfium made up has no place on the page.
            continue
        angle = raw.FPDFText_GetCharAngle(text_page, index)
        upright = abs(math.sin(angle)) < 0.7
        # Loose boxes make even lines; those of some broken fonts are as high as the page.
        across = 1 if upright else 0
        sane = loose[across + 2] - loose[across] <= 4 * max(
            tight[across + 2] - tight[across], raw.FPDFText_GetFontSize(text_page, index) / 2
        )
        left, bottom, right, top = _union(tight, loose) if sane else tight
        corners = [device.to_bitmap(left, bottom), device.to_bitmap(right, top)]
        (x0, x1), (y0, y1) = (sorted(corner[axis] for corner in corners) for axis in (0, 1))
        yield (x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)), upright == sideways


def _union(first: Sequence[float], second: Sequence[float]) -> tuple[float, float, float, float]:
    return (
        min(first[0], second[0]),
        min(first[1], second[1]),
        max(first[2], second[2]),
        max(first[3], second[3]),
    )


def _around(boxes: Sequence[Box], shape: Sequence[int]) -> tuple[float, ...]:
    """The box around them, as shares of width and height."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    height, width = shape[:2]
    return min(lefts) / width, min(tops) / height, max(rights) / width, max(bottoms) / height


def _same_line(line: Box, box: Box, vertical: bool) -> bool:
    """Whether the box continues the line: level with it, and no further off than a wide space."""
    along, across = (1, 0) if vertical else (0, 1)
    overlap = min(line[across + 2], box[across + 2]) - max(line[across], box[across])
    thickness = min(line[across + 2] - line[across], box[across + 2] - box[across])
    gap = max(line[along], box[along]) - min(line[along + 2], box[along + 2])
    return overlap > 0.5 * thickness and gap <= 1.5 * (line[across + 2] - line[across])


def _marked(shape: Sequence[int], boxes: Sequence[Box]) -> NDArray[np.bool_]:
    mask = np.zeros(tuple(shape[:2]), dtype=np.bool_)
    for left, top, right, bottom in boxes:
        mask[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
    return mask


def _tint(
    pixels: NDArray[np.uint8], mask: NDArray[np.bool_], boxes: Sequence[Box], colour: tuple[int, int, int]
) -> None:
    """Multiply the colour in, as a marker pen does: black stays black. Dark ground is lightened instead."""
    for left, top, right, bottom in boxes:
        area = slice(max(top, 0), max(bottom, 0)), slice(max(left, 0), max(right, 0))
        chosen = pixels[area]
        if not chosen.size:
            continue
        ground = chosen.astype(np.uint16)
        ink = np.array(colour, dtype=np.uint16)
        if chosen.mean() < _DARK:
            tinted = 255 - (255 - ground) * (255 - ink // 2) // 255
        else:
            tinted = ground * ink // 255
        wanted = mask[area]
        chosen[wanted] = tinted.astype(np.uint8)[wanted]
        # Lines may overlap by a pixel or two; what is done must not be done again.
        mask[area] = False
