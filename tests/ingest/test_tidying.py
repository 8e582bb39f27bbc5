"""Indexes are folded once what was added is told of: nobody waits for that, and all is found before."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from job_gates import PATIENCE

from ingest.jobs import Jobs
from ingest.pipeline import Pipeline
from ingest.sources import path_sources
from ingest.uploads import given_uploads
from ingest.worker import ensure_worker
from rag.maintenance import LEAST_UNINDEXED, Maintenance
from rag.store import CollectionTable
from rag.workspace import Workspace

#: As many passages as make folding pay.
LONG = "\n\n".join(f"# Part {number}\n\nText number {number}." for number in range(LEAST_UNINDEXED))


def test_indexes_are_folded_after_the_results_are_told(tmp_path: Path, workspace: Workspace) -> None:
    (tmp_path / "long.md").write_text(LONG)
    pipeline = Pipeline("default", workspace)
    list(pipeline.run(path_sources([tmp_path / "long.md"], workspace.settings.ingest)))
    table = workspace.table("default")
    assert table.upkeep.health().unindexed_rows == LEAST_UNINDEXED
    assert table.text_search("number 17", 1)[0].chunk.text.endswith("number 17.")
    pipeline.tidy()
    assert table.upkeep.health().unindexed_rows == 0
    pipeline.tidy()
    assert table.text_search("number 17", 1)[0].chunk.text.endswith("number 17.")


def test_a_job_is_done_before_the_indexes_are_folded(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied, done_first = threading.Event(), threading.Event()
    whole = Maintenance.after_adding

    def after_adding(self: Maintenance, table: CollectionTable) -> object:
        # It is folded only once somebody has seen that the job is done.
        assert done_first.wait(PATIENCE)
        run = whole(self, table)
        tidied.set()
        return run

    monkeypatch.setattr(Maintenance, "after_adding", after_adding)
    jobs = Jobs(workspace, wake=ensure_worker)
    given = given_uploads([("long.md", LONG.encode())], workspace.settings.ingest, workspace.blobs)
    job = jobs.submit("default", given, label="a long file")
    assert jobs.wait(job, PATIENCE)
    assert jobs.get(job.id).state == "done"
    table = workspace.table("default")
    assert table.upkeep.health().unindexed_rows == LEAST_UNINDEXED
    done_first.set()
    assert tidied.wait(PATIENCE)
    assert table.upkeep.health().unindexed_rows == 0
