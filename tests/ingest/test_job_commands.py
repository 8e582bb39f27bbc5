"""python -m ingest jobs: jobs listed, shown and steered from the command line."""

from __future__ import annotations

import json

import pytest

from ingest.__main__ import main
from ingest.jobs import Jobs
from ingest.uploads import given_uploads
from rag.workspace import Workspace


@pytest.fixture(autouse=True)
def _hash_embedder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    # The signals of this process belong to pytest.
    monkeypatch.setattr("ingest.job_commands.stop_on_signal", lambda stop: None)


def test_jobs_are_listed_steered_and_shown(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    jobs = Jobs(workspace)
    files = [("a.txt", b"The text of a."), ("broken.pdf", b"%PDF-1.7\nno")]
    given = given_uploads(files, workspace.settings.ingest, workspace.blobs)
    job = jobs.submit("default", given, label="two files")
    for action, state in (("pause", "paused"), ("resume", "waiting"), ("cancel", "cancelled")):
        assert main(["jobs", action, job.id[:6]]) == 0
        assert jobs.get(job.id).state == state
    assert main(["jobs", "pause", job.id]) == 1
    assert "is cancelled; only a job that is not ended" in capsys.readouterr().err
    assert main(["jobs", "resume", job.id]) == 0
    assert main(["worker", "--once"]) == 0
    capsys.readouterr()
    assert main(["jobs"]) == 0
    assert "2 of 2 files" in capsys.readouterr().out
    assert main(["jobs", "show", job.id, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["file"]: row["status"] for row in rows} == {"a.txt": "added", "broken.pdf": "failed"}
    assert main(["jobs", "retry", job.id]) == 0
    assert jobs.get(job.id).state == "waiting"
    assert main(["jobs", "cancel", job.id]) == 0
    assert main(["jobs", "forget", job.id]) == 0
    assert jobs.jobs() == []
    assert main(["jobs", "show", "nothing"]) == 1
    assert "There is no job 'nothing'" in capsys.readouterr().err
