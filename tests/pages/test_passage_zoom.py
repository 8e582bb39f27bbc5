"""The page that a citation opens, made larger and smaller."""

from __future__ import annotations

import re

import pytest
from chat_page import ask, kept, opened, texts
from documents import pdf_with_text
from streamlit.testing.v1 import AppTest

from ingest.pipeline import Pipeline
from ingest.sources import bytes_source
from pages.shared.opened import ZOOMS
from rag.workspace import Workspace

pytestmark = pytest.mark.usefixtures("light_embedder", "always_answers")


def width(page: AppTest) -> int:
    """The width of the page in its frame, in hundredths."""
    bodies = "".join(own.proto.body for own in page.get("html"))
    [found] = re.findall(r"\.st-key-page-frame > div \{[^}]*width: (\d+)%", bodies)
    return int(found)


def press(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page


def test_the_page_is_made_larger_and_smaller_and_stays_so_while_turning(workspace: Workspace) -> None:
    pdf = pdf_with_text(["Cover", "The crane was painted red in 1999.", "The end"])
    list(Pipeline("default", workspace).run(bytes_source("a.pdf", pdf, workspace.settings.ingest)))
    page = ask(opened(), "When was the crane painted?")
    [turn] = kept(workspace)
    press(page, f"source-{turn.id}-0")
    assert width(page) == 100
    assert page.button(key="icon-chat-fit-the-width").disabled
    press(press(page, "icon-chat-zoom-in"), "icon-chat-zoom-in")
    assert width(page) == 200
    assert "200 %" in texts(page.markdown)
    press(page, "icon-chat-page-on")
    assert (width(page), "Page 3 of 3" in texts(page.markdown)) == (200, True)
    press(page, "icon-chat-zoom-in")
    assert width(page) == ZOOMS[-1]
    assert page.button(key="icon-chat-zoom-in").disabled
    assert width(press(page, "icon-chat-fit-the-width")) == 100
    press(press(page, "icon-chat-zoom-out"), "icon-chat-zoom-out")
    assert width(page) == ZOOMS[0]
    assert page.button(key="icon-chat-zoom-out").disabled
