"""The chat page as tests drive it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from rag.history import Turn
from rag.workspace import Workspace

MAIN = Path(__file__).parents[1] / "pages" / "main.py"


def opened(**query: str) -> AppTest:
    """The page, its address with these parameters."""
    page = AppTest.from_file(MAIN, default_timeout=30)
    for name, value in query.items():
        page.query_params[name] = value
    return page.run()


def ask(page: AppTest, question: str) -> AppTest:
    """The page after a question was answered."""
    page.chat_input[0].set_value(question).run()
    assert not page.exception
    return page


def kept(workspace: Workspace) -> list[Turn]:
    """The turns of the only conversation."""
    [conversation] = workspace.history.conversations()
    return workspace.history.turns(conversation.id)


def texts(elements: Any) -> str:
    """What elements show, without escapes."""
    return "\n".join(element.value for element in elements).replace("\\", "").replace("\u2060", "")


def labels(page: AppTest) -> list[str]:
    """The labels of the buttons, without escapes."""
    return [button.label.replace("\\", "") for button in page.button]
