"""Where passages lie: outlines on a page's image, marks in a text."""

from __future__ import annotations

import io

import numpy as np
from documents import pdf_with_text
from PIL import Image

from ingest.loaders import load
from ingest.page_view import render_page
from ingest.passage_outline import passages_in_text

TEXT = "<b>One</b> is here. Two is there. Three ends."


def test_text_is_escaped_and_every_passage_is_numbered() -> None:
    passages = ((1, 0, 19), (2, 15, 33), (3, 34, len(TEXT)))
    view = passages_in_text(TEXT, passages, 2)
    assert "<b>One" not in view
    assert "&lt;b&gt;One" in view
    assert [f">{number}</span>" in view for number in (1, 2, 3)] == [True] * 3
    # The chosen passage is marked whole, also where it overlaps the first.
    marked = "".join(part.partition("</mark>")[0].partition(">")[2] for part in view.split("<mark")[1:])
    assert marked == TEXT[15:33]


def test_a_long_text_is_cut_about_the_passage() -> None:
    text = "\n".join(f"line {number:06}" for number in range(20_000))
    view = passages_in_text(text, ((1, 120_000, 120_100),), 1)
    assert len(view) < 12_000
    assert "line 010000" in view


def test_outlines_are_drawn_about_each_passage_on_the_page() -> None:
    data = pdf_with_text(["First line here\nSecond line here\nThird line here"])
    document = load(data, "a.pdf")
    second = document.text.index("Second")
    third = document.text.index("Third")
    passages = ((1, 0, second - 1), (2, second, third - 1), (3, third, len(document.text)))
    plain = render_page(data, 1, second, third - 1, page_start=0)
    drawn = render_page(data, 1, second, third - 1, page_start=0, passages=passages)
    before, after = (np.asarray(Image.open(io.BytesIO(image.png))).astype(int) for image in (plain, drawn))
    changed = np.abs(before - after).sum(axis=2) > 0
    assert plain.boxes == drawn.boxes
    left, top, right, bottom = drawn.boxes[0]
    # Lines run above, below and beside the chosen passage, and its own words stay readable.
    assert changed[top - 12 : top, left + 30 : right].any(axis=0).all()
    assert changed[bottom : bottom + 12, left + 30 : right].any(axis=0).all()
    assert changed.mean() < 0.05
