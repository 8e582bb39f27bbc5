"""An embedder that breaks down midway: said in words, what was acknowledged stays, the rest goes on later."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from job_gates import PATIENCE

import ingest.pipeline
from ingest.__main__ import main
from ingest.given import given_path
from ingest.jobs import Jobs
from ingest.worker import ensure_worker
from rag.settings import Settings
from rag.workspace import Workspace, open_workspace

FILES = 8


class Breaking:
    """Makes an embedder raise at its `at`th call, once; counts what it embeds."""

    def __init__(self, at: int) -> None:
        self.embedded: Counter[str] = Counter()
        self._calls, self._at = 0, at

    def put_into(self, embedder: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = type(embedder).embed_with_tokens

        def embed(own: Any, texts: Any, *, query: bool = False) -> Any:
            self._calls += 1
            if self._calls == self._at:
                raise RuntimeError("the accelerator fell over")
            self.embedded.update(texts)
            return whole(own, texts, query=query)

        monkeypatch.setattr(type(embedder), "embed_with_tokens", embed)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    monkeypatch.setattr(ingest.pipeline, "POOL_CHUNKS", 1)
    monkeypatch.setattr(ingest.pipeline, "COMMIT_CHUNKS", 1)
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number}.txt").write_text(f"Valve {number} opens.")
    return folder


def assert_whole(settings: Settings) -> None:
    workspace = open_workspace(settings)
    records = workspace.catalog.documents("default")
    assert len(records) == FILES
    assert workspace.table("default").chunk_counts() == {record.document_id: 1 for record in records}


def test_on_the_command_line(
    folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    breaking = Breaking(at=5)
    breaking.put_into(open_workspace(settings).store.embedder, monkeypatch)
    assert main([str(folder), "--json"]) == 1
    told = capsys.readouterr()
    acknowledged = [json.loads(line)["file"] for line in told.out.splitlines()]
    assert acknowledged
    assert "the accelerator fell over" in told.err
    assert "What was added stays" in told.err
    assert "Traceback" not in told.err
    workspace = open_workspace(settings)
    assert {record.name for record in workspace.catalog.documents("default")} == set(acknowledged)
    assert workspace.table("default").count() == len(acknowledged)
    assert main([str(folder), "--json"]) == 0
    rows = {row["file"]: row["status"] for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert {name for name, status in rows.items() if status == "unchanged"} == set(acknowledged)
    assert_whole(settings)


def test_in_a_job(folder: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    breaking = Breaking(at=5)
    breaking.put_into(workspace.store.embedder, monkeypatch)
    jobs = Jobs(workspace, wake=ensure_worker)
    job = jobs.submit("default", [given_path(folder)], label="folder")
    assert jobs.wait(job, PATIENCE)
    failed = jobs.get(job.id)
    assert failed.state == "failed"
    assert "the accelerator fell over" in failed.error
    assert failed.done == failed.counts["added"] == workspace.table("default").count() > 0
    before = {file.file for file in jobs.files(job) if file.result is not None}
    assert jobs.retry(job)
    assert jobs.wait(job, PATIENCE)
    job = jobs.get(job.id)
    assert (job.state, job.error, job.counts) == ("done", "", {"added": FILES})
    assert_whole(workspace.settings)
    # What was acknowledged is not embedded a second time.
    for name in before:
        text = (folder / name).read_text()
        assert sum(count for embedded, count in breaking.embedded.items() if text in embedded) == 1
