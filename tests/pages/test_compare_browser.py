"""The compare page in a real browser: lines between the same passages, marks, keys, nothing live."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from corpus import TEXTS, fill
from running_app import browser_page, chromium, counted, running_app, screenshot, settled
from test_journey import compare

from rag.settings import load_settings, save_settings
from rag.workspace import open_workspace

pytestmark = pytest.mark.browser
HOSTILE = {
    **TEXTS,
    "<img src=x onerror=alert(1)>.md": "The valve <b>bold</b> <img src=x onerror=alert(1)> of the boiler.",
}


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a few documents, one of them hostile."""
    folder = tmp_path_factory.mktemp("compare") / "data"
    save_settings(folder, {"embedding.model": "hash"})
    fill(open_workspace(load_settings(data_dir=folder, environment={})), HOSTILE)
    return folder


@pytest.fixture(scope="module")
def address(data_folder: Path) -> Iterator[str]:
    """The running app over these documents."""
    chromium()
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("ASKANCE_")]:
            environment.delenv(name)
        with running_app(data_folder.parent / "app.log", ASKANCE_DATA_DIR=str(data_folder)) as own:
            yield own


@pytest.fixture
def page(address: str) -> Iterator[Any]:
    """The compare page, with one question compared by pressing Enter."""
    with browser_page(viewport={"width": 1400, "height": 1000}) as tab:
        tab.goto(f"{address}/compare")
        compare(tab, "the relief valve of the boiler")
        settled(tab)
        yield tab


def test_the_same_passage_is_connected_and_marked_in_all_columns(page: Any) -> None:
    columns = counted(page.locator(".column"), 3)
    first = columns.nth(1).locator(".card").first
    passage = first.get_attribute("data-passage")
    alike = counted(page.locator(f'.card[data-passage="{passage}"]'), 3)
    counted(page.locator(f'path[data-passage="{passage}"]'), 2)
    colours = {alike.nth(place).evaluate("e => e.style.getPropertyValue('--colour')") for place in range(3)}
    assert len(colours) == 1

    first.hover()
    counted(page.locator(".card.marked"), 3)
    counted(page.locator("path.marked:not(.dropped)"), 2)
    page.get_by_role("heading", name="Compare").hover()
    page.locator(".comparison .stage:not(.marking)").wait_for()

    # The lines begin and end at the cards they connect.
    page.wait_for_function(
        """passage => {
          const roots = [...document.querySelectorAll('*')].map(own => own.shadowRoot);
          const root = roots.find(own => own?.querySelector('.comparison'));
          const line = root.querySelector(`path[data-passage="${passage}"]`);
          const box = line.getBoundingClientRect();
          const cards = [...root.querySelectorAll(`.card[data-passage="${passage}"]`)];
          return Math.abs(box.left - cards[0].getBoundingClientRect().right) <= 3
            && Math.abs(box.right - cards[1].getBoundingClientRect().left) <= 3;
        }""",
        arg=passage,
    )


def test_keys_lead_to_the_same_passage_and_enter_opens_it(page: Any) -> None:
    column = page.locator(".column").nth(0)
    card = column.locator(".card").first
    passage = card.get_attribute("data-passage")
    card.focus()
    page.keyboard.press("ArrowRight")
    focused = page.locator(".column").nth(1).locator(":focus")
    assert focused.get_attribute("data-passage") == passage
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Copy the quote").wait_for()
    counted(page.locator(f'.card.marked[data-passage="{passage}"]'), 3)


def test_documents_bring_no_markup_and_settings_can_be_used(page: Any, data_folder: Path) -> None:
    page.locator(".excerpt", has_text="<b>bold</b>").first.wait_for()
    assert page.locator(".comparison .excerpt b, .comparison img").count() == 0
    page.get_by_role("button", name="Use these settings: Words only").click()
    page.get_by_text("is in use now").wait_for()
    page.locator(".column").nth(0).locator(".used").wait_for()
    assert load_settings(data_dir=data_folder, environment={}).retrieval.mode == "text"


def choose_document(page: Any, name: str) -> None:
    """Choose in the list, opened again when a redrawing of the page has closed it."""
    from playwright.sync_api import TimeoutError as NotYet

    document = page.locator(".st-key-why-not-document input")
    for patience in (5_000, 10_000, 60_000):
        document.click()
        document.press("ArrowDown")
        try:
            page.get_by_role("option", name=name).click(timeout=patience)
        except NotYet:
            if patience == 60_000:
                raise
            document.press("Escape")
        else:
            return


def test_an_expected_passage_is_followed_to_where_it_was_lost(page: Any) -> None:
    page.get_by_text("Why wasn't it found?").click()
    page.get_by_label("Words of the passage").fill("lasts 26 weeks")
    choose_document(page, "staff/leave.txt")
    page.get_by_role("button", name="Find out").click()
    page.get_by_text("Cutting into passages").last.wait_for()
    settled(page)
    screenshot(page, "why-not")
    page.get_by_text("The words stand in the document as it was read.").first.wait_for()


def test_a_passage_is_marked_in_every_column_by_keyboard_and_pointer(page: Any) -> None:
    card = page.locator(".column").nth(1).locator("li").first
    passage = card.locator(".card").get_attribute("data-passage")
    alike = counted(page.locator(f'li:has(.card[data-passage="{passage}"])'), 3)
    card.get_by_role("button", name="Relevant").click()
    counted(alike.locator('.grade.relevant[aria-pressed="true"]'), 3)
    counted(page.get_by_text("1 passage marked"), 1)
    settled(page)
    screenshot(page, "marked")
    focused = page.locator(".column").nth(1).locator(":focus")
    focused.wait_for()
    assert focused.inner_text() == "Relevant", "who works with the keyboard stays where they were"
    page.keyboard.press("Enter")
    page.get_by_text("Mark passages as relevant").wait_for()
    counted(page.locator('.grade[aria-pressed="true"]'), 0)
