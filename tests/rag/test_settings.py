"""Settings: sources in order, bounds, unknown keys, secrets."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from rag.errors import SettingsError
from rag.settings import (
    Settings,
    known_paths,
    load_settings,
    save_settings,
    set_by_environment,
    value_at,
    with_overrides,
)


def test_later_sources_win(tmp_path: Path) -> None:
    save_settings(tmp_path, {"retrieval.k": 3, "retrieval.candidates": 20})
    environment = {"ASKANCE_DATA_DIR": str(tmp_path), "ASKANCE_RETRIEVAL_K": "4"}
    settings = load_settings(environment=environment, overrides={"mode": "text"})
    assert settings.data_dir == tmp_path
    assert settings.retrieval.k == 4
    assert settings.retrieval.candidates == 20
    assert settings.retrieval.mode == "text"
    assert value_at(settings, "k") == 4


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"retrieval.kk": 1}, "Unknown setting 'retrieval.kk'"),
        ({"retrieval": 1}, "Unknown setting"),
        ({"k": 0}, "retrieval.k = 0: must be at least 1"),
        ({"k": 201}, "at most 200"),
        ({"k": "many"}, "expected a whole number"),
        ({"k": 2.5}, "expected a whole number"),
        ({"k": True}, "expected a whole number"),
        ({"mode": "magic"}, "must be one of hybrid, vector, text"),
        ({"answer.decline_below": "nan"}, "expected a number"),
        ({"reranking.allow_downloads": "perhaps"}, "expected true or false"),
        ({"reranker": 5}, "expected text"),
    ],
)
def test_bad_values_are_refused_with_their_path(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        with_overrides(Settings(), overrides)


def test_unknown_variables_and_files_name_their_source(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ASKANCE_RETREIVAL_K"):
        load_settings(data_dir=tmp_path, environment={"ASKANCE_RETREIVAL_K": "1"})
    (tmp_path / "settings.json").write_text('{"nope": 1}')
    with pytest.raises(SettingsError, match=r"settings\.json: Unknown setting 'nope'"):
        load_settings(data_dir=tmp_path, environment={})
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(data_dir=tmp_path, environment={})


def test_secrets_are_kept_apart_and_never_shown(tmp_path: Path) -> None:
    save_settings(tmp_path, {"openai.api_key": "sk-secret", "openai.model": "m"})
    assert "sk-secret" not in (tmp_path / "settings.json").read_text()
    secrets = tmp_path / "secrets.json"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    settings = load_settings(data_dir=tmp_path, environment={})
    assert settings.openai.api_key == "sk-secret"
    assert "sk-secret" not in repr(settings)
    save_settings(tmp_path, {"openai.api_key": None})
    assert json.loads(secrets.read_text()) == {}


def test_an_invalid_change_saves_nothing(tmp_path: Path) -> None:
    save_settings(tmp_path, {"retrieval.k": 3})
    with pytest.raises(SettingsError):
        save_settings(tmp_path, {"retrieval.k": 5, "retrieval.mode": "magic"})
    assert load_settings(data_dir=tmp_path, environment={}).retrieval.k == 3


def test_every_setting_has_a_help_sentence() -> None:
    for path, metadata in known_paths().items():
        assert metadata["help"].endswith("."), path


def test_dotenv_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("ASKANCE_RETRIEVAL_K=7\n")
    assert load_settings().retrieval.k == 7


def test_what_the_environment_decides_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert set_by_environment() == {}
    (tmp_path / ".env").write_text("ASKANCE_OPENAI_API_KEY=sk-secret\n")
    monkeypatch.setenv("ASKANCE_RETRIEVAL_K", "7")
    assert set_by_environment() == {
        "openai.api_key": "ASKANCE_OPENAI_API_KEY",
        "retrieval.k": "ASKANCE_RETRIEVAL_K",
    }
