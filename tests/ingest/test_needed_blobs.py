"""Originals stay as long as something needs them, and go when nothing does."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from job_gates import PATIENCE

from ingest.documents import remove_documents
from ingest.jobs import Jobs
from ingest.pipeline import Pipeline
from ingest.sources import bytes_source
from ingest.uploads import given_uploads
from ingest.worker import ensure_worker
from rag.kept_versions import forget_version, keep_version
from rag.needed_blobs import STRAY_AFTER, remove_stray
from rag.workspace import Workspace

TEXT = b"Valve 7 opens at 9 bar."


def add(workspace: Workspace, name: str, data: bytes) -> str:
    sources = bytes_source(name, data, workspace.settings.ingest)
    [result] = Pipeline("default", workspace).run(sources)
    assert result.status in ("added", "updated"), result
    return result.document_id


def grow_old(workspace: Workspace) -> None:
    """As if everything had been kept long ago."""
    moment = time.time() - 2 * STRAY_AFTER.total_seconds()
    for folder in ("blobs", "parsed"):
        for file in (workspace.settings.data_dir / folder).glob("??/*"):
            os.utime(file, (moment, moment))


@pytest.mark.parametrize("rests", [False, True])
def test_a_document_removed_while_a_job_holds_its_bytes_does_not_harm_the_job(
    workspace: Workspace, rests: bool
) -> None:
    document_id = add(workspace, "old.txt", TEXT)
    jobs = Jobs(workspace)
    given = given_uploads([("new.txt", TEXT)], workspace.settings.ingest, workspace.blobs)
    job = jobs.submit("default", given, label="upload")
    if rests:
        assert jobs.pause(job)
    assert remove_documents(workspace, "default", ["old.txt"]) == 1
    assert workspace.blobs.has(document_id)
    if rests:
        assert jobs.resume(job)
    ensure_worker(workspace)
    assert jobs.wait(job, PATIENCE)
    assert jobs.get(job.id).counts == {"added": 1}
    # A job that is done holds nothing back: what its owner removes is gone.
    assert remove_documents(workspace, "default", ["new.txt"]) == 1
    assert not workspace.blobs.has(document_id)


def test_the_earlier_content_of_a_changed_file_goes_with_maintenance(workspace: Workspace) -> None:
    earlier = add(workspace, "a.txt", TEXT)
    now = add(workspace, "a.txt", b"Valve 7 opens at 10 bar.")
    # Not at once: it might belong to a document on its way in.
    assert remove_stray(workspace) == 0
    grow_old(workspace)
    assert remove_stray(workspace) == 1
    assert not workspace.blobs.has(earlier)
    assert workspace.blobs.get_parsed(earlier) is None
    assert workspace.blobs.has(now)
    assert workspace.blobs.get_parsed(now) is not None
    assert remove_stray(workspace) == 0


def test_what_versions_and_listed_jobs_need_stays(workspace: Workspace) -> None:
    earlier = add(workspace, "a.txt", TEXT)
    keep_version(workspace, "default", "before")
    add(workspace, "a.txt", b"Valve 7 opens at 10 bar.")
    jobs = Jobs(workspace)
    given = given_uploads([("b.txt", b"Waits.")], workspace.settings.ingest, workspace.blobs)
    job = jobs.submit("default", given, label="upload")
    assert jobs.cancel(job)
    grow_old(workspace)
    assert remove_stray(workspace) == 0
    assert workspace.blobs.has(earlier)
    jobs.forget(job)
    assert not workspace.blobs.has(given[0].place)
    forget_version(workspace, "default", "before")
    assert not workspace.blobs.has(earlier)


def test_bytes_put_in_again_count_as_used(workspace: Workspace) -> None:
    digest = workspace.blobs.put_bytes(TEXT)
    grow_old(workspace)
    assert workspace.blobs.digests(STRAY_AFTER) == [digest]
    workspace.blobs.put_bytes(TEXT)
    assert workspace.blobs.digests(STRAY_AFTER) == []
    grow_old(workspace)
    with workspace.blobs.draft(TEXT) as draft:
        workspace.blobs.keep_draft(draft, digest)
    assert remove_stray(workspace) == 0


def test_nothing_goes_while_an_announced_commit_waits_to_be_finished(workspace: Workspace) -> None:
    digest = workspace.blobs.put_bytes(TEXT)
    note: Path = workspace.settings.data_dir / "commits" / "default.json"
    note.parent.mkdir(exist_ok=True)
    note.write_text("{}")
    assert remove_stray(workspace, older_than=timedelta(0)) == 0
    assert workspace.blobs.has(digest)
    note.unlink()
    grow_old(workspace)
    assert remove_stray(workspace) == 1
