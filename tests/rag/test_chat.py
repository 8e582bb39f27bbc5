"""Questions of conversations: kept before they are answered, and whatever becomes of the answer."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator

import pytest
from corpus import fill
from model_servers import ModelServer, start_openai_server

import rag.database
from rag.chat import Chats, Live
from rag.database import DATABASE_FILE
from rag.errors import StoreError
from rag.history import Conversation, Turn
from rag.settings import with_overrides
from rag.turns import scope_of
from rag.types import Scope
from rag.workspace import Workspace, open_workspace

QUESTION = "When does the relief valve of boiler 7 open?"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with start_openai_server(["It opens at 8.8 bar [1]. Nobody knows why."] * 4, key="sk-test") as own:
        yield own


@pytest.fixture
def asking(workspace: Workspace, server: ModelServer) -> Workspace:
    """A filled data folder whose questions go to the stand-in for a model."""
    fill(workspace)
    return open_workspace(
        with_overrides(
            workspace.settings,
            {
                "answer.model": "openai",
                "answer.decline_below": 0,
                "openai.base_url": server.base_url,
                "openai.api_key": "sk-test",
                "openai.model": server.models[0],
            },
        )
    )


@pytest.fixture
def conversation(asking: Workspace) -> Conversation:
    return asking.history.start("default")


def ended(chats: Chats, workspace: Workspace, conversation: Conversation) -> Turn:
    """The last turn, once nothing is under way."""
    own = chats.live(conversation.id)
    assert own is None or own.reply.wait(30)
    return workspace.history.turns(conversation.id)[-1]


def held_back(chats: Chats, workspace: Workspace, conversation: Conversation, server: ModelServer) -> Live:
    """An answer under way of which the server holds back all but the first words."""
    server.gate = threading.Event()
    chats.ask(workspace, conversation.id, QUESTION)
    own = chats.live(conversation.id)
    assert own is not None
    return own


def test_an_answer_is_kept_though_nobody_looks(asking: Workspace, conversation: Conversation) -> None:
    chats = Chats()
    chats.ask(asking, conversation.id, QUESTION)
    turn = ended(chats, asking, conversation)
    assert (turn.question, turn.status, turn.answered) == (QUESTION, "done", True)
    assert "8.8 bar [1]" in turn.answer
    assert turn.citations[0].number == 1
    assert not scope_of(turn)
    assert chats.live(conversation.id) is None


def test_the_question_is_there_while_it_is_answered_and_stopping_keeps_the_words(
    asking: Workspace, conversation: Conversation, server: ModelServer
) -> None:
    chats = Chats()
    own = held_back(chats, asking, conversation, server)
    [turn] = asking.history.turns(conversation.id)
    assert (turn.id, turn.status) == (own.turn_id, "running")
    words = next(text for text in own.reply.follow() if text)
    # Another viewer, as after a reload, sees the same from the beginning.
    assert next(text for text in own.reply.follow() if text).startswith(words)
    chats.stop(conversation.id)
    [turn] = asking.history.turns(conversation.id)
    assert turn.status == "stopped"
    assert turn.answer.startswith(words)
    server.gate.set()
    assert chats.live(conversation.id) is None


def test_a_further_question_ends_the_one_under_way(
    asking: Workspace, conversation: Conversation, server: ModelServer
) -> None:
    chats = Chats()
    own = held_back(chats, asking, conversation, server)
    next(text for text in own.reply.follow() if text)
    chats.stop(conversation.id)
    server.gate.set()
    chats.ask(asking, conversation.id, "And why?")
    last = ended(chats, asking, conversation)
    first, second = asking.history.turns(conversation.id)
    assert (first.status, second.status, last.id) == ("stopped", "done", second.id)
    # What was said before went along with the second question.
    roles = [message["role"] for message in server.requests[-1].body["messages"]]
    assert roles[0] == "system"
    assert roles[-1] == "user"
    assert QUESTION in str(server.requests[-1].body["messages"])


@pytest.mark.parametrize("fault", ["rate limit", "break off", "overflow", "failure"])
def test_a_fault_is_kept_with_the_question(
    asking: Workspace, conversation: Conversation, server: ModelServer, fault: str
) -> None:
    server.fault = fault
    chats = Chats()
    chats.ask(asking, conversation.id, QUESTION)
    turn = ended(chats, asking, conversation)
    assert (turn.question, turn.status) == (QUESTION, "failed")
    assert turn.error
    assert "sk-test" not in turn.error
    assert turn.details["fault"]


@pytest.fixture
def impatient_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.database, "BUSY_SECONDS", 0.05)


# The database takes the time that it waits when it is opened, so this comes before the others.
@pytest.mark.usefixtures("impatient_database")
def test_an_answer_is_kept_once_others_let_go_of_the_database(
    asking: Workspace,
    conversation: Conversation,
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live = held_back(Chats(), asking, conversation, server)
    other = sqlite3.connect(
        asking.settings.data_dir / DATABASE_FILE, isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")

    def let_go(record: logging.LogRecord) -> bool:
        other.rollback()
        return True

    monkeypatch.setattr(logging.getLogger("rag.chat"), "filters", [let_go])
    assert server.gate is not None
    server.gate.set()
    assert live.reply.wait(60)
    other.close()
    assert [turn.status for turn in asking.history.turns(conversation.id)] == ["done"]


def test_documents_that_are_gone_are_named(asking: Workspace, conversation: Conversation) -> None:
    chats = Chats()
    chats.ask(asking, conversation.id, QUESTION, scope=Scope(documents=("nowhere.pdf",)))
    turn = ended(chats, asking, conversation)
    assert turn.status == "failed"
    assert "nowhere.pdf" in turn.error
    assert turn.details["fault"] == "DocumentNotFound"


def test_a_collection_that_is_gone_is_named(asking: Workspace) -> None:
    conversation = asking.history.start("vanished")
    chats = Chats()
    chats.ask(asking, conversation.id, QUESTION)
    turn = ended(chats, asking, conversation)
    assert turn.status == "failed"
    assert "vanished" in turn.error


def test_a_conversation_that_does_not_exist(asking: Workspace) -> None:
    with pytest.raises(StoreError, match="no-such"):
        Chats().ask(asking, "no-such", QUESTION)


def test_a_conversation_deleted_meanwhile_ends_quietly(
    asking: Workspace, conversation: Conversation, server: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    own = held_back(Chats(), asking, conversation, server)
    asking.history.delete(conversation.id)
    server.gate.set()
    assert own.reply.wait(30)
    assert "could not be kept" in caplog.text


def test_a_long_conversation_is_summed_up_once_and_the_summary_kept(workspace: Workspace) -> None:
    fill(workspace)

    def reply(messages: list[dict[str, str]]) -> str:
        if messages[0]["content"].startswith("Sum up the conversation"):
            return "They asked when the valve opens: at 8.8 bar."
        return "The relief valve opens at 8.8 bar [1]. " + "That is what the passages say of it. " * 8

    with start_openai_server(reply, models=["small"]) as server:
        changed = {"answer.model": "openai", "answer.decline_below": 0, "answer.history_tokens": 500}
        changed |= {"openai.base_url": server.base_url, "openai.model": "small"}
        asking = open_workspace(with_overrides(workspace.settings, changed))
        conversation = asking.history.start("default")
        chats = Chats()
        for number in range(10):
            chats.ask(asking, conversation.id, f"When does the relief valve of boiler {number} open?")
            ended(chats, asking, conversation)
    turns = asking.history.turns(conversation.id)
    assert {turn.status for turn in turns} == {"done"}
    kept = [turn for turn in turns if turn.details["summary"]]
    asked_to_sum_up = [own for own in server.chats if own.body["messages"][0]["content"].startswith("Sum up")]
    # Made for a few turns only, and told in those between, too.
    assert 1 <= len(kept) == len(asked_to_sum_up) <= 5
    told = [turn for turn in turns if turn.details["tokens"].get("summed_up")]
    assert len(told) > len(kept)
    last = turns[-1].details["tokens"]
    assert last["summary"] > 0
    assert last["summary"] + last["history"] <= 500
    assert last["dropped"] == []
    prompt = server.chats[-1].body["messages"]
    assert "They asked when the valve opens: at 8.8 bar." in prompt[0]["content"]
    assert last["summed_up"] + (len(prompt) - 2) // 2 == 9
