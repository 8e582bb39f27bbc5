"""A data folder opened, and the variables and sentences about what leaves this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from corpus import fill

from rag.disclosure import who_answers
from rag.errors import CollectionNotFound, DocumentNotFound
from rag.privacy import SILENCED
from rag.settings import Settings, with_overrides
from rag.types import EVERYTHING, Scope
from rag.workspace import Workspace, open_workspace

ROOT = Path(__file__).parents[2]


def environment_after_import(**variables: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in SILENCED}
    done = subprocess.run(
        [sys.executable, "-c", "import json, os, rag; print(json.dumps(dict(os.environ)))"],
        cwd=ROOT, env=inherited | variables, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_importing_the_core_switches_telemetry_off() -> None:
    assert environment_after_import().items() >= SILENCED.items()


def test_what_the_user_has_set_stays() -> None:
    found = environment_after_import(HF_HUB_OFFLINE="0", LANGSMITH_TRACING="true")
    assert (found["HF_HUB_OFFLINE"], found["LANGSMITH_TRACING"]) == ("0", "true")
    assert found["DO_NOT_TRACK"] == "1"


def test_settings_that_do_not_touch_the_tables_share_a_folders_parts(settings: Settings) -> None:
    one = open_workspace(settings)
    other = open_workspace(with_overrides(settings, {"k": 3}))
    assert other.store is one.store
    assert other.settings.retrieval.k == 3
    elsewhere = open_workspace(replace(settings, data_dir=settings.data_dir / "more"))
    assert elsewhere.store is not one.store


def test_names_become_a_restriction(workspace: Workspace) -> None:
    fill(workspace)
    assert workspace.filters("default") == EVERYTHING
    record = workspace.catalog.resolve("default", "staff/leave.txt")
    assert workspace.filters("default", Scope(documents=("leave.txt",), tags=("a",))).documents == (
        record.document_id,
    )
    assert workspace.filters("default", Scope(kinds=("web PAGE", "pdf"))).mime_types == (
        "text/html",
        "application/xhtml+xml",
        "application/pdf",
    )
    with pytest.raises(DocumentNotFound, match=r"'cobol'.*PDF, Word"):
        workspace.filters("default", Scope(kinds=("cobol",)))
    with pytest.raises(DocumentNotFound, match=r"nowhere\.txt"):
        workspace.filters("default", Scope(documents=("nowhere.txt",)))
    with pytest.raises(CollectionNotFound):
        workspace.table("nowhere")


@pytest.mark.parametrize(
    ("changes", "said", "unsaid"),
    [
        ({}, "nothing leaves this machine", "sent"),
        ({"model": "ollama"}, "on this machine; nothing leaves it", "sent there"),
        ({"model": "ollama", "ollama.host": "http://192.0.2.7:11434"}, "192.0.2.7:11434", "nothing leaves"),
        ({"model": "openai"}, "gpt-4o-mini at api.openai.com: your questions", "nothing leaves"),
        (
            {"model": "openai", "openai.base_url": "http://me:pass@localhost:8080/v1", "openai.model": "m"},
            "m on this machine",
            "me:pass",
        ),
        (
            {"model": "openai", "openai.base_url": "https://me:pass@example.org/v1?key=s3cret"},
            "at example.org",
            "me:pass",
        ),
    ],
)
def test_who_answers_is_said_in_words(changes: dict[str, str], said: str, unsaid: str) -> None:
    sentence = who_answers(with_overrides(Settings(), changes))
    assert said in sentence
    assert unsaid not in sentence
    assert "s3cret" not in sentence
