"""What a conversation keeps of a reply, and what a model is told of earlier turns."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from corpus import fill

from rag.answer import ask
from rag.history import Turn
from rag.settings import with_overrides
from rag.turns import NEAREST, details_of, messages_of, nearest_of, scope_of
from rag.types import Message, Scope
from rag.workspace import Workspace


def turn(question: str, answer: str, **changes: object) -> Turn:
    values = {
        "id": "t", "conversation_id": "c", "position": 1, "question": question, "answer": answer,
        "answered": True, "status": "done", "error": "", "citations": (), "details": {}, "rating": None,
        "created_at": datetime.now(UTC),
    }  # fmt: skip
    return Turn(**{**values, **changes})  # type: ignore[arg-type]


def test_earlier_answers_lose_their_numbers_and_escapes() -> None:
    turns = [
        turn("When?", r"In March 2024 [1]. It cost 5\$ [2][3]."),
        turn("Stopped?", "It was [1]", status="stopped", answered=None),
    ]
    assert messages_of(turns) == [
        Message("user", "When?"),
        Message("assistant", "In March 2024. It cost 5$."),
        Message("user", "Stopped?"),
        Message("assistant", "It was"),
    ]


def test_turns_without_an_answer_are_not_told() -> None:
    turns = [
        turn("Declined?", "Your documents do not seem to answer this.", answered=False),
        turn("Failed?", "Half an", status="failed"),
        turn("Running?", "", status="running", answered=None),
        turn("Stopped at once?", "", status="stopped", answered=None),
    ]
    assert messages_of(turns) == []


def test_what_is_kept_survives_json_and_gives_the_nearest_passages_back(workspace: Workspace) -> None:
    fill(workspace)
    settings = with_overrides(workspace.settings, {"answer.decline_below": 1.0})
    reply = ask("How long is parental leave?", table=workspace.table("default"), settings=settings)
    list(reply)
    kept = json.loads(json.dumps(details_of(reply)))
    nearest = nearest_of(turn("q", reply.text, details=kept))
    assert 0 < len(nearest) <= NEAREST
    assert [citation.number for citation in nearest] == list(range(1, len(nearest) + 1))
    assert [citation.quote for citation in nearest] == [hit.chunk.text for hit in reply.nearest[:NEAREST]]
    assert (kept["mode"], kept["reranker"]) == ("hybrid", "late-interaction")
    assert kept["passages"] == len(reply.nearest) <= kept["candidates"]
    marked = {own.quote[first - own.start : last - own.start] for own in nearest for first, last in own.words}
    assert "leave" in {word.casefold() for word in marked}


def test_an_answered_turn_keeps_no_nearest_passages(workspace: Workspace) -> None:
    fill(workspace)
    settings = with_overrides(workspace.settings, {"answer.decline_below": 0.0})
    reply = ask("How long is parental leave?", table=workspace.table("default"), settings=settings)
    list(reply)
    assert reply.answered
    kept = details_of(reply)
    assert kept["nearest"] == []
    assert nearest_of(turn("q", reply.text, details=kept)) == ()
    assert nearest_of(turn("of an older version", "", details={})) == ()
    assert scope_of(turn("q", "", details={"documents": ["a.md"]})) == Scope(documents=("a.md",))
    assert not scope_of(turn("q", "", details={}))
    scope = Scope(("a.md",), ("pumps",), ("PDF",))
    assert scope_of(turn("q", "", details=scope.as_dict())) == scope


def test_a_reply_that_never_began_can_be_kept(workspace: Workspace) -> None:
    fill(workspace)
    reply = ask("x", table=workspace.table("default"), settings=workspace.settings)
    kept = details_of(reply)
    assert (kept["nearest"], kept["mode"], kept["passages"]) == ([], "", 0)
