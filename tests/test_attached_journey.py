"""A file attached in a real browser: read, asked, replaced under its answer, and removed in the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import pdf_with_text
from harbour_app import add, write_harbour
from running_app import browser_page, chromium, running_app, screenshot, settled
from test_journey import PAGES, QUESTION, ask
from test_styles_journey import pictures

pytestmark = pytest.mark.browser

NOTE = "The spare key of the harbour crane hangs behind the canteen door."


@pytest.fixture(autouse=True)
def _browser() -> None:
    chromium()


@pytest.fixture
def harbour(tmp_path: Path) -> Path:
    return write_harbour(tmp_path)


@pytest.fixture
def address(tmp_path: Path, harbour: Path) -> Iterator[str]:
    add(harbour)
    with running_app(tmp_path / "app.log") as own:
        yield own


def test_a_file_is_attached_asked_and_removed_with_its_conversation(address: str, harbour: Path) -> None:
    with browser_page(viewport={"width": 1280, "height": 900}) as page:
        page.goto(address)
        ask(page, QUESTION)
        page.locator("blockquote", has_text="412,000 crowns").wait_for()
        settled(page)
        page.locator('.st-key-question input[type="file"]').set_input_files(
            [
                {"name": "crane key.txt", "mimeType": "text/plain", "buffer": NOTE.encode()},
                {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\nbroken"},
            ]
        )
        page.get_by_text("crane key.txt").wait_for()
        ask(page, "Where does the spare key of the harbour crane hang?")
        screenshot(page, "attached-reading")
        page.locator("blockquote", has_text="behind the canteen door").wait_for()
        page.get_by_text("Asked of the attached files").wait_for()
        page.get_by_text("broken.pdf").first.wait_for()
        pictures(page, "attached-answer")
        # Both are asked at once, and each source opens where it is from.
        page.get_by_text("Both", exact=True).click()
        ask(page, "What do the northern lighthouse and the spare key of the crane have to do with crowns?")
        page.get_by_text("Asked of the attached files and the collection").wait_for()
        settled(page)
        last = page.get_by_test_id("stChatMessageContent").last
        for source, shown in (("in the attached files", "canteen door"), ("in default", "Page 3 of 3")):
            last.get_by_role("button", name=source).first.click()
            page.locator(".st-key-passage-panel").get_by_text(shown).first.wait_for()
            settled(page)
        screenshot(page, "attached-both")
        # The document of the first answer is replaced, and no longer says what was quoted.
        harbour.write_bytes(pdf_with_text([*PAGES[:2], "Money\nRepairs were not needed in 2023."]))
        add(harbour)
        page.reload()
        page.get_by_text("no longer says this").first.wait_for()
        settled(page)
        page.get_by_role("button", name="harbour.pdf").first.click()
        page.locator(".st-key-passage-panel").get_by_text("no longer says this").wait_for()
        settled(page)
        page.locator(".st-key-passage-panel").scroll_into_view_if_needed()
        pictures(page, "citation-changed")
        page.locator(".st-key-passage-panel").get_by_role("button", name="Close").click()
        page.locator(".st-key-passage-panel").wait_for(state="detached")
        settled(page)
        page.locator(".st-key-conversation-heading button").first.click()
        page.get_by_role("button", name="Delete", exact=True).click()
        page.get_by_text("its 2 attached files").wait_for()
        settled(page)
        screenshot(page, "attached-delete")
        page.locator(".st-key-delete-conversation button").click()
        page.get_by_role("heading", name="Ask 1 document").wait_for()
