"""What a model says, as a browser shows it: tables, code and formulas are drawn, nothing else comes alive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harbour_app import answered_app
from obedient_model import ACTS
from running_app import browser_page, chromium, screenshot, settled
from test_journey import QUESTION, ask

pytestmark = pytest.mark.browser

RICH = """The repairs of the northern lighthouse cost 412,000 crowns in 2023 [1].

| lighthouse | crowns |
|---|---|
| northern [1] | 412,000 |

```python
cost = {"northern": 412_000}
```

Use `cost["northern"]` or $a_1 = \\frac{b^2}{c}$ where \\(x < y\\); it is not $5 to $6.

\\[
E = mc^2
\\]
"""
HOSTILE = "\n\n".join(
    act.format(rules="", listed="", words="", others="", fence="", code="")
    for order, act in ACTS.items()
    if not order.startswith(("instructions", "passages"))
)


@pytest.fixture(autouse=True)
def _browser() -> None:
    chromium()


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The app with a document and a model that says the two replies in turn."""
    with answered_app(tmp_path, [RICH, f"The repairs cost 412,000 crowns [1].\n\n{HOSTILE}"]) as (own, _):
        yield own


def alive(answer: Any) -> list[str]:
    """Elements of an answer that load, run or lead somewhere, but for citations and the app's own."""
    found: list[str] = answer.evaluate(
        """(answer) => [...answer.querySelectorAll("a, img, iframe, script, object, embed, form, link")]
            .filter((own) => own.closest('[data-testid="stMarkdown"]'))
            .map((own) => own.getAttribute('href') || own.outerHTML)"""
    )
    return [own for own in found if not own.startswith("#cite-")]


def test_what_a_model_says_is_drawn_and_nothing_comes_alive(address: str) -> None:
    with browser_page(viewport={"width": 1280, "height": 900}) as page:
        page.goto(address)
        page.get_by_text("on this machine; nothing leaves it").wait_for()
        ask(page, QUESTION)
        answer = page.get_by_test_id("stChatMessageContent").last
        answer.locator("table").first.wait_for()
        answer.locator(".katex-display").wait_for()
        answer.locator("pre code", has_text="cost = ").wait_for()
        page.get_by_text("How this answer was made").wait_for()
        settled(page)
        screenshot(page, "rendering-rich-light")
        assert answer.locator("td", has_text="412,000").count() == 1
        [code] = answer.locator("pre code", has_text="cost = ").all()
        assert "badge" not in code.inner_text()
        assert answer.locator(".katex").count() == 3
        assert answer.locator(".katex-error").count() == 0
        assert "$5 to $6" in answer.inner_text()
        assert answer.locator('a[href^="#cite-"]').count() == 2
        assert alive(answer) == []

        page.emulate_media(color_scheme="dark")
        ask(page, QUESTION)
        page.get_by_text("Go to www").first.wait_for()
        page.get_by_text("How this answer was made").nth(1).wait_for()
        settled(page)
        screenshot(page, "rendering-hostile-dark")
        answer = page.get_by_test_id("stChatMessageContent").last
        assert alive(answer) == []
        assert answer.locator('a[href^="#cite-"]').count() >= 1
        assert "<script>" in answer.inner_text()
