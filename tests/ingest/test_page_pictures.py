"""Pages drawn in another process: what a hostile page or a killed renderer costs."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from documents import encrypted_pdf, pdf_of_many_objects, pdf_with_text
from PIL import Image

from ingest.page_pictures import PagePictures
from ingest.page_view import render_page
from rag.errors import CorruptFile, PasswordNeeded, ReaderStopped, TooLarge
from rag.settings import IngestSettings

ROOT = Path(__file__).parents[2]
LIMITS = IngestSettings(page_seconds=60, parse_memory_megabytes=200)

Draw = Callable[..., int]


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Iterator[PagePictures]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    made = PagePictures(LIMITS, "hostile_drawing")
    yield made
    made.close()


@pytest.fixture
def pictures() -> Iterator[PagePictures]:
    made = PagePictures(LIMITS)
    yield made
    made.close()


@pytest.fixture
def draw(hostile: PagePictures, tmp_path: Path) -> Draw:
    """Draw a page of a file that holds this order; says which process did."""

    def drawn(order: str, page: int = 1) -> int:
        file = tmp_path / order.replace(" ", "-")
        file.write_text(order)
        return int(json.loads(hostile.draw(file, page, 0, 1, page_start=0))[0])

    return drawn


def test_pages_look_as_they_did_in_this_process(pictures: PagePictures, tmp_path: Path) -> None:
    data = pdf_with_text(["Page one", "A passage with words\nSecond line"])
    file = tmp_path / "a.pdf"
    file.write_bytes(data)
    span, words, passages = (10, 30), [(12, 19)], [(1, 10, 30), (2, 31, 42)]
    drawn = pictures.draw(file, 2, *span, page_start=10, words=words, passages=passages)
    assert drawn == render_page(data, 2, *span, page_start=10, words=words, passages=passages).png


def test_the_second_page_finds_a_warm_process(draw: Draw) -> None:
    first = draw("good", 1)
    assert draw("good", 2) == draw("other", 1) == first != os.getpid()


@pytest.mark.parametrize(("order", "how"), [("crash", "SIGSEGV"), ("exit", "exit status 7")])
def test_a_page_that_crashes_its_reader_costs_itself_alone(draw: Draw, order: str, how: str) -> None:
    draw("good")
    with pytest.raises(ReaderStopped, match=rf"Page 3 could not be drawn.*\({how}\).*Open the original"):
        draw(f"{order}@3", 3)
    assert draw(f"{order}@3", 2)
    assert draw("good")


def test_a_page_that_hangs_ends_with_the_time_limit_and_is_not_drawn_again(
    hostile: PagePictures, draw: Draw
) -> None:
    hostile.settings = replace(LIMITS, page_seconds=1)
    with pytest.raises(ReaderStopped, match="Page 1 could not be drawn within 1 seconds"):
        draw("spin")
    # A page that could be waited for now would hang the test for a minute.
    hostile.settings = LIMITS
    before = hostile.process_id
    with pytest.raises(ReaderStopped, match="within 1 seconds"):
        draw("spin")
    assert hostile.process_id == before


def test_a_page_that_eats_memory_ends_with_the_memory_limit(draw: Draw) -> None:
    with pytest.raises(TooLarge, match="Page 1 takes more than 200 MB of memory"):
        draw("bomb 4000")
    assert draw("good")


def test_a_renderer_that_was_killed_is_replaced(hostile: PagePictures, draw: Draw) -> None:
    first = draw("good")
    os.kill(first, signal.SIGKILL)
    assert draw("good", 2) != first


def test_errors_arrive_as_they_are_and_are_not_remembered(
    pictures: PagePictures, draw: Draw, tmp_path: Path
) -> None:
    with pytest.raises(CorruptFile, match=r"^Page 1 is broken\.$"):
        draw("refuse")
    locked = tmp_path / "locked.pdf"
    locked.write_bytes(encrypted_pdf("Inside", "secret"))
    with pytest.raises(PasswordNeeded):
        pictures.draw(locked, 1, 0, 1, page_start=0)
    assert pictures.draw(locked, 1, 0, 1, page_start=0, password="secret").startswith(b"\x89PNG")


def test_a_page_of_a_million_objects_costs_its_picture_only(tmp_path: Path) -> None:
    bomb, good = tmp_path / "bomb.pdf", tmp_path / "good.pdf"
    bomb.write_bytes(pdf_of_many_objects(1_000_000))
    good.write_bytes(pdf_with_text(["Words"]))
    pictures = PagePictures(replace(LIMITS, parse_memory_megabytes=64))
    try:
        with pytest.raises((ReaderStopped, TooLarge), match="Page 1"):
            pictures.draw(bomb, 1, 0, 1, page_start=0)
        drawn = pictures.draw(good, 1, 0, 5, page_start=0)
        with Image.open(io.BytesIO(drawn)) as image:
            assert image.width > 900
    finally:
        pictures.close()
