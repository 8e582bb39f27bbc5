"""Several chat models configured at once: how they are kept, read, checked and forgotten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from model_servers import start_ollama_server, start_openai_server

from rag.answerers import address_of, answering_by, in_order, remove_model, server_of, set_up
from rag.disclosure import who_answers
from rag.errors import ModelRefused, SettingsError
from rag.llms import ServerChatModel, get_chat_model
from rag.server_settings import OllamaSettings
from rag.settings import Settings, load_settings, save_settings, set_by_environment, value_at, with_overrides
from rag.types import Message

MESSAGES = [Message("user", "What is the capital?")]
FAST = {
    "models.fast.kind": "openai",
    "models.fast.base_url": "http://127.0.0.1:9/v1",
    "models.fast.model": "m",
}
DEEP = {
    "models.deep.kind": "ollama",
    "models.deep.model": "deep-model:latest",
    "models.deep.keep_alive": "1h",
}


def loaded(folder: Path, environment: dict[str, str] | None = None) -> Settings:
    return load_settings(data_dir=folder, environment=environment or {})


def test_models_are_kept_beside_the_other_settings_and_keys_apart(tmp_path: Path) -> None:
    save_settings(tmp_path, {**FAST, **DEEP, "models.fast.api_key": "sk-fast", "answer.model": "fast"})
    assert "sk-fast" not in (tmp_path / "settings.json").read_text()
    assert json.loads((tmp_path / "secrets.json").read_text()) == {"models.fast.api_key": "sk-fast"}
    settings = loaded(tmp_path)
    assert "sk-fast" not in repr(settings)
    assert [own.name for own in settings.models] == ["deep", "fast"]
    assert value_at(settings, "models.fast.api_key") == "sk-fast"
    deep = server_of(settings, "deep")
    assert isinstance(deep, OllamaSettings)
    assert (deep.model, deep.keep_alive, deep.host) == ("deep-model:latest", "1h", OllamaSettings().host)
    assert address_of(settings, "fast") == "http://127.0.0.1:9/v1"
    assert set_up(settings) == ["extractive", "deep", "fast"]


def test_settings_of_a_single_model_keep_their_meaning(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(
        '{"answer.model": "openai", "openai.model": "m", "openai.base_url": "http://127.0.0.1:9/v1"}'
    )
    settings = loaded(tmp_path)
    assert set_up(settings) == ["extractive", "openai"]
    assert in_order(settings) == ["openai"]
    model = get_chat_model(settings)
    assert isinstance(model, ServerChatModel)
    assert (model.name, model.section) == ("m", "openai")


def test_a_name_may_hold_dots_and_spaces(tmp_path: Path) -> None:
    save_settings(
        tmp_path, {"models.gpt-4.1 mini.kind": "openai", "models.gpt-4.1 mini.model": "gpt-4.1-mini"}
    )
    settings = loaded(tmp_path, {"ASKANCE_MODELS_GPT_4_1_MINI_API_KEY": "sk-from-outside"})
    assert value_at(settings, "models.gpt-4.1 mini.api_key") == "sk-from-outside"
    locked = set_by_environment(settings, {"ASKANCE_MODELS_GPT_4_1_MINI_API_KEY": "sk"})
    assert locked == {"models.gpt-4.1 mini.api_key": "ASKANCE_MODELS_GPT_4_1_MINI_API_KEY"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"models.fast.model": "m"}, "models.fast.kind is not set"),
        ({"models.fast.kind": "magic"}, "must be one of openai, ollama"),
        ({**FAST, "models.fast.host": "x"}, "Unknown setting 'models.fast.host'"),
        ({**FAST, "models.fast.timeout_seconds": 0}, "must be at least 1"),
        ({**FAST, "models.FAST.kind": "openai"}, "too like another"),
        ({"models.openai.kind": "openai"}, "cannot be the name"),
        ({"models.a,b.kind": "openai"}, "cannot be the name"),
        ({"models.kind": "openai"}, "look like models.fast.model"),
        ({"answer.model": "nobody"}, "must be one of extractive, openai, ollama"),
        ({**FAST, "answer.fallbacks": "fast, nobody"}, "answer.fallbacks = 'nobody'"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        with_overrides(Settings(), changes)


def test_the_kind_of_a_model_stays(tmp_path: Path) -> None:
    save_settings(tmp_path, FAST)
    with pytest.raises(SettingsError, match="Add another one instead"):
        save_settings(tmp_path, {"models.fast.kind": "ollama"})


def test_a_removed_model_is_forgotten_with_its_key_and_nobody_names_it(tmp_path: Path) -> None:
    save_settings(
        tmp_path,
        {
            **FAST,
            **DEEP,
            "models.fast.api_key": "sk",
            "answer.model": "fast",
            "answer.fallbacks": "deep,fast",
        },
    )
    save_settings(tmp_path, {"models.fast.two.kind": "openai"})
    remove_model(loaded(tmp_path), "fast")
    settings = loaded(tmp_path)
    assert [own.name for own in settings.models] == ["deep", "fast.two"]
    assert in_order(settings) == ["extractive", "deep"]
    assert json.loads((tmp_path / "secrets.json").read_text()) == {}


def test_a_model_that_the_environment_chooses_is_not_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_settings(tmp_path, FAST)
    monkeypatch.setenv("ASKANCE_ANSWER_MODEL", "fast")
    with pytest.raises(SettingsError, match="ASKANCE_ANSWER_MODEL names 'fast'"):
        remove_model(load_settings(data_dir=tmp_path), "fast")
    assert loaded(tmp_path).models


def test_messages_point_to_the_settings_of_the_model() -> None:
    chosen = with_overrides(Settings(), {"models.fast.kind": "openai", "answer.model": "fast"})
    with pytest.raises(ModelRefused, match=r"Set models\.fast\.api_key"):
        get_chat_model(chosen)
    with pytest.raises(SettingsError, match=r"models\.fast\.base_url is no address"):
        get_chat_model(with_overrides(chosen, {"models.fast.base_url": "none"}))


def test_each_model_has_its_own_window() -> None:
    settings = with_overrides(Settings(), {**FAST, **DEEP, "models.fast.window_tokens": 4000})
    assert answering_by(settings, "fast").answer.window_tokens == 4000
    assert answering_by(settings, "deep").answer.window_tokens == settings.answer.window_tokens
    assert answering_by(settings, "extractive").answer.window_tokens == settings.answer.window_tokens


def test_where_text_goes_is_said_of_the_fallbacks_too() -> None:
    settings = with_overrides(
        Settings(),
        {
            **FAST,
            **DEEP,
            "models.far.kind": "openai",
            "models.far.model": "far-model",
            "models.far.base_url": "https://me:sesame@far.example/v1",
            "answer.model": "fast",
            "answer.fallbacks": "far, extractive",
        },
    )
    said = who_answers(settings)
    assert said.startswith("Answers come from m on this machine.")
    assert "If that fails: far-model at far.example, then quotes from your documents." in said
    assert "are sent to far.example" in said
    assert "nothing leaves" not in said
    assert "sesame" not in said


def test_ollama_is_asked_for_no_more_than_the_model_can_and_told_how_long_to_keep_it() -> None:
    with start_ollama_server(["Paris."], own_window=2048) as server:
        settings = with_overrides(
            Settings(),
            {
                "models.deep.kind": "ollama",
                "models.deep.host": server.base_url,
                "models.deep.model": server.models[0],
                "models.deep.keep_alive": "-1",
                "answer.model": "deep",
            },
        )
        model = get_chat_model(settings)
        assert model.window(8192) == 2048
        assert model.window(1000) == 1000
        list(model.stream(MESSAGES))
        assert server.chats[0].body["options"]["num_ctx"] == 2048
        assert server.chats[0].body["keep_alive"] == -1
        assert [request.path for request in server.requests].count("/api/show") == 1, "asked once"


def test_azure_by_its_address_alone() -> None:
    with start_openai_server(["Paris."], key="sk-azure") as server:
        settings = with_overrides(
            Settings(),
            {
                "models.azure.kind": "openai",
                "models.azure.base_url": f"{server.base_url}?api-version=2026-01-01",
                "models.azure.api_key": "sk-azure",
                "models.azure.model": server.models[0],
                "answer.model": "azure",
            },
        )
        model = get_chat_model(settings)
        assert "".join(model.stream(MESSAGES)) == "Paris."
        [chat] = server.chats
        assert chat.path == "/v1/chat/completions?api-version=2026-01-01"
        assert chat.headers["api-key"] == "sk-azure"
        assert isinstance(model, ServerChatModel)
        assert "api-version" not in model.address
