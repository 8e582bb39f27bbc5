"""A backup is not brought back under a process that works on the folder, nor does one begin meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from job_gates import PATIENCE

from ingest.__main__ import main
from rag.backup import back_up
from rag.database import close_databases
from rag.errors import BackupError
from rag.folder_lease import IN_USE, lease
from rag.restore import restore
from rag.workspace import Workspace, open_workspace

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.txt").write_text("The text of a.")
    return folder


@pytest.mark.parametrize("command", ["worker", "watch"])
def test_what_works_on_the_folder_keeps_a_backup_from_coming_back(
    command: str, folder: Path, tmp_path: Path, workspace: Workspace
) -> None:
    data = workspace.settings.data_dir
    assert main([str(folder)]) == 0
    back_up(data, tmp_path / "backup.tar")
    arguments = [command] if command == "worker" else [command, str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest", *arguments],
        cwd=ROOT, env=os.environ, text=True, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        assert "Stop with Ctrl+C" in process.stderr.readline()
        with pytest.raises(BackupError, match=r"a worker, a watcher.*Stop it"):
            restore(tmp_path / "backup.tar", data, force=True)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    restore(tmp_path / "backup.tar", data, force=True)
    close_databases()
    assert open_workspace(workspace.settings).catalog.get("default", "a.txt") is not None


@pytest.mark.parametrize("command", ["worker", "watch", "add"])
def test_nothing_begins_while_a_backup_comes_back(
    command: str, folder: Path, workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = {"worker": ["worker", "--once"], "watch": ["watch", str(folder)], "add": [str(folder)]}
    with lease(workspace.settings.data_dir, IN_USE):
        assert main(arguments[command]) == 1
    told = capsys.readouterr()
    assert "brought back" in told.err
    assert told.out == ""
    assert workspace.catalog.documents("default") == []
