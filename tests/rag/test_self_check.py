"""An answer checked before it is shown, and asked for once more when the passages do not bear it out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from corpus import fill

from rag.answer import Reply, ask
from rag.settings import with_overrides
from rag.verify import SUPPORTED, UNSUPPORTED
from rag.workspace import Workspace
from tests.model_servers import ModelServer, start_openai_server

QUESTION = "At what pressure does the relief valve of boiler 7 open?"
TRUE = "The relief valve of boiler 7 opens at 8.8 bar [1]."
FALSE = "The relief valve of boiler 7 opens at 9.9 bar [1]."
Replying = Callable[..., tuple[Reply, ModelServer]]


@pytest.fixture
def replying(workspace: Workspace, request: pytest.FixtureRequest) -> Replying:
    fill(workspace)

    def started(*replies: str, self_check: bool = True) -> tuple[Reply, ModelServer]:
        server = start_openai_server(replies, models=("m",))
        request.addfinalizer(server.stop)
        settings = with_overrides(
            workspace.settings,
            {
                "model": "openai",
                "openai.base_url": server.base_url,
                "openai.model": "m",
                "answer.decline_below": 0.0,
                "answer.self_check": self_check,
            },
        )
        return ask(QUESTION, table=workspace.table("default"), settings=settings), server

    return started


def test_an_answer_is_checked_and_asked_for_once(replying: Replying) -> None:
    reply, server = replying(f"{TRUE} {FALSE}", self_check=False)
    assert "".join(reply) == f"{TRUE} {FALSE}"
    assert [own.verdict for own in reply.support] == [SUPPORTED, UNSUPPORTED]
    assert len(server.chats) == 1


def test_a_false_draft_is_never_shown_when_the_second_is_better(replying: Replying) -> None:
    reply, server = replying(FALSE, TRUE)
    assert list(reply) == [TRUE]
    assert [own.verdict for own in reply.support] == [SUPPORTED]
    first, second = server.chats
    assert len(first.body["messages"]) == 2
    assert second.body["messages"][-2] == {"role": "assistant", "content": FALSE}
    assert f"- {FALSE}" in second.body["messages"][-1]["content"]
    assert "Asked once more" in reply.notes[-1]


def test_a_draft_that_holds_is_kept_without_a_second_request(replying: Replying) -> None:
    reply, server = replying(TRUE, FALSE)
    assert "".join(reply) == TRUE
    assert len(server.chats) == 1


def test_a_second_answer_that_is_no_better_leaves_the_first(replying: Replying) -> None:
    reply, server = replying(f"{TRUE} {FALSE}", FALSE.replace("9.9", "7.7"))
    assert "".join(reply) == f"{TRUE} {FALSE}"
    assert [citation.number for citation in reply.citations] == [1]
    assert len(server.chats) == 2
    assert "no better" in reply.notes[-1]


def test_a_server_that_fails_at_the_second_request_leaves_the_first(replying: Replying) -> None:
    reply, server = replying(FALSE)

    def once(messages: list[dict[str, Any]]) -> str:
        server.fault = "failure"
        return FALSE

    server.replies = once
    assert "".join(reply) == FALSE
    assert [own.verdict for own in reply.support] == [UNSUPPORTED]
    assert "asking again failed" in reply.notes[-1]
