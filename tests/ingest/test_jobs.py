"""Ingestion in the background: in order, watched, stopped, tried again, and never dead."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from documents import encrypted_pdf

from ingest.jobs import KEPT_JOBS, Job, JobQueue
from ingest.sources import Source
from rag.errors import DocumentError
from rag.store import CollectionTable
from rag.workspace import Workspace

PATIENCE = 60.0


def text(name: str, content: str = "") -> Source:
    data = (content or f"The text of {name}.").encode()
    return Source(name, len(data), lambda: data)


def held(name: str, gate: threading.Event, reached: threading.Event) -> Source:
    """A file whose reading waits for the gate."""

    def read() -> bytes:
        reached.set()
        assert gate.wait(PATIENCE)
        return f"The text of {name}.".encode()

    return Source(name, 10, read)


@pytest.fixture
def jobs() -> JobQueue:
    return JobQueue()


@pytest.fixture
def submit(jobs: JobQueue, workspace: Workspace) -> Callable[..., Job]:
    def submitted(*sources: Source, collection: str = "default", **options: Any) -> Job:
        return jobs.submit(workspace, collection, sources, label="some files", **options)

    return submitted


Submit = Callable[..., Job]


def test_a_job_reports_each_file(jobs: JobQueue, submit: Submit, workspace: Workspace) -> None:
    def broken() -> bytes:
        raise DocumentError("away.txt cannot be read. Look for it.")

    job = submit(text("a.txt"), Source("away.txt", 0, broken), text("empty.txt", " "))
    assert list(job.progress.files) == ["a.txt", "away.txt", "empty.txt"]
    assert jobs.wait(job, PATIENCE)
    assert (job.state, job.error, job.active) == ("done", "", False)
    assert {result.file: result.status for result in job.results} == {
        "a.txt": "added",
        "away.txt": "failed",
        "empty.txt": "empty",
    }
    assert {name: file.stage for name, file in job.progress.files.items()} == {
        "a.txt": "done",
        "away.txt": "failed",
        "empty.txt": "done",
    }
    assert workspace.table("default").count() == 1
    # Only what may be tried again is kept in memory.
    assert [source.name for source in job.sources] == ["away.txt", "empty.txt"]


def test_jobs_are_done_one_after_the_other(jobs: JobQueue, submit: Submit) -> None:
    gate, reached = threading.Event(), threading.Event()
    first = submit(held("slow.txt", gate, reached), collection="one")
    second = submit(text("quick.txt"), collection="other")
    assert reached.wait(PATIENCE)
    assert (first.state, second.state) == ("running", "waiting")
    assert jobs.jobs() == [second, first]
    assert jobs.jobs("one") == [first]
    assert not jobs.wait(second, 0)
    gate.set()
    assert jobs.wait(second, PATIENCE)
    assert (first.state, second.state) == ("done", "done")


def test_progress_can_be_watched_while_a_job_runs(jobs: JobQueue, submit: Submit) -> None:
    gate, reached = threading.Event(), threading.Event()
    job = submit(held("slow.txt", gate, reached), text("later.txt"))
    assert reached.wait(PATIENCE)
    assert job.progress.files["slow.txt"].stage == "reading"
    assert job.progress.files["later.txt"].stage == "waiting"
    assert (job.progress.done(), job.progress.seconds_left()) == (0, None)
    gate.set()
    assert jobs.wait(job, PATIENCE)
    assert job.progress.done() == 2
    assert job.progress.files["slow.txt"].chunks_done == job.progress.files["slow.txt"].chunks == 1


def test_cancelling_stops_after_what_is_going_on(
    jobs: JobQueue, submit: Submit, workspace: Workspace
) -> None:
    gate, reached = threading.Event(), threading.Event()
    job = submit(held("slow.txt", gate, reached), text("never.txt"))
    assert reached.wait(PATIENCE)
    jobs.cancel(job)
    gate.set()
    assert jobs.wait(job, PATIENCE)
    assert job.state == "cancelled"
    assert [result.file for result in job.results] == ["slow.txt"]
    assert workspace.table("default").count() == 1
    assert workspace.catalog.get("default", "never.txt") is None
    assert job.progress.files["never.txt"].stage == "cancelled"
    assert [source.name for source in job.sources] == ["never.txt"]


def test_cancelling_a_waiting_job_leaves_everything_out(jobs: JobQueue, submit: Submit) -> None:
    gate, reached = threading.Event(), threading.Event()
    first = submit(held("slow.txt", gate, reached))
    second = submit(text("never.txt"))
    third = submit(text("third.txt"))
    assert reached.wait(PATIENCE)
    jobs.cancel(second)
    assert second.state == "cancelled"
    assert jobs.wait(second, 0)
    gate.set()
    assert jobs.wait(third, PATIENCE)
    assert (first.state, second.results, third.state) == ("done", [], "done")
    jobs.cancel(third)
    assert third.state == "done"


def test_left_out_files_can_be_added_later(jobs: JobQueue, submit: Submit, workspace: Workspace) -> None:
    gate, reached = threading.Event(), threading.Event()
    job = submit(held("slow.txt", gate, reached), text("never.txt"))
    assert reached.wait(PATIENCE)
    jobs.cancel(job)
    gate.set()
    assert jobs.wait(job, PATIENCE)
    again = jobs.retry(job, ["never.txt"])
    assert jobs.wait(again, PATIENCE)
    assert [(result.file, result.status) for result in again.results] == [("never.txt", "added")]
    assert job not in jobs.jobs()
    assert workspace.table("default").count() == 2


def test_a_password_opens_what_failed(jobs: JobQueue, submit: Submit, workspace: Workspace) -> None:
    locked = encrypted_pdf("The vault opens at nine.", "open sesame")
    job = submit(Source("vault.pdf", len(locked), lambda: locked), text("a.txt"))
    assert jobs.wait(job, PATIENCE)
    assert {result.file: result.status for result in job.results} == {"vault.pdf": "failed", "a.txt": "added"}
    assert "password" in (job.results[0].error or "")
    wrong = jobs.retry(job, ["vault.pdf"], password="guess")
    assert jobs.wait(wrong, PATIENCE)
    assert wrong.results[0].status == "failed"
    right = jobs.retry(wrong, ["vault.pdf"], password="open sesame")
    assert jobs.wait(right, PATIENCE)
    assert (right.results[0].status, right.results[0].pages) == ("added", 1)
    assert workspace.table("default").text_search("vault", 1)[0].chunk.page == 1
    assert "open sesame" not in repr(right)
    assert jobs.jobs() == [right]


def test_an_embedder_that_fails_midway_fails_the_job_and_not_the_next(
    jobs: JobQueue, submit: Submit, workspace: Workspace, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    embedder = workspace.store.embedder
    whole = type(embedder).embed_with_tokens
    asked: list[int] = []

    def failing(self: Any, texts: Any, *, query: bool = False) -> Any:
        asked.append(len(texts))
        if len(asked) == 2:
            raise RuntimeError("out of memory")
        return whole(self, texts, query=query)

    monkeypatch.setattr(type(embedder), "embed_with_tokens", failing)
    long = "\n\n".join(f"# Part {number}\n\nIt says {number}." for number in range(300))
    job = submit(text("long.md", long))
    assert jobs.wait(job, PATIENCE)
    assert job.state == "failed"
    assert "out of memory" in job.error
    assert "out of memory" in caplog.text
    # Not half a document.
    assert workspace.table("default").count() == 0
    assert workspace.catalog.get("default", "long.md") is None
    again = jobs.retry(job, ["long.md"])
    assert jobs.wait(again, PATIENCE)
    assert again.results[0].status == "added"
    assert workspace.table("default").count() == again.results[0].chunks > 256


def test_a_file_that_raises_anything_at_all_leaves_the_worker_alive(jobs: JobQueue, submit: Submit) -> None:
    def unexpected() -> bytes:
        raise SystemExit("a parser that wants to leave")

    job = submit(text("first.txt"), Source("odd.bin", 1, unexpected))
    assert jobs.wait(job, PATIENCE)
    assert job.state == "failed"
    assert "wants to leave" in job.error
    after = submit(text("after.txt"))
    assert jobs.wait(after, PATIENCE)
    assert after.state == "done"


def test_a_table_that_cannot_be_written_fails_the_job_in_words(
    jobs: JobQueue, submit: Submit, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(CollectionTable, "replace_documents", full)
        job = submit(text("a.txt"))
        assert jobs.wait(job, PATIENCE)
    assert job.state == "failed"
    assert "No space left" in job.error
    assert workspace.catalog.get("default", "a.txt") is None


def test_a_collection_name_that_cannot_be_fails_the_job(jobs: JobQueue, submit: Submit) -> None:
    job = submit(text("a.txt"), collection="no such/name")
    assert jobs.wait(job, PATIENCE)
    assert (job.state, job.results) == ("failed", [])
    assert "cannot name a collection" in job.error


def test_ended_jobs_are_forgotten_in_time_and_running_ones_never(jobs: JobQueue, submit: Submit) -> None:
    for _ in range(KEPT_JOBS + 3):
        assert jobs.wait(submit(), PATIENCE)
    gate, reached = threading.Event(), threading.Event()
    running = submit(held("slow.txt", gate, reached))
    assert len(jobs.jobs()) == KEPT_JOBS + 1
    jobs.forget(running)
    assert running in jobs.jobs()
    gate.set()
    assert jobs.wait(running, PATIENCE)
    jobs.forget(running)
    jobs.forget(running)
    assert running not in jobs.jobs()
