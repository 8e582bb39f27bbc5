"""Servers that fail: asked again when it may help, left alone after repeated failure. No test waits."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from model_servers import ModelServer, start_ollama_server, start_openai_server

from rag.circuits import FAILURES, LONGEST_REST_SECONDS, REST_SECONDS, Circuits
from rag.errors import ModelBusy, ModelError, ModelPaused, ModelRefused, ModelUnreachable
from rag.llm_ollama import OllamaChatModel
from rag.llm_openai import OpenAIChatModel
from rag.llms import ServerChatModel, seconds_to_wait
from rag.patience import Patience
from rag.settings import OllamaSettings, OpenAISettings
from rag.types import Message

REPLY = "Paris is the capital [1]."
MESSAGES = [Message("user", "What is the capital?")]


@dataclass
class Time:
    """A clock that only sleeping and `pass_by` move on."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


Make = Callable[..., ServerChatModel]


def openai_model(
    address: str, patience: Patience, name: str = "small-model", key: str = "k"
) -> OpenAIChatModel:
    return OpenAIChatModel(OpenAISettings(base_url=address, api_key=key, model=name), patience)


def ollama_model(address: str, patience: Patience, name: str = "small-model:latest") -> OllamaChatModel:
    return OllamaChatModel(OllamaSettings(host=address, model=name), patience=patience)


@pytest.fixture(params=[(start_openai_server, openai_model), (start_ollama_server, ollama_model)])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def server(kind: Any) -> Iterator[ModelServer]:
    with kind[0]([REPLY]) as running:
        yield running


@pytest.fixture
def make(kind: Any) -> Make:
    return kind[1]


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def patience(time: Time) -> Patience:
    return Patience(sleep=time.sleep, chance=lambda: 1.0, circuits=Circuits(lambda: time.now))


def said(model: ServerChatModel) -> str:
    return "".join(model.stream(MESSAGES))


def failed(model: ServerChatModel) -> ModelError:
    with pytest.raises(ModelError) as caught:
        said(model)
    return caught.value


def test_pauses_double_and_end(make: Make, server: ModelServer, patience: Patience, time: Time) -> None:
    server.fault = "overloaded"
    assert isinstance(failed(make(server.base_url, patience)), ModelBusy)
    assert time.slept == [0.5, 1.0]
    assert len(server.chats) == 3


def test_chance_shortens_a_pause_by_half_at_most(make: Make, server: ModelServer, time: Time) -> None:
    server.fault = "failure"
    lucky = Patience(sleep=time.sleep, chance=lambda: 0.0, circuits=Circuits(lambda: time.now))
    failed(make(server.base_url, lucky))
    assert time.slept == [0.25, 0.5]


def test_the_servers_own_word_on_when_to_come_back_is_kept_to(
    make: Make, server: ModelServer, patience: Patience, time: Time
) -> None:
    server.fault = "back in 3 s"
    model = make(server.base_url, patience)
    assert said(model) == REPLY
    assert time.slept == [pytest.approx(3.3)]
    assert model.usage is not None


def test_a_server_that_asks_for_too_long_is_not_waited_for(
    make: Make, server: ModelServer, patience: Patience, time: Time
) -> None:
    server.fault = "rate limit"
    assert "Wait 100 seconds" in str(failed(make(server.base_url, patience)))
    assert time.slept == []


def test_a_connection_refused_is_tried_again(make: Make, patience: Patience, time: Time) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert isinstance(failed(make(f"http://127.0.0.1:{port}/v1", patience)), ModelUnreachable)
    assert time.slept == [0.5, 1.0]


@pytest.mark.parametrize("fault", ["overflow", "break off", "nonsense"])
def test_what_asking_again_would_not_mend_is_asked_once(
    make: Make, server: ModelServer, patience: Patience, time: Time, fault: str
) -> None:
    server.fault = fault
    failed(make(server.base_url, patience))
    assert (time.slept, len(server.chats)) == ([], 1)


def test_refusals_are_asked_once_and_open_no_circuit(
    make: Make, server: ModelServer, patience: Patience, time: Time
) -> None:
    model = make(server.base_url, patience, name="imaginary")
    for _ in range(FAILURES + 1):
        assert type(failed(model)) is ModelRefused
    assert (time.slept, len(server.chats)) == ([], FAILURES + 1)


def test_a_wrong_key_is_asked_once(patience: Patience, time: Time) -> None:
    with start_openai_server([REPLY], key="right") as server:
        assert type(failed(openai_model(server.base_url, patience, key="wrong"))) is ModelRefused
        assert (time.slept, len(server.requests)) == ([], 1)


def test_whoever_waits_is_told_and_may_leave_before_the_next_request(
    make: Make, server: ModelServer, time: Time
) -> None:
    heard = []

    def sleep(seconds: float) -> None:
        heard.append(model.waiting)

    server.fault = "overloaded"
    model = make(server.base_url, Patience(sleep=sleep, circuits=Circuits(lambda: time.now)))
    pieces = model.stream(MESSAGES)
    assert next(pieces) == ""
    pieces.close()
    assert "asking again in" in heard[0]
    assert model.waiting == ""
    assert len(server.chats) == 1


def test_a_circuit_opens_says_so_and_lets_one_request_try(
    make: Make, server: ModelServer, patience: Patience, time: Time
) -> None:
    server.fault = "overloaded"
    model = make(server.base_url, patience)
    while not model.problem:
        assert isinstance(failed(model), ModelBusy), "what went wrong is said as it is"
    asked = len(server.chats)
    assert asked == FAILURES
    paused = failed(make(server.base_url, patience))
    assert f"has failed {FAILURES} times; trying again in {REST_SECONDS:.0f} s. Use another" in str(paused)
    assert server.base_url in str(paused)
    assert model.problem == f"has failed {FAILURES} times; trying again in {REST_SECONDS:.0f} s."
    assert len(server.chats) == asked, "while it rests, nothing is sent"

    time.now += REST_SECONDS
    assert "the next question tries it again" in model.problem
    assert isinstance(failed(model), ModelBusy)
    assert isinstance(failed(model), ModelPaused), "the trial failed, and so the circuit is open again"
    assert len(server.chats) == asked + 1
    assert "trying again in 60 s" in model.problem

    time.now += 2 * REST_SECONDS
    server.fault = ""
    assert said(model) == REPLY
    assert model.problem == ""


def test_rests_grow_no_longer_than_a_bound(time: Time) -> None:
    circuits = Circuits(lambda: time.now)
    for _ in range(FAILURES):
        circuits.failed("key", ModelBusy("busy"))
    for _ in range(10):
        time.now += LONGEST_REST_SECONDS
        circuits.admit("key", "It")
        circuits.failed("key", ModelBusy("busy"))
    assert circuits.problem("key").endswith(f"trying again in {LONGEST_REST_SECONDS:.0f} s.")


def test_one_request_alone_tries_and_its_end_without_a_word_lets_the_next_try(
    make: Make, server: ModelServer, patience: Patience, time: Time
) -> None:
    server.fault = "overloaded"
    model = make(server.base_url, patience)
    while not model.problem:
        failed(model)
    time.now += REST_SECONDS
    patience.circuits.admit(model.circuit, model.name)
    assert "one request is trying it again now" in str(failed(make(server.base_url, patience)))
    patience.circuits.released(model.circuit)
    server.fault = ""
    assert said(model) == REPLY


def test_a_check_asks_in_spite_of_an_open_circuit_and_closes_it(
    make: Make, server: ModelServer, patience: Patience
) -> None:
    server.fault = "overloaded"
    model = make(server.base_url, patience)
    while not model.problem:
        failed(model)
    server.fault = ""
    assert "answers" in model.check()
    assert model.problem == ""


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("", None),
        ("soon", None),
        ("Fri, 01 Jan 2021 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(header: str, seconds: float | None) -> None:
    assert seconds_to_wait({"retry-after": header}) == seconds
