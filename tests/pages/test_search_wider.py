"""A declined question: what was searched is said, and a press searches wider."""

from __future__ import annotations

import pytest
from chat_page import ask, kept, labels, opened, texts
from corpus import fill

from rag.attached_files import Asked, asked_of, attached_to
from rag.turns import scope_of
from rag.types import Scope
from rag.workspace import Workspace

pytestmark = pytest.mark.usefixtures("light_embedder")

QUESTION = "Who won the football world cup of 1998?"


@pytest.fixture(autouse=True)
def _declines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "1")


def test_what_was_searched_is_said_and_a_press_searches_without_the_filter(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened()
    page.multiselect[0].select("staff/leave.txt").run()
    question = "At what pressure does the relief valve of boiler 7 open?"
    ask(page, question)
    [turn] = kept(filled)
    assert not turn.answered
    searched = "Searched: default, leave.txt only, by meaning and by words; 1 passage compared."
    assert searched in texts(page.caption)
    assert "Without the filter" in labels(page)
    monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "0")
    page.button(key=f"wider-{turn.id}-Without the filter").click().run()
    assert not page.exception
    [wider] = kept(filled)
    assert wider.versions == (turn.id, wider.id), "the reply that declined is kept"
    assert scope_of(wider) == Scope()
    assert any("8.8 bar" in own.quote for own in wider.citations)


def test_other_collections_and_attached_files_are_offered(filled: Workspace) -> None:
    fill(filled, {"winch.md": "The winch of the crane lifts 40 tons.\n"}, "cranes")
    page = ask(opened(), QUESTION)
    [turn] = kept(filled)
    fill(filled, {"cup.txt": "The cup of 1998 stands in the canteen.\n"}, attached_to(turn.conversation_id))
    page.run()
    page.button(key=f"wider-{turn.id}-The attached files, too").click().run()
    assert not page.exception
    [both] = kept(filled)
    assert asked_of(both) is Asked.BOTH
    assert "Searched: default and the attached files, by meaning" in texts(page.caption)
    page.button(key=f"wider-{both.id}-All collections").click().run()
    [everywhere] = kept(filled)
    assert (asked_of(everywhere), scope_of(everywhere)) == (Asked.BOTH, Scope(collections=("cranes",)))
    assert "There is nothing else to search" in texts(page.caption)


def test_more_passages_are_compared_where_there_are_more(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKANCE_RETRIEVAL_CANDIDATES", "1")
    page = ask(opened(), QUESTION)
    [turn] = kept(filled)
    page.button(key=f"wider-{turn.id}-More passages").click().run()
    assert not page.exception
    [more] = kept(filled)
    assert more.details["made"]["settings"]["retrieval.candidates"] == 4
    assert more.details["candidates"] > turn.details["candidates"]
