"""Questions that wait, and a connection that drops, while an answer is held back at the model's server."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from harbour_app import answered_app
from model_servers import ModelServer
from running_app import browser_page, chromium, counted, screenshot, settled
from test_journey import QUESTION, ask

pytestmark = pytest.mark.browser

ANSWER = "The repairs of the northern lighthouse cost 412,000 crowns in 2023 [1]. It was dear."
PLAIN = {"ASKANCE_ANSWER_REWRITE_FOLLOW_UPS": "false"}


@pytest.fixture(autouse=True)
def _browser() -> None:
    chromium()


def begin(page: Any, address: str, server: ModelServer) -> None:
    """Ask a question whose answer stands still until the server's gate is opened."""
    server.gate = threading.Event()
    page.goto(address)
    ask(page, QUESTION)
    page.get_by_text("▍").wait_for()


def type_next(page: Any, question: str) -> None:
    """Send a question while another is being answered: the page is never settled then."""
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    page.locator('[data-testid="stChatInputSubmitButton"]:enabled').wait_for()
    box.press("Enter")
    page.get_by_text(f"Asked next: {question}").wait_for()


def test_questions_wait_their_turn_and_can_be_dropped(tmp_path: Path) -> None:
    with (
        answered_app(tmp_path, [ANSWER], **PLAIN) as (address, server),
        browser_page(viewport={"width": 1280, "height": 900}) as page,
    ):
        begin(page, address, server)
        for place in ("Malmö", "Ystad", "Kiel"):
            type_next(page, f"Was the northern lighthouse repaired in {place}?")
        screenshot(page, "waiting-questions")
        page.locator(".st-key-waiting-1").get_by_role("button", name="Do not ask").click()
        page.get_by_text("repaired in Ystad?").wait_for(state="detached")
        server.gate.set()
        # Three questions, and an answer to each.
        messages = counted(page.get_by_test_id("stChatMessageContent"), 6)
        messages.nth(5).get_by_text("It was dear").first.wait_for()
        settled(page)
        assert [chat.body["messages"][-1]["content"] for chat in server.chats] == [
            QUESTION,
            "Was the northern lighthouse repaired in Malmö?",
            "Was the northern lighthouse repaired in Kiel?",
        ]
        assert "Asked next" not in page.locator("body").inner_text()


def test_a_reload_and_a_second_window_forget_none_and_ask_none_twice(tmp_path: Path) -> None:
    with (
        answered_app(tmp_path, [ANSWER], **PLAIN) as (address, server),
        browser_page(viewport={"width": 1280, "height": 900}) as page,
    ):
        begin(page, address, server)
        asked = [f"Was the northern lighthouse repaired in {place}?" for place in ("Malmö", "Ystad", "Kiel")]
        for question in asked:
            type_next(page, question)
        page.reload()
        for question in asked:
            page.get_by_text(f"Asked next: {question}").wait_for()
        other = page.context.browser.new_page()
        other.goto(page.url)
        other.get_by_text(f"Asked next: {asked[2]}").wait_for()
        # Dropped in one window, it is asked in none.
        other.locator(".st-key-waiting-1").get_by_role("button", name="Do not ask").click()
        other.get_by_text(f"Asked next: {asked[1]}").wait_for(state="detached")
        server.gate.set()
        # Both windows follow to the end: three questions, an answer to each.
        for window in (page, other):
            messages = counted(window.get_by_test_id("stChatMessageContent"), 6)
            messages.nth(5).get_by_text("It was dear").first.wait_for()
            settled(window)
            assert "Asked next" not in window.locator("body").inner_text()
        assert [chat.body["messages"][-1]["content"] for chat in server.chats] == [
            QUESTION,
            asked[0],
            asked[2],
        ]


def test_an_answer_goes_on_over_a_dropped_connection(tmp_path: Path) -> None:
    with (
        answered_app(tmp_path, [ANSWER], **PLAIN) as (address, server),
        browser_page(viewport={"width": 1280, "height": 900}) as page,
    ):
        connections: list[Any] = []

        def listened_to(connection: Any) -> None:
            connection.connect_to_server()
            connections.append(connection)

        page.route_web_socket("**/_stcore/stream", listened_to)
        begin(page, address, server)
        connections[-1].close(code=1001)
        server.gate.set()
        # The page connects again by itself, and shows what was said meanwhile.
        page.get_by_text("How this answer was made").wait_for()
        page.get_by_text("It was dear").first.wait_for()
        assert len(connections) >= 2
        assert len(server.chats) == 1
