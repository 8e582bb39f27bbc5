"""Styles in a real browser: chosen beside the question, told under the answer, added in the settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harbour_app import answered_app
from running_app import browser_page, chromium, screenshot, settled
from test_journey import QUESTION, ask

pytestmark = pytest.mark.browser

TABLE = "| Repairs | Cost |\n| --- | --- |\n| Northern lighthouse, 2023 | 412,000 crowns [1] |\n"


@pytest.fixture(autouse=True)
def _browser() -> None:
    chromium()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The app with a document and a model that answers with a table."""
    with answered_app(tmp_path, [TABLE]) as (own, _):
        yield own


def pictures(page: Any, name: str) -> None:
    """Both themes, wide and narrow."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            settled(page)
            screenshot(page, f"{name}-{width}-{theme}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_style_is_chosen_used_told_and_added(address: str) -> None:
    with browser_page(viewport={"width": 1280, "height": 900}) as page:
        page.goto(address)
        page.get_by_role("combobox", name="Style of the answer").wait_for()
        settled(page)
        page.get_by_role("combobox", name="Style of the answer").click()
        page.get_by_role("option", name="Table").click()
        ask(page, QUESTION)
        page.get_by_role("table").get_by_text("412,000 crowns").wait_for()
        page.get_by_text("How this answer was made").wait_for()
        settled(page)
        page.get_by_text("How this answer was made").click()
        page.get_by_text("Answer with one Markdown table").wait_for()
        pictures(page, "style-answer")
        page.get_by_role("link", name="Settings").click()
        page.get_by_text("Add a style of your own").wait_for()
        settled(page)
        page.get_by_text("Add a style of your own").click()
        page.get_by_label("Name", exact=True).fill("For my boss")
        written = page.get_by_label("What the model is told")
        written.fill("Be kind. $passages $mood")
        page.get_by_role("button", name="Save style").click()
        page.get_by_text("The text names $mood, which nothing fills").wait_for()
        page.get_by_text("The text names $mood, which nothing fills").scroll_into_view_if_needed()
        pictures(page, "style-settings")
        written.fill("Be kind.\n$rules\n$passages")
        page.get_by_role("button", name="Save style").click()
        page.get_by_text("“For my boss” is saved").wait_for()
        page.get_by_role("link", name="Chat").click()
        page.get_by_role("combobox", name="Style of the answer").wait_for()
        settled(page)
        page.get_by_role("combobox", name="Style of the answer").click()
        page.get_by_role("option", name="For my boss").wait_for()
