"""The chat by the keyboard alone: ask, stop, cite, edit and branch, answer again, reload, export."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from harbour_app import answered_app
from running_app import browser_page, chromium, screenshot, settled
from test_journey import QUESTION

pytestmark = pytest.mark.browser

ANSWER = "The repairs of the northern lighthouse cost 412,000 crowns in 2023 [1]."
#: Presses of Tab after which something counts as out of reach.
FAR = 90
_FOCUSED = """([selector, text]) => {
  let own = document.activeElement;
  return !!own && own.matches(selector) && (own.textContent + (own.ariaLabel || '')).includes(text);
}"""


@pytest.fixture(autouse=True)
def _browser() -> None:
    chromium()


def reach(page: Any, selector: str, text: str = "", key: str = "Tab") -> None:
    """Press a key until what has the focus fits."""
    for _ in range(FAR):
        if page.evaluate(_FOCUSED, [selector, text]):
            return
        page.keyboard.press(key)
    pytest.fail(f"{selector} with {text!r} cannot be reached by {key}")


def of_last_turn(page: Any, button: str) -> str:
    """The selector of a button of the last turn; where the focus is after a dialog, nobody promises."""
    named = page.locator(f"[class*='st-key-{button}-']").last.get_attribute("class")
    return next(f".{own} button" for own in named.split() if own.startswith(f"st-key-{button}-"))


def ask(page: Any, question: str) -> None:
    reach(page, '[data-testid="stChatInputTextArea"]')
    page.keyboard.type(question)
    page.locator('[data-testid="stChatInputSubmitButton"]:enabled').wait_for()
    page.keyboard.press("Enter")


def test_the_keyboard_is_enough(tmp_path: Path) -> None:
    with (
        answered_app(tmp_path, [ANSWER], ASKANCE_ANSWER_REWRITE_FOLLOW_UPS="false") as (address, server),
        browser_page(viewport={"width": 1280, "height": 900}) as page,
    ):
        server.gate = threading.Event()
        page.goto(address)
        page.get_by_text("on this machine; nothing leaves it").wait_for()
        settled(page)
        ask(page, QUESTION)
        page.get_by_text("▍").wait_for()
        reach(page, "button", "Stop", "Shift+Tab")
        page.keyboard.press("Enter")
        page.get_by_text("Stopped before it was complete.").wait_for()
        server.gate.set()
        settled(page)

        ask(page, f"{QUESTION} In 2023?")
        # Two questions, the answer that was stopped and this one.
        page.get_by_test_id("stChatMessageContent").nth(3).locator('a[href^="#cite-"]').wait_for()
        settled(page)
        reach(page, 'a[href^="#cite-"]', key="Shift+Tab")
        page.keyboard.press("Enter")
        page.locator(".st-key-passage-panel img").wait_for()
        settled(page)
        screenshot(page, "keyboard-cited")
        reach(page, ".st-key-icon-chat-close button")
        page.keyboard.press("Enter")
        page.locator(".st-key-passage-panel").wait_for(state="detached")
        settled(page)

        reach(page, of_last_turn(page, "edit"), key="Shift+Tab")
        page.keyboard.press("Enter")
        page.get_by_role("dialog").get_by_role("textbox").wait_for()
        reach(page, "textarea[aria-label='Your question']")
        page.keyboard.press("End")
        page.keyboard.type(" Please.")
        reach(page, "[class*='st-key-ask-edited-'] button")
        page.keyboard.press("Enter")
        page.get_by_text("Version 2 of 2").wait_for()
        page.locator('a[href^="#cite-"]').first.wait_for()
        settled(page)

        reach(page, of_last_turn(page, "regenerate"), key="Shift+Tab")
        page.keyboard.press("Enter")
        page.get_by_role("dialog").get_by_text("Passages read").wait_for()
        reach(page, "[class*='st-key-ask-again-'] button")
        page.keyboard.press("Enter")
        page.get_by_text("Version 3 of 3").wait_for()
        page.locator('a[href^="#cite-"]').first.wait_for()
        settled(page)

        page.keyboard.press("F5")
        page.get_by_text("Version 3 of 3").wait_for()
        settled(page)
        reach(page, ".st-key-conversation-heading button")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Rename").wait_for()
        for ending in ("md", "html", "json"):
            reach(page, f"[class*='st-key-export-{ending}-'] button")
            with page.expect_download() as got:
                page.keyboard.press("Enter")
            assert got.value.suggested_filename.endswith(f".{ending}")
            assert "412,000" in Path(got.value.path()).read_text(encoding="utf-8")
        screenshot(page, "keyboard-export")
