"""Questions that wait are kept with their conversation, and each is asked once, whoever looks."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import date

import pytest
from corpus import fill
from model_servers import ModelServer, start_openai_server

from rag.attached_files import Asked
from rag.chat import Chats
from rag.database import DATABASE_FILE, close_databases
from rag.errors import StoreError, WriterBusy
from rag.settings import with_overrides
from rag.turns import scope_of
from rag.types import Scope
from rag.waiting_questions import WaitingQuestion
from rag.workspace import Workspace, open_workspace

FULL = WaitingQuestion(
    "When was it tested?",
    standalone="When was the relief valve tested?",
    beside="some-turn",
    instead=True,
    scope=Scope(documents=("boiler.md",), since=date(2020, 2, 29), first_page=2),
    asked=Asked.BOTH,
    overrides=(("answer.style", "short"), ("retrieval.k", 3)),
    needs_files=True,
)
VALVE = "When does the relief valve of boiler 7 open?"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with start_openai_server(["It opens at 8.8 bar [1]. Nobody knows why."]) as own:
        yield own


@pytest.fixture
def asking(workspace: Workspace, server: ModelServer) -> Workspace:
    """A filled data folder whose questions go to the stand-in for a model."""
    fill(workspace)
    changed = {"answer.model": "openai", "answer.decline_below": 0, "answer.rewrite_follow_ups": False}
    changed |= {"openai.base_url": server.base_url, "openai.model": server.models[0]}
    return open_workspace(with_overrides(workspace.settings, changed))


def test_they_outlive_the_process_whole_and_in_order(workspace: Workspace) -> None:
    own, other = (workspace.history.start("default").id for _ in range(2))
    asked = [FULL, WaitingQuestion("And why?"), WaitingQuestion("Who says so?", scope=Scope())]
    for question in asked:
        workspace.waiting.put(own, question)
    workspace.waiting.put(own, FULL)
    workspace.waiting.put(other, FULL)
    close_databases()
    again = open_workspace(workspace.settings)
    assert again.waiting.of(own) == asked
    assert again.waiting.of(other) == [FULL]


def test_one_is_taken_once_and_never_for_another(workspace: Workspace) -> None:
    own = workspace.history.start("default").id
    workspace.waiting.put(own, FULL)
    [kept] = workspace.waiting.of(own)
    assert workspace.waiting.take(kept)
    assert not workspace.waiting.take(kept)
    workspace.waiting.put(own, FULL)
    # A window that still shows the first one drops nothing.
    assert not workspace.waiting.take(kept)
    assert workspace.waiting.of(own) == [FULL]


def test_another_in_its_place_and_not_twice(workspace: Workspace) -> None:
    own = workspace.history.start("default").id
    first, second, third = (WaitingQuestion(text) for text in ("One?", "Two?", "Three?"))
    for question in (first, second):
        workspace.waiting.put(own, question)
    kept = workspace.waiting.of(own)
    workspace.waiting.change(kept[0], third)
    assert workspace.waiting.of(own) == [third, second]
    workspace.waiting.change(kept[1], third)
    assert workspace.waiting.of(own) == [third]
    workspace.waiting.change(kept[1], first)
    assert workspace.waiting.of(own) == [third]


def test_they_go_with_their_conversation(workspace: Workspace) -> None:
    own = workspace.history.start("default").id
    workspace.waiting.put(own, FULL)
    [kept] = workspace.waiting.of(own)
    workspace.history.delete(own)
    assert workspace.waiting.of(own) == []
    assert not workspace.waiting.take(kept)
    with pytest.raises(StoreError, match="was deleted meanwhile"):
        workspace.waiting.put(own, FULL)


def test_of_several_viewers_one_asks_and_none_ends_the_answer_of_another(
    asking: Workspace, server: ModelServer
) -> None:
    server.gate = threading.Event()
    chats, own = Chats(), asking.history.start("default").id
    for text in (VALVE, "Who tested it?"):
        asking.waiting.put(own, WaitingQuestion(text))
    seen = asking.waiting.of(own)
    together = threading.Barrier(6)
    asked: list[WaitingQuestion] = []

    def view(question: WaitingQuestion) -> None:
        together.wait(30)
        if chats.ask_next(asking, own, question, scope=Scope(), asked=Asked.COLLECTION):
            asked.append(question)

    viewers = [threading.Thread(target=view, args=(question,)) for question in seen * 3]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join(60)
    live = chats.live(own)
    assert live is not None
    assert len(asked) == 1
    assert [turn.status for turn in asking.history.turns(own)] == ["running"]
    [waits] = asking.waiting.of(own)
    assert waits not in asked
    server.gate.set()
    assert live.reply.wait(60)
    assert chats.ask_next(asking, own, waits, scope=Scope(), asked=Asked.COLLECTION)
    live = chats.live(own)
    assert live is None or live.reply.wait(60)
    assert [turn.status for turn in asking.history.turns(own)] == ["done", "done"]
    assert asking.waiting.of(own) == []


def test_one_that_cannot_be_written_down_waits_on(asking: Workspace) -> None:
    chats, own = Chats(), asking.history.start("default").id
    asking.waiting.put(own, WaitingQuestion(VALVE))
    [waits] = asking.waiting.of(own)
    busy = sqlite3.connect(asking.settings.data_dir / DATABASE_FILE, isolation_level=None)
    busy.execute(
        "CREATE TRIGGER busy BEFORE INSERT ON turns BEGIN SELECT RAISE(ABORT, 'database is locked'); END"
    )
    with pytest.raises(WriterBusy):
        chats.ask_next(asking, own, waits, scope=Scope(), asked=Asked.COLLECTION)
    assert asking.waiting.of(own) == [waits]
    busy.execute("DROP TRIGGER busy")
    busy.close()
    assert chats.ask_next(asking, own, waits, scope=Scope(), asked=Asked.COLLECTION)
    live = chats.live(own)
    assert live is None or live.reply.wait(60)
    assert [(turn.question, turn.status) for turn in asking.history.turns(own)] == [(VALVE, "done")]
    assert asking.waiting.of(own) == []


def test_what_a_question_is_asked_of_is_known_from_the_start(asking: Workspace, server: ModelServer) -> None:
    server.gate = threading.Event()
    chats, own = Chats(), asking.history.start("default").id
    scope = Scope(documents=("boiler.md",))
    asking.waiting.put(own, WaitingQuestion(VALVE, scope=scope))
    [waits] = asking.waiting.of(own)
    assert chats.ask_next(asking, own, waits, scope=Scope(), asked=Asked.COLLECTION)
    [turn] = asking.history.turns(own)
    assert (turn.status, scope_of(turn)) == ("running", scope)
    server.gate.set()
    chats.stop(own)


def test_another_version_of_a_turn_that_is_gone_is_asked_as_a_question(asking: Workspace) -> None:
    chats, own = Chats(), asking.history.start("default").id
    chats.ask(asking, own, VALVE)
    live = chats.live(own)
    assert live is None or live.reply.wait(60)
    asking.waiting.put(own, WaitingQuestion("Who tested it?", beside="replaced-since", instead=True))
    [waits] = asking.waiting.of(own)
    assert chats.ask_next(asking, own, waits, scope=Scope(), asked=Asked.COLLECTION)
    live = chats.live(own)
    assert live is None or live.reply.wait(60)
    assert [turn.question for turn in asking.history.turns(own)] == [VALVE, "Who tested it?"]


def test_they_know_a_collection_by_its_new_name(workspace: Workspace) -> None:
    fill(workspace, {"leave.txt": "Parental leave lasts 26 weeks."}, collection="memos")
    own = workspace.history.start("default").id
    workspace.waiting.put(own, WaitingQuestion("How long?", scope=Scope(collections=("memos", "other"))))
    workspace.waiting.put(own, WaitingQuestion("And why?"))
    workspace.tables.rename("memos", "letters")
    scopes = [question.scope for question in workspace.waiting.of(own)]
    assert scopes == [Scope(collections=("letters", "other")), None]
