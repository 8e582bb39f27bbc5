"""Both adapters, one body, against servers on loopback that speak the real protocols."""

from __future__ import annotations

import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from rag.errors import (
    ContextOverflow,
    ModelBusy,
    ModelError,
    ModelRefused,
    ModelUnreachable,
    SettingsError,
)
from rag.llm_ollama import OllamaChatModel
from rag.llm_openai import OpenAIChatModel
from rag.llms import ScriptedChatModel, ServerChatModel, get_chat_model, is_loopback, shown_address
from rag.patience import Patience
from rag.settings import AnswerSettings, OllamaSettings, OpenAISettings, Settings
from rag.types import Message, Usage
from tests.model_servers import ModelServer, start_ollama_server, start_openai_server

KEY = "sk-quite-secret-0123456789"
REPLY = "Paris is the capital [1]. It lies on the Seine [2]."
MESSAGES = [Message("system", "Answer briefly."), Message("user", "What is the capital?")]
PROMPT_TOKENS = 6  # words: Answer briefly. | What is the capital?
COMPLETION_TOKENS = 11  # pieces: one for each word of REPLY


@dataclass(frozen=True)
class Adapter:
    start: Callable[..., ModelServer]
    model: Callable[..., ServerChatModel]
    first_model: str


def openai_model(
    address: str,
    *,
    name: str = "small-model",
    wait: float = 10.0,
    key: str = KEY,
    patience: Patience | None = None,
) -> OpenAIChatModel:
    settings = OpenAISettings(base_url=address, api_key=key, model=name, timeout_seconds=wait)
    return OpenAIChatModel(settings, patience)


def ollama_model(
    address: str, *, name: str = "small-model:latest", wait: float = 10.0, patience: Patience | None = None
) -> OllamaChatModel:
    settings = OllamaSettings(host=address, model=name, timeout_seconds=wait)
    return OllamaChatModel(settings, window_tokens=4096, patience=patience)


ADAPTERS = {
    "openai": Adapter(start_openai_server, openai_model, "large-model"),
    "ollama": Adapter(start_ollama_server, ollama_model, "small-model:latest"),
}


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return ADAPTERS[request.param]


@pytest.fixture
def server(adapter: Adapter) -> Iterator[ModelServer]:
    with adapter.start([REPLY]) as running:
        yield running


def failure(model: ServerChatModel) -> ModelError:
    with pytest.raises(ModelError) as caught:
        list(model.stream(MESSAGES))
    error = caught.value
    assert KEY not in "".join(traceback.format_exception(error))
    assert model.address in str(error)
    assert str(error).endswith(".")
    return error


def test_streams_in_pieces_with_the_servers_usage(adapter: Adapter, server: ModelServer) -> None:
    model = adapter.model(server.base_url)
    assert model.usage is None
    pieces = list(model.stream(MESSAGES))
    assert "".join(pieces) == REPLY
    assert len(pieces) == COMPLETION_TOKENS
    assert model.usage == Usage(PROMPT_TOKENS, COMPLETION_TOKENS)
    assert not model.cut_short
    sent = server.chats[0].body
    assert sent["stream"] is True
    assert [(message["role"], message["content"]) for message in sent["messages"]] == [
        (message.role, message.content) for message in MESSAGES
    ]


def test_usage_is_estimated_when_the_server_tells_none(adapter: Adapter, server: ModelServer) -> None:
    server.fault = "no usage"
    model = adapter.model(server.base_url)
    assert "".join(model.stream(MESSAGES)) == REPLY
    assert model.usage is not None
    assert model.usage.estimated
    assert 0 < model.usage.completion_tokens < 30


def test_usage_is_forgotten_when_the_next_stream_begins(adapter: Adapter, server: ModelServer) -> None:
    model = adapter.model(server.base_url)
    list(model.stream(MESSAGES))
    pieces = model.stream(MESSAGES)
    next(pieces)
    assert model.usage is None
    pieces.close()


def test_a_reply_cut_at_the_models_limit_says_so(adapter: Adapter, server: ModelServer) -> None:
    server.fault = "length"
    model = adapter.model(server.base_url)
    list(model.stream(MESSAGES))
    assert model.cut_short


def test_stop_closes_the_connection(adapter: Adapter) -> None:
    with adapter.start([REPLY], gate=threading.Event()) as server:
        model = adapter.model(server.base_url)
        pieces = model.stream(MESSAGES)
        assert next(pieces) == "Paris"
        assert not server.disconnected.is_set()
        pieces.close()
        assert server.disconnected.wait(5)
        assert model.usage is not None
        assert model.usage.estimated


def test_pieces_arrive_before_the_reply_is_complete(adapter: Adapter) -> None:
    gate = threading.Event()
    with adapter.start([REPLY], gate=gate) as server:
        pieces = adapter.model(server.base_url).stream(MESSAGES)
        first = next(pieces)
        gate.set()
        assert first + "".join(pieces) == REPLY


def test_server_down(adapter: Adapter) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    prefix = "/v1" if adapter is ADAPTERS["openai"] else ""
    error = failure(adapter.model(f"http://127.0.0.1:{port}{prefix}"))
    assert isinstance(error, ModelUnreachable)
    assert "Start the server" in str(error)


def test_unknown_host(adapter: Adapter, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    error = failure(adapter.model("http://no-such-host.invalid:1234/v1"))
    assert isinstance(error, ModelUnreachable)
    assert "no-such-host.invalid" in str(error)


def test_silence_ends_with_the_time_out(adapter: Adapter, server: ModelServer) -> None:
    server.fault = "silent"
    error = failure(adapter.model(server.base_url, wait=0.3))
    assert isinstance(error, ModelUnreachable)
    assert "0.3 seconds" in str(error)
    assert len(server.chats) == 1


def test_silence_midway_ends_with_the_time_out(adapter: Adapter) -> None:
    with adapter.start([REPLY], gate=threading.Event()) as server:
        assert "0.3 seconds" in str(failure(adapter.model(server.base_url, wait=0.3)))


@pytest.mark.parametrize(
    ("fault", "expected", "says", "requests"),
    [
        ("rate limit", ModelBusy, "Wait 100 seconds", 1),
        ("overloaded", ModelBusy, "Wait a minute", 3),
        ("overflow", ContextOverflow, "answer.context_tokens", 1),
        ("overflow midway", ContextOverflow, "answer.context_tokens", 1),
        ("break off", ModelUnreachable, "broke off", 1),
        ("nonsense", ModelUnreachable, "protocol", 1),
        ("failure", ModelError, "HTTP 500", 3),
    ],
)
def test_faults(
    adapter: Adapter, server: ModelServer, fault: str, expected: type[ModelError], says: str, requests: int
) -> None:
    server.fault = fault
    model = adapter.model(server.base_url)
    error = failure(model)
    assert type(error) is expected
    assert says in str(error)
    assert model.name in str(error) or fault == "nonsense"
    assert len(server.chats) == requests


def test_a_broken_stream_gives_its_first_pieces(adapter: Adapter, server: ModelServer) -> None:
    server.fault = "break off"
    pieces = adapter.model(server.base_url).stream(MESSAGES)
    assert next(pieces) == "Paris"
    with pytest.raises(ModelUnreachable):
        list(pieces)


def test_a_server_that_was_busy_is_asked_once_more(adapter: Adapter, server: ModelServer) -> None:
    server.fault = "busy once"
    assert "".join(adapter.model(server.base_url).stream(MESSAGES)) == REPLY
    assert len(server.chats) == 2


def test_no_such_model(adapter: Adapter, server: ModelServer) -> None:
    error = failure(adapter.model(server.base_url, name="imaginary"))
    assert isinstance(error, ModelRefused)
    assert "'imaginary'" in str(error)
    assert "model" in str(error).rpartition(")")[2]


def test_list_models_and_check(adapter: Adapter, server: ModelServer) -> None:
    model = adapter.model(server.base_url)
    assert model.list_models()[0] == adapter.first_model
    said = f"Reached {server.base_url}; 2 models; {model.name} answers."
    more = " It reads up to 131,072 tokens at once." if adapter is ADAPTERS["ollama"] else ""
    assert model.check() == said + more


def test_check_reports_what_is_wrong(adapter: Adapter, server: ModelServer) -> None:
    server.fault = "nonsense"
    with pytest.raises(ModelUnreachable, match="protocol"):
        adapter.model(server.base_url).check()
    server.fault = ""
    with pytest.raises(ModelRefused, match="imaginary"):
        adapter.model(server.base_url, name="imaginary").check()


def test_a_proxy_in_the_environment_sees_no_loopback_traffic(
    adapter: Adapter, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert "".join(adapter.model(server.base_url).stream(MESSAGES)) == REPLY


def test_an_empty_reply_is_no_error(adapter: Adapter) -> None:
    with adapter.start([""]) as server:
        assert "".join(adapter.model(server.base_url).stream(MESSAGES)) == ""


def test_wrong_key_never_shows_a_key() -> None:
    with start_openai_server([REPLY], key="sk-another") as server:
        error = failure(openai_model(server.base_url))
        assert isinstance(error, ModelRefused)
        assert "openai.api_key" in str(error)
        with pytest.raises(ModelRefused) as caught:
            openai_model(server.base_url).check()
        assert KEY not in str(caught.value)


def test_the_key_is_sent_and_nothing_about_this_machine() -> None:
    with start_openai_server([REPLY], key=KEY) as server:
        list(openai_model(server.base_url).stream(MESSAGES))
        headers = server.chats[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert not [name for name in headers if "stainless" in name and ("os" in name or "arch" in name)]


def test_without_a_key_loopback_gets_a_placeholder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with start_openai_server([REPLY]) as server:
        assert "".join(openai_model(server.base_url, key="").stream(MESSAGES)) == REPLY
        assert KEY not in server.chats[0].headers["authorization"]


def test_without_a_key_openai_itself_is_not_contacted() -> None:
    with pytest.raises(ModelRefused, match=r"Set openai\.api_key"):
        OpenAIChatModel(OpenAISettings())


@pytest.mark.parametrize("key", ["sk-two\nlines", "sk-schlüssel", "sk two"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ModelRefused) as caught:
        openai_model("http://127.0.0.1:9/v1", key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize("fault", ["no usage option", "extra fields"])
def test_servers_that_refuse_the_usage_option_are_asked_without_it(fault: str) -> None:
    with start_openai_server([REPLY], fault=fault) as server:
        model = openai_model(server.base_url)
        assert "".join(model.stream(MESSAGES)) == REPLY
        assert model.usage is not None
        assert model.usage.estimated
        list(model.stream(MESSAGES))
        assert ["stream_options" in chat.body for chat in server.chats] == [True, False, False]


def test_ollama_is_asked_for_the_window_of_the_settings() -> None:
    with start_ollama_server([REPLY]) as server:
        list(ollama_model(server.base_url).stream(MESSAGES))
        assert server.chats[0].body["options"]["num_ctx"] == 4096


def test_ollama_without_a_model_takes_the_first_that_chats_on_this_machine() -> None:
    models = ("embedder:latest", "huge:cloud", "gpt-oss:120b-cloud", "chat:latest")
    with start_ollama_server([REPLY], models=models) as server:
        server.capabilities["embedder:latest"] = ["embedding"]
        model = ollama_model(server.base_url, name="")
        assert "4 models; chat:latest answers." in model.check()
        again = ollama_model(server.base_url, name="")
        list(again.stream(MESSAGES))
        assert again.name == "chat:latest"


def test_ollama_without_any_model_says_what_to_pull() -> None:
    with start_ollama_server([REPLY], models=()) as server, pytest.raises(ModelRefused, match="ollama pull"):
        ollama_model(server.base_url, name="").check()


def test_ollamas_missing_model_names_the_command() -> None:
    with start_ollama_server([REPLY]) as server:
        assert "`ollama pull imaginary`" in str(failure(ollama_model(server.base_url, name="imaginary")))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://localhost:11434", True),
        ("127.0.0.1:11434", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:8000/v1", True),
        ("0.0.0.0:11434", True),
        ("http://app.localhost/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost@example.com/v1", False),
        ("http://192.168.1.5:8000", False),
        ("http://[broken", False),
    ],
)
def test_loopback_is_told_without_a_name_server(address: str, expected: bool) -> None:
    assert is_loopback(address) is expected


def test_addresses_are_shown_without_secrets() -> None:
    assert shown_address(f"https://user:{KEY}@host:1/v1?key={KEY}") == "https://host:1/v1"


def test_the_settings_choose_the_model() -> None:
    settings = Settings(answer=AnswerSettings(model="ollama"), openai=OpenAISettings(api_key=KEY))
    assert isinstance(get_chat_model(settings), OllamaChatModel)
    chosen = get_chat_model(replace(settings, answer=AnswerSettings(model="openai")))
    assert isinstance(chosen, OpenAIChatModel)
    with pytest.raises(SettingsError, match="extractive"):
        get_chat_model(replace(settings, answer=AnswerSettings(model="extractive")))


@pytest.mark.parametrize("address", ["", "not an address", "ftp://host/v1"])
def test_malformed_addresses_are_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="base_url"):
        openai_model(address)


@pytest.mark.parametrize("address", ["", "http://host:port"])
def test_malformed_ollama_hosts_are_refused(address: str) -> None:
    with pytest.raises(SettingsError, match=r"ollama\.host"):
        list(ollama_model(address).stream(MESSAGES))


def test_the_fake_keeps_to_its_script() -> None:
    model = ScriptedChatModel(["one two three", "four"], chunk=4)
    assert list(model.stream(MESSAGES)) == ["one ", "two ", "thre", "e"]
    assert model.usage == Usage(PROMPT_TOKENS, 4, estimated=True)
    assert "".join(model.stream(MESSAGES[1:])) == "four"
    assert model.asked == [MESSAGES, MESSAGES[1:]]
    with pytest.raises(ModelUnreachable, match="no reply left"):
        list(model.stream(MESSAGES))
