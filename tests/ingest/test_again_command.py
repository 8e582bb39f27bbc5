"""python -m ingest again: a new version in the background of the old one, which is asked meanwhile."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from corpus import TEXTS, fill

from ingest.__main__ import main
from ingest.again_command import again_command
from ingest.progress import Progress
from ingest.revision import outdated_documents, read_again
from rag.answer import ask
from rag.retrieve import retrieve
from rag.settings import load_settings
from rag.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Filled under other settings than those now in force."""
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    fill(open_workspace(load_settings()), TEXTS | {"long.txt": "All about pumps and more. " * 60})
    monkeypatch.setenv("ASKANCE_CHUNKING_MAX_TOKENS", "64")
    return open_workspace(load_settings())


def outdated(workspace: Workspace) -> int:
    return len(outdated_documents(workspace, workspace.catalog.documents("default")))


def test_the_collection_is_read_again_under_the_settings_in_force(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    before = workspace.table("default").count()
    assert outdated(workspace) == len(TEXTS) + 1
    assert main(["again", "default"]) == 0
    assert f"default: {len(TEXTS) + 1} documents read again." in capsys.readouterr().out
    assert outdated(workspace) == 0
    assert workspace.table("default").count() > before
    assert main(["again", "default", "--if-needed"]) == 0
    captured = capsys.readouterr()
    assert (captured.out, "were read under these settings" in captured.err) == ("", True)


def test_it_is_searched_and_asked_as_it_was_meanwhile(workspace: Workspace) -> None:
    before = workspace.table("default").count()
    asked: list[str] = []

    class Watched(Progress):
        """Asks, while the other documents are still to come."""

        def stage(self, name: str, stage: str) -> None:
            super().stage(name, stage)
            if stage == "embedding":
                table = workspace.table("default")
                assert table.count() == before
                reply = ask("pumps", table=table, settings=workspace.settings)
                assert "".join(reply)
                hits = retrieve("pumps", table=table, settings=workspace.settings).hits
                asked.extend(hit.chunk.document for hit in hits)

    def read(own: Workspace, collection: str, *, progress: Progress, cancelled: threading.Event) -> Any:
        return read_again(own, collection, progress=Watched(), cancelled=cancelled)

    assert again_command(["default"], read) == 0
    assert "long.txt" in asked
    assert workspace.table("default").count() > before


def test_stopped_it_changes_nothing_and_goes_on_the_next_time(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(own: Workspace, collection: str, *, progress: Progress, cancelled: threading.Event) -> bool:
        cancelled.set()
        return read_again(own, collection, progress=progress, cancelled=cancelled)

    before = workspace.table("default").count()
    assert again_command(["default"], stopped) == 1
    assert "goes on from here" in capsys.readouterr().err
    assert workspace.table("default").count() == before
    assert main(["again"]) == 0
    assert outdated(workspace) == 0


def test_no_such_collection(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["again", "elsewhere"]) == 1
    assert "There are: default" in capsys.readouterr().err
