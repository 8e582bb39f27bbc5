"""A collection that another process keeps to itself: who it is, in words; nothing lost, and on it goes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from job_gates import PATIENCE

import rag.database
from ingest.__main__ import main
from ingest.given import given_path
from ingest.jobs import Jobs
from ingest.worker import ensure_worker
from rag.database import DATABASE_FILE
from rag.settings import Settings, with_overrides
from rag.workspace import Workspace, open_workspace

ROOT = Path(__file__).parents[2]

#: Enters the collection as any writer does, says so, and stays until its input closes.
HOLDER = """
import sys
from pathlib import Path
from rag.commit_log import CommitLog
with CommitLog(Path(sys.argv[1]), "default", 1):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(settings: Settings) -> Iterator[int]:
    """Another process that is writing to the collection; its number."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(settings.data_dir)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process.pid
        process.communicate()


@pytest.fixture
def impatient(settings: Settings) -> Workspace:
    return open_workspace(with_overrides(settings, {"ingest.lock_seconds": 1}))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    monkeypatch.setenv("ASKANCE_INGEST_LOCK_SECONDS", "1")
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_text(f"The text of {name}.")
    return folder


def test_the_command_line_names_the_holder_and_the_next_run_goes_on(
    folder: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder / "a.txt")]) == 0
    with held(settings) as number:
        assert main([str(folder)]) == 1
        said = capsys.readouterr().err
        assert f"Process {number} (" in said
        assert "'default' for 1 seconds" in said
        assert "try again" in said
        assert "Traceback" not in said
    assert main([str(folder)]) == 0
    assert open_workspace(settings).table("default").count() == 2


def test_a_job_pauses_while_another_holds_the_collection_and_goes_on(
    folder: Path, impatient: Workspace
) -> None:
    jobs = Jobs(impatient, wake=ensure_worker)
    with held(impatient.settings) as number:
        job = jobs.submit("default", [given_path(folder)], label="folder")
        assert jobs.wait(job, PATIENCE)
        job = jobs.get(job.id)
        assert job.state == "paused"
        assert f"Process {number} (" in job.error
    assert jobs.resume(job)
    assert jobs.wait(job, PATIENCE)
    job = jobs.get(job.id)
    assert (job.state, job.error, job.counts) == ("done", "", {"added": 2})


def test_a_lock_whose_holder_is_killed_is_free_at_once(folder: Path, settings: Settings) -> None:
    with held(settings) as number:
        os.kill(number, 9)
        assert main([str(folder)]) == 0


def test_a_database_that_another_program_locks_pauses_nothing_for_ever(
    folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rag.database, "BUSY_SECONDS", 0.2)
    assert main([str(folder / "a.txt")]) == 0
    capsys.readouterr()
    with closing(sqlite3.connect(settings.data_dir / DATABASE_FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert main([str(folder)]) == 1
        said = capsys.readouterr().err
        assert "Another process holds it" in said
        assert "Traceback" not in said
        other.execute("ROLLBACK")
    assert main([str(folder)]) == 0
    assert open_workspace(settings).table("default").count() == 2
