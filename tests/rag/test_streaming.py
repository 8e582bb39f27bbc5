"""A reply in a thread of its own, followed by nobody, by several, or stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from corpus import fill

from rag.answer import Reply, ask
from rag.llms import ScriptedChatModel
from rag.settings import with_overrides
from rag.streaming import LiveReply
from rag.workspace import Workspace

PATIENCE = 30.0
SAID = "It opens at 8.8 bar [1]. Ines Marchetti tested it [1]."


class GatedModel(ScriptedChatModel):
    """Says its first piece, then waits for `gate`; `failing` is raised in place of what follows."""

    def __init__(self, failing: Exception | None = None) -> None:
        super().__init__([SAID], chunk=24)
        self.gate = threading.Event()
        self.waiting = threading.Event()
        self.failing = failing

    def stream(self, messages: Any) -> Iterator[str]:  # type: ignore[override]
        for number, piece in enumerate(super().stream(messages)):
            if number == 1:
                self.waiting.set()
                assert self.gate.wait(PATIENCE)
                if self.failing:
                    raise self.failing
            yield piece


class Endings:
    """What `on_end` was called with, and the text at that time."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, BaseException | None]] = []

    def __call__(self, reply: Reply, ending: str, error: BaseException | None) -> None:
        self.calls.append((reply.text, ending, error))


@pytest.fixture
def endings() -> Endings:
    return Endings()


def reply_of(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, model: ScriptedChatModel | None) -> Reply:
    fill(workspace)
    monkeypatch.setattr("rag.answer.get_chat_model", lambda settings: model)
    changed = {"answer.decline_below": 0.0, "model": "ollama" if model else "extractive"}
    settings = with_overrides(workspace.settings, changed)
    return ask("When does the relief valve open?", table=workspace.table("default"), settings=settings)


def test_it_ends_by_itself_though_nobody_looks(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, endings: Endings
) -> None:
    live = LiveReply(reply_of(workspace, monkeypatch, None), endings).start()
    assert live.wait(PATIENCE)
    assert live.ended
    [(text, ending, error)] = endings.calls
    assert (ending, error) == ("done", None)
    assert "8.8 bar" in text
    # Who comes late sees the whole, once.
    assert list(live.follow()) == [text]
    live.stop()
    assert len(endings.calls) == 1


def test_everyone_who_follows_sees_it_grow(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, endings: Endings
) -> None:
    model = GatedModel()
    live = LiveReply(reply_of(workspace, monkeypatch, model), endings).start()
    seen: list[str] = []
    assert model.waiting.wait(PATIENCE)
    for shown in live.follow(heartbeat=0.01):
        seen.append(shown)
        if len(seen) == 3:
            # Heartbeats come while nothing new does; and the search is over.
            assert seen[-1].startswith("It opens")
            assert live.found
            assert not live.ended
            assert not live.wait(0)
            model.gate.set()
    assert seen[-1] == SAID
    assert all(later.startswith(earlier) for earlier, later in pairwise(seen))
    assert endings.calls == [(SAID, "done", None)]


def test_stopping_keeps_what_was_said_by_then(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, endings: Endings
) -> None:
    monkeypatch.setattr("rag.streaming.STOP_SECONDS", 0.05)
    model = GatedModel()
    live = LiveReply(reply_of(workspace, monkeypatch, model), endings).start()
    assert model.waiting.wait(PATIENCE)
    live.stop()
    assert live.ended
    [(text, ending, error)] = endings.calls
    assert (ending, error) == ("stopped", None)
    assert text.startswith("It opens")
    assert text != SAID
    # The thread, let go at last, changes nothing that was kept.
    model.gate.set()
    live.stop()
    assert endings.calls == [(text, "stopped", None)]


def test_a_failure_is_handed_on_with_what_was_said(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, endings: Endings
) -> None:
    fault = RuntimeError("the model went away")
    model = GatedModel(failing=fault)
    live = LiveReply(reply_of(workspace, monkeypatch, model), endings).start()
    model.gate.set()
    assert live.wait(PATIENCE)
    [(text, ending, error)] = endings.calls
    assert ending == "failed"
    assert error is fault
    assert text.startswith("It opens")
    live.stop()
    assert len(endings.calls) == 1
