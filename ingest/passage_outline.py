"""Where the passages of a document lie: outlined on the image of a page, or marked in its text.

It draws only what it is given. In a text everything that comes from the document is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.page_view import Box

#: Two colours in turn tell neighbours apart; the passage chosen has its own.
_COLOURS = ((37, 99, 235), (13, 148, 136))
_CHOSEN = (217, 119, 6)
_GROUND = ("rgba(37,99,235,.13)", "rgba(13,148,136,.16)")
_BOTH = "rgba(120,120,120,.28)"
_CHOSEN_STYLE = "background:#fff3a3;color:#1a1a1a"
_TEXT_STYLE = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.6"
_NUMBER_STYLE = "font-size:.7em;font-weight:600;opacity:.75;vertical-align:super;margin-right:.15em"


def draw_outlines(
    image: Any, passages: Sequence[tuple[int, Sequence[Box]]], chosen: int | None = None
) -> None:
    """Outline passages, given as (number, boxes of their lines), on a PIL image; `chosen` is a number."""
    from PIL import ImageDraw

    draw = ImageDraw.Draw(image)
    for number, lines in sorted(passages, key=lambda each: each[0] == chosen):
        colour = _CHOSEN if number == chosen else _COLOURS[number % 2]
        for place, (left, top, right, bottom) in enumerate(_blocks(lines)):
            # Overlapping passages share lines: nested outlines keep both visible.
            room = 3 + 3 * (number % 2)
            edges = (left - room, top - room, right + room, bottom + room)
            draw.rectangle(edges, outline=colour, width=4 if number == chosen else 2)
            if place == 0:
                _draw_number(draw, number, edges[0], edges[1], colour)


def passages_in_text(
    text: str, passages: Sequence[tuple[int, int, int]], chosen: int, around: int = 2500
) -> str:
    """An HTML fragment: the text about the chosen passage, each passage tinted and numbered, all escaped.

    `passages` are (number, start, end) in order of start.
    """
    spans = {number: (start, end) for number, start, end in passages}
    begin, finish = spans[chosen]
    first = text.rfind("\n", 0, max(begin - around, 0)) + 1 if begin > around else 0
    last = text.find("\n", min(finish + around, len(text)))
    last = min(len(text) if last < 0 else last, finish + 2 * around, len(text))
    first = max(first, begin - 2 * around, 0)
    shown = [(number, max(s, first), min(e, last)) for number, s, e in passages if s < last and e > first]
    edges = sorted({first, last, *(s for _, s, _ in shown), *(e for _, _, e in shown)})
    starts = {start: number for number, start, _ in shown if spans[number][0] == start}
    parts: list[str] = []
    for start, end in pairwise(edges):
        covering = [number for number, s, e in shown if s <= start < e]
        badge = f'<span style="{_NUMBER_STYLE}">{starts[start]}</span>' if start in starts else ""
        parts.append(badge + _segment(html.escape(text[start:end]), covering, chosen))
    before, after = "…" if first > 0 else "", "…" if last < len(text) else ""
    return f'<div dir="auto" style="{_TEXT_STYLE}">{before}{"".join(parts)}{after}</div>'


def _segment(escaped: str, covering: Sequence[int], chosen: int) -> str:
    if not covering:
        return escaped
    if chosen in covering:
        return f'<mark style="{_CHOSEN_STYLE}">{escaped}</mark>'
    ground = _GROUND[covering[0] % 2] if len(covering) == 1 else _BOTH
    return f'<span style="background:{ground}">{escaped}</span>'


def _blocks(lines: Sequence[Box]) -> Iterator[Box]:
    """The lines put together where one lies under the other; another column begins another block."""
    block: Box | None = None
    for line in lines:
        if block is not None and _continues(block, line):
            left, top, right, bottom = block
            block = (min(left, line[0]), min(top, line[1]), max(right, line[2]), max(bottom, line[3]))
            continue
        if block is not None:
            yield block
        block = line
    if block is not None:
        yield block


def _continues(block: Box, line: Box) -> bool:
    height = line[3] - line[1]
    beside = min(block[2], line[2]) - max(block[0], line[0])
    level = line[1] < block[3] and line[3] > block[1]
    below = -height <= line[1] - block[3] <= 3 * height
    return level or (below and beside > 0)


def _draw_number(draw: Any, number: int, left: int, top: int, colour: tuple[int, int, int]) -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(15)
    label = str(number)
    wide = int(draw.textlength(label, font=font)) + 8
    place = (max(left - wide, 0), max(top, 0))
    draw.rectangle((*place, place[0] + wide, place[1] + 20), fill=colour)
    draw.text((place[0] + 4, place[1] + 1), label, fill=(255, 255, 255), font=font)
