"""What people wrote onto a PDF's page is text of the page: it is read, and marked where it stands."""

from __future__ import annotations

import pytest
from documents import filled_form

from ingest.loaders import load
from ingest.page_view import render_page

FORM = filled_form(label="Name of the tenant", value="Ada Lovelace", note="Keys handed over on 3 May")


@pytest.mark.parametrize("written", ["Ada Lovelace", "Keys handed over on 3 May"])
def test_what_was_filled_in_is_read_and_marked_where_it_stands(written: str) -> None:
    document = load(FORM, "form.pdf")
    assert document.text.startswith("Name of the tenant\n")
    start = document.text.index(written)
    page = render_page(FORM, 1, start, start + len(written), page_start=0)
    [(left, top, _, bottom)] = page.boxes
    from_top = 792 - {"Ada Lovelace": 670, "Keys handed over on 3 May": 620}[written]
    points = page.height / 792
    assert from_top * points <= top < bottom <= (from_top + 20) * points
    assert left == pytest.approx(74 * points, abs=3 * points)


def test_a_page_that_is_a_picture_stays_a_scan_whatever_was_written_onto_it() -> None:
    scanned = load(filled_form(label="", value="Ada", note="seen", picture=True), "scan.pdf")
    assert scanned.scans == (1,)
