"""The chat page with a model's answer: its sentences marked, explained and hidden."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from corpus import fill
from model_servers import ModelServer, start_openai_server
from streamlit.testing.v1 import AppTest

from pages.shared.chat.support_view import marked
from rag.history import Turn
from rag.settings import load_settings
from rag.verify import SUPPORTED, UNSUPPORTED, WEAK, Support
from rag.workspace import Workspace, open_workspace

MAIN = Path(__file__).parents[2] / "pages" / "main.py"
TRUE = "The relief valve of boiler 7 opens at 8.8 bar [1]."
FALSE = "Tomas Okoye welded it in 1999 [1]."


@pytest.fixture
def reply() -> str:
    return f"{TRUE} {FALSE}"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, reply: str) -> Iterator[tuple[AppTest, Workspace]]:
    """The chat after a question that a model answered with this; half wrongly, where nothing else is said."""
    server: ModelServer
    with start_openai_server([reply]) as server:
        monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
        monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "0")
        monkeypatch.setenv("ASKANCE_ANSWER_MODEL", "openai")
        monkeypatch.setenv("ASKANCE_OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("ASKANCE_OPENAI_MODEL", server.models[0])
        workspace = open_workspace(load_settings())
        fill(workspace)
        page = AppTest.from_file(MAIN, default_timeout=30).run()
        page.chat_input[0].set_value("At what pressure does the relief valve of boiler 7 open?").run()
        assert not page.exception
        yield page, workspace


def shown(page: AppTest) -> str:
    return "\n".join(own.value for own in page.markdown).replace("\\", "").replace("\u2060", "")


def turn_of(workspace: Workspace) -> Turn:
    [conversation] = workspace.history.conversations()
    [turn] = workspace.history.turns(conversation.id)
    return turn


def test_an_unsupported_sentence_is_marked_explained_and_can_be_hidden(
    asked: tuple[AppTest, Workspace],
) -> None:
    page, workspace = asked
    turn = turn_of(workspace)
    assert [own["verdict"] for own in turn.details["support"]] == [SUPPORTED, UNSUPPORTED]
    assert ":red-badge[unsupported]" in shown(page)
    assert "“1999” is not in the passages it cites." in shown(page)
    answer = next(own.value for own in page.markdown if "8.8 bar" in own.value and "cite-" in own.value)
    assert "1999" in answer
    page.toggle(key=f"hide-{turn.id}").set_value(True).run()
    assert not page.exception
    answer = next(own.value for own in page.markdown if "8.8 bar" in own.value and "cite-" in own.value)
    assert "1999" not in answer


def test_marks_stay_inside_lists_and_tables() -> None:
    answer = "- It is so.\n- It is not.\n\n| a | b |\n| --- | --- |\n| one | two |"
    places = [("- It is so.", SUPPORTED), ("- It is not.", UNSUPPORTED), ("| one | two |", WEAK)]
    checked = [
        Support(answer.index(text), answer.index(text) + len(text), verdict, 0.5, (), ())
        for text, verdict in places
    ]
    marks = marked(answer, checked, hide=False)
    assert "- It is so.\n- It is not. :red-badge[unsupported]\n\n| a |" in marks
    assert marks.endswith("| one | two  :orange-badge[weak] |")
    assert "It is not" not in marked(answer, checked, hide=True)
    assert marked(answer, [], hide=True) == answer


@pytest.mark.parametrize("reply", ["It opens at 99 bar. **Tomas Okoye** welded it."])
def test_what_a_model_claims_without_a_source_is_checked_and_said_to_have_none(
    asked: tuple[AppTest, Workspace],
) -> None:
    page, workspace = asked
    assert turn_of(workspace).citations == ()
    assert ":red-badge[unsupported] **Tomas Okoye** welded it." in shown(page)
    assert ":red-badge[unsupported]" in shown(page)
    captions = "\n".join(own.value for own in page.caption).replace("\\", "")
    assert "This answer cites none of your documents: check it before you rely on it." in captions
    assert "Nearest passages. One of them may answer it:" in captions


@pytest.mark.parametrize("reply", ["The passages do not say when it opens."])
def test_a_model_that_declines_claims_nothing(asked: tuple[AppTest, Workspace]) -> None:
    page, _ = asked
    assert "The passages do not say when it opens." in shown(page)
    assert "-badge[" not in shown(page)
    assert "cites none" not in "".join(own.value for own in page.caption)


@pytest.mark.parametrize("reply", ["", " \n\n "])
def test_a_model_that_says_nothing_is_said_to(asked: tuple[AppTest, Workspace]) -> None:
    page, _ = asked
    captions = "\n".join(own.value for own in page.caption).replace("\\", "")
    assert "The model gave no answer: what it sent was empty." in captions
    assert "Nearest passages. One of them may answer it:" in captions
