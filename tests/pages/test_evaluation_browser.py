"""Many questions in a real browser: two clicks to a verdict; narrow windows do not overflow."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from corpus import fill
from running_app import browser_page, chromium, counted, running_app, screenshot, settled

from rag.settings import load_settings, save_settings
from rag.workspace import open_workspace

pytestmark = pytest.mark.browser


def test_two_clicks_to_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chromium()
    folder = tmp_path / "browsed"
    save_settings(folder, {"embedding.model": "hash"})
    fill(open_workspace(load_settings(data_dir=folder, environment={})))
    for name in [name for name in os.environ if name.startswith("ASKANCE_")]:
        monkeypatch.delenv(name)
    with (
        running_app(tmp_path / "app.log", ASKANCE_DATA_DIR=str(folder)) as address,
        browser_page(viewport={"width": 420, "height": 1000}) as page,
    ):
        page.goto(f"{address}/compare")
        page.get_by_text("Many questions").wait_for()
        settled(page)
        page.get_by_text("Many questions").click()
        page.get_by_role("button", name="Make questions").click()
        page.get_by_role("button", name="Measure over").click()
        page.get_by_role("button", name="Download CSV").wait_for()
        counted(page.get_by_role("heading", name="the right passage first in"), 1)
        settled(page)
        screenshot(page, "evaluation-420")
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert page.evaluate(wide) is False
