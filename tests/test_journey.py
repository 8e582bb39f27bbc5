"""The main job in a real browser, with the embedder that comes with the packages.

Upload, ask, open the cited page, come back, compare; and what happens when a model streams, is stopped, or
is not there.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import pdf_with_text
from model_servers import ModelServer, start_openai_server
from PIL import Image
from running_app import PATIENCE, ROOT, browser_page, chromium, counted, running_app, screenshot, settled

pytestmark = pytest.mark.browser

PAGES = [
    "Annual report of the Harbour Trust\nThe trust looks after four lighthouses.",
    "Staff\nThe trust employs 37 keepers and two divers.",
    "Money\nRepairs of the northern lighthouse cost 412,000 crowns in 2023.",
]
QUESTION = "What did the repairs of the northern lighthouse cost?"
ANSWER = "The repairs cost 412,000 crowns [1]. " + "They took a whole summer. " * 20 + "It was dear [1][9]."


@pytest.fixture(autouse=True)
def _browser() -> None:
    chromium()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with running_app(tmp_path / "app.log") as own:
        yield own


def upload(page: Any, *files: tuple[str, bytes]) -> None:
    settled(page)
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(
        [{"name": name, "mimeType": "application/octet-stream", "buffer": data} for name, data in files]
    )


def ask(page: Any, question: str) -> None:
    """Type a question and send it; when the box is empty again, it is on its way."""
    from playwright.sync_api import expect

    box = page.get_by_test_id("stChatInputTextArea")
    box.wait_for()
    settled(page)
    box.fill(question)
    # The box takes no Enter while a file goes up.
    page.locator('[data-testid="stChatInputSubmitButton"]:enabled').wait_for()
    box.press("Enter")
    expect(box).to_have_value("", timeout=PATIENCE * 1000)


def compare(page: Any, question: str) -> None:
    """Put one question to every setting of the compare page, and wait for what they find."""
    box = page.get_by_placeholder("Ask one question of every setting")
    box.wait_for()
    settled(page)
    box.fill(question)
    box.press("Enter")
    page.locator(".card").first.wait_for()
    settled(page)


def passage_image(page: Any) -> Any:
    """The page image in the panel, once it is drawn."""
    image = page.locator(".st-key-passage-panel img")
    image.wait_for()
    page.wait_for_function("() => document.querySelector('.st-key-passage-panel img').naturalWidth > 0")
    return image


def yellow_share(image: Any) -> float:
    """How much of a picture on the page is marked."""
    pixels = Image.open(io.BytesIO(image.screenshot())).convert("RGB")
    counted = pixels.getcolors(maxcolors=pixels.width * pixels.height) or []
    marked = sum(count for count, (red, green, blue) in counted if red > 200 and green > 160 and blue < 170)
    return marked / (pixels.width * pixels.height)


def test_from_nothing_to_a_checked_answer(address: str) -> None:
    with browser_page() as page:
        page.goto(address)
        page.get_by_role("heading", name="Ask your documents").wait_for()
        settled(page)
        screenshot(page, "1-first-screen")
        page.get_by_role("button", name="Add documents").click()
        page.get_by_role("heading", name="Library").wait_for()
        upload(page, ("harbour.pdf", pdf_with_text(PAGES)), ("broken.pdf", b"%PDF-1.7\nnot a pdf at all"))
        page.get_by_text("1 document added").first.wait_for()
        page.get_by_text("1 file could not be read").wait_for()
        page.get_by_text("broken.pdf").first.wait_for()
        settled(page)
        screenshot(page, "2-library")

        page.get_by_role("link", name="Chat").click()
        page.get_by_role("heading", name="Ask 1 document").wait_for()
        settled(page)
        screenshot(page, "3-sample-questions")
        ask(page, QUESTION)
        quoted = page.locator("blockquote").first
        link = quoted.locator('a[href^="#cite-"]').first
        link.wait_for()
        settled(page)
        assert "412,000 crowns" in quoted.inner_text()
        link.click()
        image = passage_image(page)
        settled(page)
        assert image.get_attribute("alt") == "Page 3 with the passage highlighted"
        assert yellow_share(image) > 0.002
        page.get_by_text("Page 3 of 3").wait_for()
        settled(page)
        screenshot(page, "4-cited-page")

        # What was asked survives a reload, and its citation still opens.
        page.reload()
        page.locator('blockquote a[href^="#cite-"]').first.wait_for()
        settled(page)
        page.locator('blockquote a[href^="#cite-"]').first.click()
        passage_image(page)

        ask(page, "Who won the football world cup of 1998?")
        page.get_by_text("Your documents do not seem to answer this.").wait_for()
        page.get_by_text("Nearest passages, not answers").wait_for()
        settled(page)
        screenshot(page, "5-declined")

        page.get_by_role("link", name="Compare").click()
        compare(page, QUESTION)
        screenshot(page, "6-compare")
        for name in ("Settings", "Status"):
            page.get_by_role("link", name=name).click()
            page.get_by_role("heading", name=name, exact=True).wait_for()
            settled(page)
            screenshot(page, f"7-{name.lower()}")


def test_what_the_command_line_ingests_appears_in_the_running_app(address: str, tmp_path: Path) -> None:
    with browser_page() as page:
        page.goto(address)
        page.get_by_role("heading", name="Ask your documents").wait_for()
        file = tmp_path / "harbour.pdf"
        file.write_bytes(pdf_with_text(PAGES))
        subprocess.run([sys.executable, "-m", "ingest", str(file)], cwd=ROOT, env=os.environ, check=True)
        page.reload()
        page.get_by_role("heading", name="Ask 1 document").wait_for()
        ask(page, QUESTION)
        page.locator("blockquote", has_text="412,000 crowns").wait_for()


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    with start_openai_server([ANSWER] * 4, key="sk-quite-secret") as server:
        yield server


@pytest.fixture
def asking_a_model(model_server: ModelServer, tmp_path: Path) -> Iterator[str]:
    """The app with a document and a language model, which is the stand-in."""
    file = tmp_path / "harbour.pdf"
    file.write_bytes(pdf_with_text(PAGES))
    subprocess.run([sys.executable, "-m", "ingest", str(file)], cwd=ROOT, env=os.environ, check=True)
    with running_app(
        tmp_path / "app.log",
        ASKANCE_ANSWER_MODEL="openai",
        ASKANCE_OPENAI_BASE_URL=model_server.base_url,
        ASKANCE_OPENAI_API_KEY="sk-quite-secret",
        ASKANCE_OPENAI_MODEL=model_server.models[0],
    ) as own:
        yield own


def test_an_answer_streams_survives_a_reload_and_can_be_stopped(
    asking_a_model: str, model_server: ModelServer
) -> None:
    model_server.gate = threading.Event()
    with browser_page() as page:
        page.goto(asking_a_model)
        ask(page, QUESTION)
        # The first words are there while the rest is held back at the server.
        page.get_by_text("▍").wait_for()
        page.reload()
        page.get_by_text("▍").wait_for()
        page.get_by_role("button", name="Stop", exact=True).click()
        page.get_by_text("Stopped before it was complete.").wait_for()
        model_server.gate.set()

        ask(page, QUESTION)
        # Two questions, the answer that was stopped and this one.
        answer = page.get_by_test_id("stChatMessageContent").nth(3)
        # Once it is checked, the note on the sentence repeats it.
        answer.get_by_text("It was dear").first.wait_for()
        answer.locator('a[href^="#cite-"]').first.wait_for()
        settled(page)
        # The ninth passage does not exist: its number is never shown.
        assert "[1]" in answer.inner_text()
        assert "[9]" not in answer.inner_text()
        screenshot(page, "8-model-answer")
        answer.locator('a[href^="#cite-"]').first.click()
        assert passage_image(page).get_attribute("alt") == "Page 3 with the passage highlighted"


def test_a_server_that_is_down_is_named_and_the_question_can_be_retried(
    asking_a_model: str, model_server: ModelServer
) -> None:
    model_server.fault = "break off"
    with browser_page() as page:
        page.goto(asking_a_model)
        ask(page, QUESTION)
        page.get_by_text("broke off before the answer was complete").wait_for()
        page.get_by_text(QUESTION).last.wait_for()
        settled(page)
        screenshot(page, "9-server-broke-off")
        model_server.fault = ""
        page.get_by_role("button", name="Retry").click()
        page.locator('a[href^="#cite-"]').first.wait_for()
        counted(page.get_by_text("broke off"), 0)
