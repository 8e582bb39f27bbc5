"""Checking an answer in a real browser: marks of the support check, in both themes, wide and narrow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from harbour_app import answered_app, harbour_app
from running_app import browser_page, chromium, screenshot, settled
from test_journey import QUESTION, ask

pytestmark = pytest.mark.browser

ANSWER = (
    "Repairs of the northern lighthouse cost 412,000 crowns in 2023 [1]. They were paid by the city of Malmö "
    "in 1999 [1]. The trust is a pleasant place where staff sing often [1]."
)


@pytest.fixture(autouse=True)
def _browser() -> None:
    chromium()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The app with a document and a model that gets a sentence wrong."""
    with answered_app(tmp_path, [ANSWER]) as (own, _):
        yield own


def test_a_wrong_sentence_is_marked_explained_and_hidden(address: str) -> None:
    with browser_page(viewport={"width": 1280, "height": 900}) as page:
        page.goto(address)
        ask(page, QUESTION)
        page.get_by_text("“Malmö” is not named").wait_for()
        settled(page)
        screenshot(page, "check-1280-light")
        page.emulate_media(color_scheme="dark")
        page.reload()
        page.get_by_text("“Malmö” is not named").wait_for()
        settled(page)
        screenshot(page, "check-1280-dark")
        page.set_viewport_size({"width": 390, "height": 844})
        settled(page)
        screenshot(page, "check-390-dark")
        answer = page.get_by_test_id("stChatMessageContent").last
        answer.get_by_text("unsupported", exact=True).nth(1).wait_for()
        page.get_by_text("Hide unsupported sentences").click()
        page.get_by_text("[…]").first.wait_for()
        settled(page)
        screenshot(page, "check-390-dark-hidden")


def test_follow_up_edit_flip_and_answer_again(tmp_path: Path) -> None:
    with (
        harbour_app(tmp_path) as address,
        browser_page(viewport={"width": 1280, "height": 900}) as page,
    ):
        page.goto(address)
        ask(page, QUESTION)
        page.locator("blockquote", has_text="412,000 crowns").first.wait_for()
        ask(page, "And how many keepers does it employ?")
        page.get_by_text("Understood as: And how many keepers").wait_for()
        page.locator("blockquote", has_text="37 keepers").wait_for()
        settled(page)
        screenshot(page, "versions-1280-light")

        # The editor opens and asks with the keyboard alone.
        page.get_by_role("button", name="Edit").first.press("Enter")
        box = page.get_by_role("dialog").get_by_role("textbox")
        box.fill("How many lighthouses does the trust look after?")
        screenshot(page, "edit-1280-light")
        box.press("Tab")
        settled(page)
        page.get_by_role("dialog").get_by_role("button", name="Ask").press("Enter")
        page.locator("blockquote", has_text="four lighthouses").first.wait_for()
        page.get_by_text("Version 2 of 2").wait_for()
        settled(page)
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 390, "height": 844})
        settled(page)
        screenshot(page, "versions-390-dark")
        page.locator("[class*='st-key-icon-previous-version-'] button").last.click()
        page.get_by_text("Version 1 of 2").wait_for()
        page.get_by_text("Understood as: And how many keepers").wait_for()
        # The last "Again" is the second answer's only when that is drawn to its end.
        page.locator("blockquote", has_text="37 keepers").wait_for()
        settled(page)

        page.get_by_role("button", name="Again", exact=True).last.click()
        page.get_by_role("dialog").get_by_text("Passages read").wait_for()
        settled(page)
        screenshot(page, "again-390-dark")
        page.get_by_role("dialog").get_by_role("button", name="Answer", exact=True).click()
        page.get_by_text("Version 2 of 2").wait_for()
        page.locator("blockquote", has_text="37 keepers").wait_for()
        settled(page)
        thumbs = page.locator("[class*='st-key-rating-']").last
        thumbs.get_by_role("radio").or_(thumbs.locator("button")).last.click()
        page.get_by_text("Wrong passages").wait_for()
        settled(page)
        screenshot(page, "thumb-390-dark")
        page.get_by_text("How this answer was made").nth(1).click()
        page.get_by_text("Put in order").last.wait_for()
