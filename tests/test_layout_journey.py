"""How the chat is laid out: the question bar on a narrow window, and texts of either direction."""

from __future__ import annotations

from pathlib import Path

import pytest
from harbour_app import answered_app
from running_app import browser_page, chromium, counted, screenshot, settled
from test_journey import ask
from test_keyboard_journey import reach

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _browser() -> None:
    chromium()


def test_two_choosers_and_a_filter_leave_the_window_to_the_answers(tmp_path: Path) -> None:
    with (
        answered_app(tmp_path, ["Nobody asks."]) as (address, _),
        browser_page(viewport={"width": 390, "height": 844}) as page,
    ):
        page.goto(address)
        page.get_by_text("nothing leaves it").wait_for()
        settled(page)
        bar = page.get_by_test_id("stBottom")
        assert bar.bounding_box()["height"] < 844 / 5
        counted(page.locator(".st-key-question-bar").get_by_role("combobox"), 2)
        # What has lost its words for want of room keeps them for those who hear the page.
        page.get_by_role("button", name="All documents").click()
        page.get_by_label("Search only these documents").click()
        page.get_by_role("option", name="harbour.pdf").click()
        page.locator(".st-key-scope-chips-chat button").first.wait_for(state="attached")
        settled(page)
        # The list, then what it stands in.
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="1 of 1 document").wait_for()
        assert bar.bounding_box()["height"] < 844 / 4
        assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
        screenshot(page, "bar-390-filtered")
        page.get_by_test_id("stChatInputTextArea").focus()
        reach(page, ".st-key-scope-chat button")
        reach(page, "[class*='st-key-answer-style-'] *")
        reach(page, "[class*='st-key-answerer-'] *")
        reach(page, ".st-key-scope-chips-chat button", "harbour.pdf")
        page.keyboard.press("Enter")
        page.locator(".st-key-scope-chips-chat").wait_for(state="detached")


#: How far a text is from the left and from the right of what it stands in.
_SIDES = """(own) => {
  const words = document.createRange();
  words.selectNodeContents(own.querySelector('p, [data-testid="stText"] > span'));
  const text = words.getBoundingClientRect(), box = own.getBoundingClientRect();
  return [text.left - box.left, box.right - text.right];
}"""


def test_questions_stand_where_their_script_begins(tmp_path: Path) -> None:
    with (
        answered_app(tmp_path, ["Nobody knows [1]."]) as (address, _),
        browser_page(viewport={"width": 1280, "height": 900}) as page,
    ):
        page.goto(address)
        for number, question in enumerate(("When?", "متى كان ذلك؟"), start=1):
            ask(page, question)
            counted(page.get_by_test_id("stChatMessageContent"), 2 * number)
            settled(page)
        left, right = page.get_by_test_id("stChatMessageContent").nth(0).evaluate(_SIDES)
        assert left < right
        left, right = page.get_by_test_id("stChatMessageContent").nth(2).evaluate(_SIDES)
        assert right < left
        left, right = page.locator(".st-key-conversations button").evaluate(_SIDES)
        assert left < right
