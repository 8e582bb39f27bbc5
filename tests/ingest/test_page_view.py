"""What a citation opens: highlighted pixels lie on the cited words, and markup is escaped."""

from __future__ import annotations

import io

import numpy as np
import pytest
from documents import FONT_SIZE, LEFT, LINE_HEIGHT, TOP, encrypted_pdf, pdf_with_text
from numpy.typing import NDArray
from PIL import Image

from ingest.loaders import load
from ingest.page_view import PageImage, place_on_page, render_page, text_view
from rag.errors import CorruptFile, PasswordNeeded

TEXT = "First line of the page\nSecond line, the cited one\nThird line"
WIDTH, HEIGHT = 612, 792


def pixels(image: PageImage) -> NDArray[np.int16]:
    with Image.open(io.BytesIO(image.png)) as opened:
        assert opened.size == (image.width, image.height)
        return np.asarray(opened.convert("RGB")).astype(np.int16)


def changed_box(before: PageImage, after: PageImage) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what differs."""
    rows, columns = np.nonzero(np.abs(pixels(after) - pixels(before)).max(axis=2))
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def ink_box(image: PageImage, area: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Where dark pixels lie within an area."""
    left, top, right, bottom = area
    rows, columns = np.nonzero(pixels(image)[top:bottom, left:right].max(axis=2) < 100)
    return (
        left + int(columns.min()),
        top + int(rows.min()),
        left + int(columns.max()) + 1,
        top + int(rows.max()) + 1,
    )


def second_line(rotation: int) -> tuple[int, int, int, int]:
    """The band of the second line in points of the upright or turned page, from the top left."""
    baseline = TOP - LINE_HEIGHT
    low, high = baseline - 5, baseline + FONT_SIZE - 2
    left, right = LEFT - 4, 400
    return {
        0: (left, HEIGHT - high, right, HEIGHT - low),
        90: (low, left, high, right),
        180: (WIDTH - right, low, WIDTH - left, high),
        270: (HEIGHT - high, WIDTH - right, HEIGHT - low, WIDTH - left),
    }[rotation]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_the_highlight_covers_the_cited_line_and_no_other(rotation: int) -> None:
    data = pdf_with_text(["Page one", TEXT], rotation=rotation)
    document = load(data, "a.pdf")
    start = document.text.index("Second")
    end = start + len("Second line, the cited one")
    page = document.pages[1]
    plain = render_page(data, 2, 0, 0, scale=1, page_start=page.start)
    shown = render_page(data, 2, start, end, scale=1, page_start=page.start)
    band = second_line(rotation)
    ink = ink_box(plain, band)
    left, top, right, bottom = changed_box(plain, shown)
    assert left <= ink[0]
    assert top <= ink[1]
    assert right >= ink[2]
    assert bottom >= ink[3]
    assert band[0] - 6 <= left
    assert band[1] - 6 <= top
    assert right <= band[2] + 6
    assert bottom <= band[3] + 6
    assert len(shown.boxes) == 1
    # Ink stays ink: multiplying leaves black black.
    assert ink_box(shown, band) == ink


def test_crop_boxes_move_the_highlight_with_the_text() -> None:
    data = pdf_with_text([TEXT], crop=(50, 400, 500, 780))
    plain = render_page(data, 1, 0, 0, scale=2, page_start=0)
    shown = render_page(data, 1, TEXT.index("Second"), TEXT.index(","), scale=2, page_start=0)
    assert (plain.width, plain.height) == (900, 760)
    left, top, right, bottom = changed_box(plain, shown)
    ink = ink_box(plain, (left, top, right, bottom))
    assert left == pytest.approx((LEFT - 50) * 2, abs=6)
    assert top == pytest.approx((780 - (TOP - LINE_HEIGHT) - FONT_SIZE) * 2, abs=8)
    assert ink[0] - left <= 6


def test_words_are_stronger_than_the_passage() -> None:
    data = pdf_with_text([TEXT])
    start, end = TEXT.index("Second"), TEXT.index("\nThird")
    word = TEXT.index("cited")
    passage = render_page(data, 1, start, end, scale=1, page_start=0)
    strong = render_page(data, 1, start, end, words=[(word, word + 5)], scale=1, page_start=0)
    left, top, right, bottom = changed_box(passage, strong)
    box = passage.boxes[0]
    assert box[0] < left < right < box[2]
    assert (top, bottom) == (box[1], box[3])
    assert pixels(strong)[top, left, 1] < pixels(passage)[top, left, 1]


def test_each_line_has_its_box_and_columns_are_not_bridged() -> None:
    image = render_page(pdf_with_text([TEXT]), 1, 0, len(TEXT), page_start=0)
    assert len(image.boxes) == 3
    tops = [box[1] for box in image.boxes]
    assert tops == sorted(tops)


def test_a_dark_ground_is_lightened() -> None:
    data = pdf_with_text(["Words"], background="0 0 0.2 rg 0 0 612 792 re f")
    plain = render_page(data, 1, 0, 0, scale=1, page_start=0)
    shown = render_page(data, 1, 0, 5, scale=1, page_start=0)
    left, top, right, bottom = changed_box(plain, shown)
    area = slice(top, bottom), slice(left, right)
    assert pixels(shown)[area].mean() > pixels(plain)[area].mean() + 50


def test_the_image_is_bounded() -> None:
    image = render_page(pdf_with_text([TEXT]), 1, 0, 5, scale=50, page_start=0)
    assert image.width * image.height < 8_100_000


def test_offsets_beyond_the_page_are_ignored() -> None:
    data = pdf_with_text(["One", "Two"])
    assert render_page(data, 2, 0, 3, page_start=5).boxes == ()
    assert len(render_page(data, 2, 0, 500, page_start=5).boxes) == 1


def test_a_page_that_does_not_exist_and_a_missing_password_are_told() -> None:
    with pytest.raises(CorruptFile, match="page 7"):
        render_page(pdf_with_text(["One"]), 7, 0, 1, page_start=0)
    locked = encrypted_pdf("Inside", "secret")
    with pytest.raises(PasswordNeeded):
        render_page(locked, 1, 0, 1, page_start=0)
    assert render_page(locked, 1, 0, 6, password="secret", page_start=0).boxes


def test_text_view_marks_the_passage_and_escapes_everything() -> None:
    text = 'before <script>alert(1)</script> the "cited" & marked words <img src=x onerror=y> after'
    start, end = text.index("the"), text.index(" after")
    word = text.index("marked")
    fragment = text_view(text, start, end, [(word, word + 6)])
    assert "<script" not in fragment
    assert "<img" not in fragment
    assert "&lt;script&gt;" in fragment
    assert fragment.count("<mark") == 2
    assert ">marked</mark>" in fragment
    assert 'dir="auto"' in fragment
    assert "white-space:pre-wrap" in fragment
    assert "…" not in fragment


def test_text_view_cuts_at_word_boundaries() -> None:
    text = "wordy " * 1000 + "TARGET" + " wordy" * 1000
    fragment = text_view(text, 6000, 6006, around=100)
    assert ">TARGET</mark>" in fragment
    inner = fragment.split(">", 1)[1].rsplit("</div>", 1)[0]
    assert inner.startswith("…wordy ")
    assert inner.endswith(" wordy…")
    assert len(inner) < 400


@pytest.mark.parametrize(("start", "end"), [(-5, 3), (2, 900), (900, 901), (5, 2)])
def test_text_view_bears_offsets_out_of_bounds(start: int, end: int) -> None:
    assert "short" in text_view("short", start, end).replace("<mark", " <mark").replace("</mark>", "") or (
        "<mark" in text_view("short", start, end)
    )


def test_text_view_of_overlapping_words_and_unbroken_script() -> None:
    text = "这是没有空格的文字" * 500
    fragment = text_view(text, 2000, 2010, [(2000, 2004), (2002, 2006), (5000, 5001)], around=50)
    assert fragment.count("<mark") == 3
    assert len(fragment) < 700


def test_a_landscape_page_is_read_upright_and_highlighted_in_rows() -> None:
    # Turned text on a turned page, as office programs write landscape pages.
    data = pdf_with_text([TEXT], rotation=90, background="0 1 -1 0 612 0 cm")
    document = load(data, "a.pdf")
    assert document.text.index("First") < document.text.index("Second") < document.text.index("Third")
    start = document.text.index("Second")
    (box,) = render_page(data, 1, start, start + 26, scale=1, page_start=0).boxes
    assert box[2] - box[0] > 5 * (box[3] - box[1])


def test_a_picture_tells_where_on_it_the_passage_is_at_any_scale() -> None:
    data = pdf_with_text(["Page one", TEXT])
    start = len("Page one\n\n")
    cited = (start + TEXT.index("Second"), start + TEXT.index("\nThird"))
    places = []
    for scale in (1.0, 2.5):
        image = render_page(data, 2, *cited, page_start=start, scale=scale)
        place = place_on_page(image.png)
        assert place is not None
        left, top, right, bottom = place
        [box] = image.boxes
        assert (left * image.width, bottom * image.height) == pytest.approx((box[0], box[3]), abs=0.2)
        assert left < right
        assert top < bottom
        places.append(place)
    assert places[0] == pytest.approx(places[1], abs=0.01)
    assert place_on_page(render_page(data, 1, *cited, page_start=0).png) is None
