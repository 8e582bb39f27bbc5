"""Reasoning models: what they think is told apart from what they say, however the server sends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from corpus import fill
from model_servers import ModelServer, start_ollama_server, start_openai_server

from rag.answer import Reply, ask
from rag.history import Turn
from rag.llms import get_chat_model
from rag.settings import Settings, with_overrides
from rag.thinking import ThinkingFilter
from rag.turns import MOST_THINKING, details_of, messages_of
from rag.types import Message
from rag.workspace import Workspace

QUESTION = "At what pressure does the relief valve of boiler 7 open?"
THOUGHT = "The passage [1] names 8.8 bar, and so does [2]."
SAID = "The valve opens at 8.8 bar [1]."
TAGGED = f"<think>{THOUGHT}</think>\n{SAID}"
MESSAGES = [Message("user", QUESTION)]


def parted(text: str, size: int) -> tuple[str, str]:
    own = ThinkingFilter()
    pieces = [own.feed(text[start : start + size]) for start in range(0, len(text), size)] + [own.finish()]
    return "".join(thought for thought, _ in pieces), "".join(said for _, said in pieces)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("text", "thought", "said"),
    [
        ("<think>First.</think>Then.", "First.", "Then."),
        ("\n<think>\nFirst.\n</think>\n\nThen.", "\nFirst.\n", "Then."),
        ("<Thinking>İ < 5 </ thinking></THINKING> Yes.", "İ < 5 </ thinking>", "Yes."),
        ("<think></think>\n\nThen.", "", "Then."),
        ("<think>a</think>\n<reasoning>b</reasoning>Then.", "ab", "Then."),
        ("<think>never closed, </thi", "never closed, </thi", ""),
        ("  Said with spaces. ", "", "  Said with spaces. "),
        ("The tag <think>x</think> is quoted.", "", "The tag <think>x</think> is quoted."),
        ("<thin", "", "<thin"),
        ("<b>bold</b>", "", "<b>bold</b>"),
        ("", "", ""),
    ],
)
def test_tags_are_parted_wherever_the_stream_is_cut(text: str, thought: str, said: str, size: int) -> None:
    assert parted(text, size) == (thought, said)


def test_what_is_said_comes_at_once() -> None:
    own = ThinkingFilter()
    assert own.feed("Paris") == ("", "Paris")
    assert own.feed(" <think") == ("", " <think")


@dataclass(frozen=True)
class Way:
    """How a server sends thinking."""

    start: Callable[..., ModelServer]
    section: str
    address: str
    options: dict[str, Any]
    reply: str


WAYS = {
    "reasoning_content": Way(start_openai_server, "openai", "base_url", {"thinking": THOUGHT}, SAID),
    "reasoning": Way(
        *(start_openai_server, "openai", "base_url"),
        {"thinking": THOUGHT, "thinking_field": "reasoning"},
        SAID,
    ),
    "openai tags": Way(
        *(start_openai_server, "openai", "base_url"),
        {"piece_characters": 3},
        f"<think>{THOUGHT}</think>\n{SAID}",
    ),
    "thinking": Way(start_ollama_server, "ollama", "host", {"thinking": THOUGHT}, SAID),
    "ollama tags": Way(*(start_ollama_server, "ollama", "host"), {"piece_characters": 3}, TAGGED),
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


@pytest.fixture
def server(way: Way) -> Iterator[ModelServer]:
    with way.start([way.reply], **way.options) as running:
        yield running


@pytest.fixture
def thinking_settings(settings: Settings, way: Way, server: ModelServer) -> Settings:
    changes = {f"{way.section}.{way.address}": server.base_url, f"{way.section}.model": server.models[0]}
    return with_overrides(settings, {**changes, "answer.model": way.section, "answer.decline_below": 0.0})


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace)
    return workspace


def replied(workspace: Workspace, settings: Settings) -> Reply:
    reply = ask(QUESTION, table=workspace.table("default"), settings=settings)
    list(reply)
    return reply


def test_a_model_parts_thinking_from_its_reply(thinking_settings: Settings) -> None:
    model = get_chat_model(thinking_settings)
    assert "".join(model.stream(MESSAGES)) == SAID
    assert model.thinking == THOUGHT
    assert "".join(model.stream(MESSAGES)) == SAID
    assert model.thinking == THOUGHT, "it is forgotten when the next stream begins"


def test_thinking_is_kept_beside_the_answer_and_cites_nothing(
    filled: Workspace, thinking_settings: Settings
) -> None:
    reply = replied(filled, thinking_settings)
    assert reply.text == SAID
    assert reply.thinking == THOUGHT
    assert [citation.number for citation in reply.citations] == [1]
    assert len(reply.support) == 1, "only the answer's sentence is checked"
    assert details_of(reply)["thinking"] == THOUGHT


def test_thinking_is_no_part_of_the_history(filled: Workspace, thinking_settings: Settings) -> None:
    reply = replied(filled, thinking_settings)
    conversation = filled.history.start("default")
    turn = filled.history.add_turn(conversation.id, QUESTION)
    kept: Turn = filled.history.finish_turn(
        turn.id, answer=reply.text, status="done", citations=reply.citations, details=details_of(reply)
    )
    assert kept.details["thinking"] == THOUGHT
    assert not [own for own in messages_of([kept]) if "names" in own.content]


def test_stopping_while_it_thinks_ends_the_request(way: Way, settings: Settings) -> None:
    import threading

    with way.start([way.reply], **way.options, gate=threading.Event()) as server:
        changes = {f"{way.section}.{way.address}": server.base_url, f"{way.section}.model": server.models[0]}
        model = get_chat_model(with_overrides(settings, {**changes, "answer.model": way.section}))
        pieces = model.stream(MESSAGES)
        assert next(iter(pieces)) == ""
        pieces.close()  # type: ignore[attr-defined]
        assert server.disconnected.wait(10)


def test_a_model_that_thinks_to_its_limit_says_why_there_is_no_answer(
    filled: Workspace, settings: Settings
) -> None:
    long = "so " * MOST_THINKING
    with start_openai_server([f"<think>{long}"], fault="length", piece_characters=9000) as server:
        changes = {"openai.base_url": server.base_url, "openai.model": server.models[0], "model": "openai"}
        reply = replied(filled, with_overrides(settings, {**changes, "answer.decline_below": 0.0}))
    assert reply.text == ""
    assert not reply.answered
    assert "gave no answer" in " ".join(reply.notes)
    kept = details_of(reply)
    assert len(kept["thinking"]) == MOST_THINKING
    assert kept["thinking_dropped"] == len(long) - MOST_THINKING
