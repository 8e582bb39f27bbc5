"""What a citation opens, in a real browser, every button found by the name that is read aloud."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from documents import pdf_with_text
from harbour_app import answered_app
from running_app import browser_page, chromium, screenshot, settled
from test_journey import PAGES, QUESTION, ask, passage_image

pytestmark = pytest.mark.browser

ANSWER = "The repairs cost 412,000 crowns in 2023 [1]. The trust looks after four lighthouses [2]."


@pytest.fixture(autouse=True)
def _browser() -> None:
    chromium()


def press(page: Any, name: str) -> None:
    settled(page)
    page.get_by_role("button", name=name, exact=True).click()


def test_citations_pages_and_zoom_are_reached_by_name(tmp_path: Path) -> None:
    with (
        answered_app(tmp_path, [ANSWER]) as (address, _),
        browser_page(viewport={"width": 1280, "height": 900}) as page,
    ):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        page.goto(address)
        ask(page, QUESTION)
        page.get_by_text("How this answer was made").wait_for()
        settled(page)
        page.locator('a[href^="#cite-"]').first.click()
        panel = page.locator(".st-key-passage-panel")
        panel.get_by_text("Citation 1 of 2").wait_for()
        panel.get_by_text("Page 3 of 3").wait_for()
        at_first = passage_image(page).bounding_box()["width"]
        # All of the panel is above the question bar.
        settled(page)
        lowest = panel.get_by_role("button", name="Original").bounding_box()
        assert lowest["y"] + lowest["height"] <= page.get_by_test_id("stBottom").bounding_box()["y"]
        press(page, "Zoom in")
        panel.get_by_text("150 %").wait_for()
        press(page, "Zoom in")
        panel.get_by_text("200 %").wait_for()
        wider = "(least) => document.querySelector('.st-key-passage-panel img').clientWidth > least"
        page.wait_for_function(wider, arg=1.8 * at_first)
        screenshot(page, "panel-zoomed")
        press(page, "Previous page")
        panel.get_by_text("Page 2 of 3").wait_for()
        press(page, "Back to page 3")
        panel.get_by_text("Page 3 of 3").wait_for()
        press(page, "Fit the width")
        panel.get_by_text("100 %").wait_for()
        press(page, "Next citation")
        panel.get_by_text("Citation 2 of 2").wait_for()
        panel.get_by_text("Page 1 of 3").wait_for()
        press(page, "Previous citation")
        panel.get_by_text("Citation 1 of 2").wait_for()

        press(page, "Copy the quote")
        panel.get_by_text("Copied").wait_for()
        assert "cost 412,000 crowns" in page.evaluate("() => navigator.clipboard.readText()")
        settled(page)
        with page.expect_download() as got:
            panel.get_by_role("button", name="Original").click()
        assert Path(got.value.path()).read_bytes() == pdf_with_text(PAGES)

        # No button is read by the name of its icon, and the names of icons take no room.
        settled(page)
        assert re.findall(r'button ".* icon"', page.locator("body").aria_snapshot()) == []
        name = panel.get_by_role("button", name="Zoom in", exact=True).locator("p")
        assert name.evaluate("(own) => own.parentElement.getBoundingClientRect().width") <= 1
        # On a narrow window the panel lies over the chat, and follows a change of the theme at once.
        page.set_viewport_size({"width": 390, "height": 844})
        settled(page)
        background = "(own) => getComputedStyle(own).backgroundColor"
        assert panel.evaluate(background) == "rgb(255, 255, 255)"
        screenshot(page, "panel-390-light")
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(
            "() => getComputedStyle(document.querySelector('.st-key-passage-panel')).backgroundColor"
            " === 'rgb(18, 23, 22)'"
        )
        screenshot(page, "panel-390-dark")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1280, "height": 900})
        press(page, "Close")
        panel.wait_for(state="detached")
        press(page, "Copy")
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("() => navigator.clipboard.readText()").startswith("The repairs cost 412,000")
        press(page, "Conversation menu")
        page.get_by_role("button", name="Pin to the top").wait_for()
