"""python -m rag optimize, backup, restore, versions, tag, untag and restore-version, as people call them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from corpus import TEXTS, fill
from running_app import running_app

from rag.__main__ import main
from rag.settings import Settings
from rag.workspace import Workspace, open_workspace


@pytest.fixture(autouse=True)
def _light_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")


class Command:
    """Runs a command in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def text(self, *arguments: str, code: int = 0) -> str:
        found = main(arguments)
        output = self._capsys.readouterr()
        assert found == code, output.err
        return output.err if code else output.out

    def json(self, *arguments: str) -> dict[str, Any]:
        output = self.text(*arguments, "--json")
        assert output.count("\n") == 1
        found: dict[str, Any] = json.loads(output)
        return found


@pytest.fixture
def rag(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


def test_optimize(rag: Command, workspace: Workspace) -> None:
    assert "no collections yet" in rag.text("optimize")
    fill(workspace)
    fill(workspace, {"more.txt": "More."}, "other")
    assert [own["collection"] for own in rag.json("optimize")["collections"]] == ["default", "other"]
    (only,) = rag.json("optimize", "--collection", "other")["collections"]
    assert only["collection"] == "other"
    assert only["after"]["unindexed_rows"] == 0
    assert "There is no collection named 'none'" in rag.text("optimize", "--collection", "none", code=1)


def test_backup_and_restore(
    rag: Command, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(workspace)
    place = tmp_path / "backup.tar"
    made = rag.json("backup", str(place))
    assert made["collections"]["default"]["documents"] == len(TEXTS)
    assert "exists already" in rag.text("backup", str(place), code=1)
    assert "--force" in rag.text("restore", str(place), code=1)
    monkeypatch.setenv("ASKANCE_DATA_DIR", str(tmp_path / "elsewhere"))
    told = rag.text("restore", str(place))
    assert f"1 collections with {len(TEXTS)} documents" in told
    found = rag.json("search", "relief valve boiler", "--k", "1")
    assert found["hits"][0]["document"] == "boiler.md"
    again = rag.json("restore", str(place), "--force")
    assert (Path(again["aside"]) / "askance.sqlite").exists()


def test_versions(rag: Command, workspace: Workspace) -> None:
    fill(workspace)
    assert "No version is kept" in rag.text("versions")
    assert rag.json("tag", "spring")["documents"] == len(TEXTS)
    fill(workspace, {"walrus.txt": "A walrus was seen in the harbour."})
    told = rag.text("restore-version", "spring")
    assert "Left: walrus.txt" in told
    undo = told.split("restore-version ")[1].split()[0]
    assert [own["name"] for own in rag.json("versions")["kept"]] == ["spring", undo]
    assert rag.json("restore-version", undo)["returned"] == ["walrus.txt"]
    rag.text("untag", "spring")
    assert "Kept: " in rag.text("restore-version", "spring", code=1)


def test_a_running_app_is_not_robbed_of_its_folder(
    rag: Command, workspace: Workspace, settings: Settings, tmp_path: Path
) -> None:
    fill(workspace)
    place = str(tmp_path / "backup.tar")
    with running_app(tmp_path / "app.log"):
        rag.text("backup", place)
        assert "Askance runs on" in rag.text("restore", place, "--force", code=1)
    rag.text("restore", place, "--force")
    assert {record.name for record in open_workspace(settings).catalog.documents("default")} == set(TEXTS)
