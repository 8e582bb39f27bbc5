"""Ingestion in the background: in order, watched, paused, stopped, tried again, and never dead."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from documents import encrypted_pdf
from job_gates import PATIENCE, Gate, hold_embedder
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from ingest.given import given_path
from ingest.job_views import Job
from ingest.jobs import KEPT_JOBS, Jobs
from ingest.passwords import password_of
from ingest.pipeline import POOL_CHUNKS
from ingest.uploads import given_uploads
from ingest.worker import ensure_worker
from rag.database import DATABASE_FILE, open_database, write
from rag.errors import JobNotFound, WriterBusy
from rag.job_tables import JobRow
from rag.store import CollectionTable
from rag.workspace import Workspace

Submit = Callable[..., Job]
#: More than the pipeline reads ahead and, behind the gate, embeds at once.
MANY = 300


@pytest.fixture
def jobs(workspace: Workspace) -> Jobs:
    return Jobs(workspace, wake=ensure_worker)


@pytest.fixture
def submit(jobs: Jobs, workspace: Workspace) -> Submit:
    """Hands in uploads by name and content."""

    def submitted(files: dict[str, bytes], collection: str = "default", **options: Any) -> Job:
        given = given_uploads(files.items(), workspace.settings.ingest, workspace.blobs)
        return jobs.submit(collection, given, label="some files", **options)

    return submitted


@pytest.fixture
def gate(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Gate:
    monkeypatch.setattr("ingest.pipeline.POOL_CHUNKS", 8)
    return hold_embedder(workspace, monkeypatch)


def text(*names: str) -> dict[str, bytes]:
    return {name: f"The text of {name}.".encode() for name in names}


def ended(jobs: Jobs, job: Job) -> Job:
    assert jobs.wait(job, PATIENCE)
    return jobs.get(job.id)


def heard(jobs: Jobs, job: Job) -> None:
    """Wait until the worker has beaten twice: then it knows what is wished of it."""
    deadline = time.monotonic() + PATIENCE
    seen = {jobs.get(job.id).seconds}
    while len(seen) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        seen.add(jobs.get(job.id).seconds)


def statuses(jobs: Jobs, job: Job) -> dict[str, str]:
    return {file.file: file.result.status if file.result else "" for file in jobs.files(job)}


def test_a_job_reports_each_file(jobs: Jobs, submit: Submit, workspace: Workspace) -> None:
    job = submit(text("a.txt") | {"broken.pdf": b"%PDF-1.7\nno", "empty.txt": b" "})
    assert job.active
    job = ended(jobs, job)
    assert (job.state, job.error, job.active, job.files, job.done) == ("done", "", False, 3, 3)
    assert job.counts == {"added": 1, "failed": 1, "empty": 1}
    assert (job.troubled, job.left_out, job.fraction) == (2, 0, 1.0)
    assert statuses(jobs, job) == {"a.txt": "added", "broken.pdf": "failed", "empty.txt": "empty"}
    assert all(file.result and file.result.error for file in jobs.troubled(job))
    assert workspace.table("default").count() == 1


def test_jobs_are_done_one_after_the_other(jobs: Jobs, submit: Submit, gate: Gate) -> None:
    first = submit(text("slow.txt"), collection="one")
    second = submit(text("quick.txt"), collection="other")
    assert gate.reached.wait(PATIENCE)
    assert [job.state for job in jobs.jobs()] == ["waiting", "running"]
    assert [job.id for job in jobs.jobs("one")] == [first.id]
    assert not jobs.wait(second, 0)
    gate.open.set()
    assert (ended(jobs, second).state, jobs.get(first.id).state) == ("done", "done")


def test_cancelling_stops_after_what_is_going_on(
    jobs: Jobs, submit: Submit, workspace: Workspace, gate: Gate
) -> None:
    job = submit(text(*(f"{number}.txt" for number in range(MANY))))
    assert gate.reached.wait(PATIENCE)
    assert jobs.cancel(job)
    wished = jobs.get(job.id)
    assert (wished.state, wished.wish) == ("running", "cancel")
    heard(jobs, job)
    gate.open.set()
    job = ended(jobs, job)
    assert job.state == "cancelled"
    assert 0 < job.done < MANY
    assert workspace.table("default").count() == job.done
    assert job.left_out == MANY - job.done
    # What was left out can be added later, and what was done is not done again.
    assert jobs.resume(job)
    after = ended(jobs, job)
    assert (after.state, after.counts) == ("done", {"added": MANY})
    assert workspace.table("default").count() == MANY


def test_a_paused_job_goes_on_where_it_stopped(
    jobs: Jobs, submit: Submit, workspace: Workspace, gate: Gate
) -> None:
    job = submit(text(*(f"{number}.txt" for number in range(MANY))))
    waiting = submit(text("other.txt"))
    assert gate.reached.wait(PATIENCE)
    assert jobs.pause(job)
    assert jobs.pause(waiting)
    heard(jobs, job)
    gate.open.set()
    job = ended(jobs, job)
    assert job.state == jobs.get(waiting.id).state == "paused"
    assert 0 < job.done < MANY
    assert workspace.catalog.get("default", "other.txt") is None
    assert not jobs.pause(job)
    assert jobs.resume(job)
    assert ended(jobs, job).counts == {"added": MANY}


def test_cancelling_a_waiting_job_leaves_everything_out(jobs: Jobs, submit: Submit, gate: Gate) -> None:
    first, second, third = submit(text("slow.txt")), submit(text("never.txt")), submit(text("third.txt"))
    assert gate.reached.wait(PATIENCE)
    assert jobs.cancel(second)
    assert jobs.get(second.id).state == "cancelled"
    gate.open.set()
    assert ended(jobs, third).state == "done"
    assert (jobs.get(first.id).state, jobs.files(second)) == ("done", [])
    assert not jobs.cancel(third)
    assert not jobs.resume(third)
    assert jobs.get(third.id).state == "done"


def test_a_password_opens_what_failed_and_is_never_written_down(
    jobs: Jobs, submit: Submit, workspace: Workspace
) -> None:
    job = ended(jobs, submit(text("a.txt") | {"vault.pdf": encrypted_pdf("Opens at nine.", "open sesame")}))
    assert statuses(jobs, job) == {"vault.pdf": "failed", "a.txt": "added"}
    assert jobs.retry(job, ["vault.pdf"], password="guess")
    job = ended(jobs, job)
    assert "password" in (jobs.troubled(job)[0].result.error or "")  # type: ignore[union-attr]
    assert jobs.retry(job, ["vault.pdf"], password="open sesame")
    job = ended(jobs, job)
    assert job.counts == {"added": 2}
    assert workspace.table("default").text_search("nine", 1)[0].chunk.page == 1
    assert not jobs.retry(job)
    assert "open sesame" not in repr(job)
    for file in workspace.settings.data_dir.glob(f"{DATABASE_FILE}*"):
        assert b"open sesame" not in file.read_bytes()


def test_a_paused_job_still_knows_its_password(jobs: Jobs, submit: Submit, gate: Gate) -> None:
    locked = {"vault.pdf": encrypted_pdf("Opens at nine.", "open sesame")}
    job = submit(text(*(f"{number}.txt" for number in range(MANY))) | locked, password="open sesame")
    assert gate.reached.wait(PATIENCE)
    assert jobs.pause(job)
    heard(jobs, job)
    gate.open.set()
    job = ended(jobs, job)
    assert (job.state, statuses(jobs, job)["vault.pdf"]) == ("paused", "")
    assert jobs.resume(job)
    job = ended(jobs, job)
    assert (job.state, job.counts) == ("done", {"added": MANY + 1})


def test_a_password_is_kept_no_longer_than_a_job_may_need_it(workspace: Workspace) -> None:
    resting = Jobs(workspace)
    cancelled = resting.submit("default", [], label="x", password="sesame")
    paused = resting.submit("default", [], label="y", password="sesame")
    assert password_of(cancelled.id) == password_of(paused.id) == "sesame"
    # One that is to be done already takes no other password, and keeps its own.
    assert not resting.retry(paused, password="guess")
    assert resting.cancel(cancelled)
    assert resting.pause(paused)
    assert (password_of(cancelled.id), password_of(paused.id)) == (None, "sesame")
    resting.forget(paused)
    assert password_of(paused.id) is None


def test_a_job_that_cannot_be_written_down_leaves_no_password(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    resting = Jobs(workspace)
    monkeypatch.setattr("ingest.jobs.secrets.token_hex", lambda _: "the-id")
    with closing(sqlite3.connect(workspace.settings.data_dir / DATABASE_FILE, isolation_level=None)) as busy:
        busy.execute(
            "CREATE TRIGGER busy BEFORE INSERT ON job_given"
            " BEGIN SELECT RAISE(ABORT, 'database is locked'); END"
        )
        given = given_uploads([("a.txt", b"Text.")], workspace.settings.ingest, workspace.blobs)
        with pytest.raises(WriterBusy):
            resting.submit("default", given, label="x", password="sesame")
    assert password_of("the-id") is None


def test_an_embedder_that_fails_midway_fails_the_job_and_a_retry_continues(
    jobs: Jobs, submit: Submit, workspace: Workspace, monkeypatch: pytest.MonkeyPatch,
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
    long = "\n\n".join(f"# Part {number}\n\nIt says {number}." for number in range(POOL_CHUNKS + 44)).encode()
    job = ended(jobs, submit({"long.md": long, "empty.txt": b" "}))
    assert job.state == "failed"
    assert "out of memory" in job.error
    assert "out of memory" in caplog.text
    # Not half a document.
    assert workspace.table("default").count() == 0
    assert workspace.catalog.get("default", "long.md") is None
    assert jobs.resume(job)
    job = ended(jobs, job)
    assert (job.state, job.error, statuses(jobs, job)["long.md"]) == ("done", "", "added")
    assert workspace.table("default").count() == job.chunks > POOL_CHUNKS


def test_a_reader_that_raises_anything_at_all_leaves_the_worker_alive(
    jobs: Jobs, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unexpected(*_: Any, **__: Any) -> None:
        raise SystemExit("a part that wants to leave")

    with monkeypatch.context() as patched:
        patched.setattr("ingest.pipeline.Pipeline.run", unexpected)
        job = ended(jobs, submit(text("first.txt")))
    assert job.state == "failed"
    assert "wants to leave" in job.error
    assert ended(jobs, submit(text("after.txt"))).state == "done"


def test_a_table_that_cannot_be_written_fails_the_job_in_words(
    jobs: Jobs, submit: Submit, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(CollectionTable, "replace_documents", full)
        job = ended(jobs, submit(text("a.txt")))
    assert job.state == "failed"
    assert "No space left" in job.error
    assert workspace.catalog.get("default", "a.txt") is None
    assert jobs.retry(job)
    assert ended(jobs, job).counts == {"added": 1}


def test_a_collection_name_that_cannot_be_fails_the_job(jobs: Jobs, submit: Submit) -> None:
    job = ended(jobs, submit(text("a.txt"), collection="no such/name"))
    assert (job.state, jobs.files(job)) == ("failed", [])
    assert "cannot name a collection" in job.error


def test_a_file_that_went_away_between_two_tries_is_reported(jobs: Jobs, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.txt").write_text("Stays.")
    (folder / "b.pdf").write_bytes(b"%PDF-1.7\nno")
    job = ended(jobs, jobs.submit("default", [given_path(folder)], label="folder"))
    assert statuses(jobs, job) == {"a.txt": "added", "b.pdf": "failed"}
    (folder / "b.pdf").unlink()
    assert jobs.retry(job)
    [gone] = jobs.troubled(ended(jobs, job))
    assert gone.result is not None
    assert "no longer there" in (gone.result.error or "")


def test_archives_are_opened_and_their_bytes_go_when_nothing_is_left_in_them(
    jobs: Jobs, submit: Submit, workspace: Workspace
) -> None:
    import io
    import zipfile

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("in/a.txt", "A member.")
        archive.writestr("b.pdf", b"%PDF-1.7\nno")
    job = ended(jobs, submit({"all.zip": stream.getvalue()}))
    assert statuses(jobs, job) == {"all.zip!in/a.txt": "added", "all.zip!b.pdf": "failed"}
    before = workspace.blobs.size()
    jobs.forget(job)
    assert workspace.blobs.size() <= before - len(stream.getvalue())
    clean = io.BytesIO()
    with zipfile.ZipFile(clean, "w") as archive:
        archive.writestr("c.txt", "Another member.")
    digest = workspace.blobs.put_bytes(clean.getvalue())
    again = ended(jobs, submit({"clean.zip": clean.getvalue()}))
    assert again.state == "done"
    # The job ends first, its archive goes right after.
    deadline = time.monotonic() + PATIENCE
    while workspace.blobs.has(digest):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_uploads_of_a_stopped_job_go_when_it_is_dismissed(workspace: Workspace, tmp_path: Path) -> None:
    resting = Jobs(workspace)
    shared = given_uploads([("a.txt", b"In two jobs.")], workspace.settings.ingest, workspace.blobs)
    own = given_uploads([("b.txt", b"In one job.")], workspace.settings.ingest, workspace.blobs)
    one, other = (
        resting.submit("default", shared + own, label="x"),
        resting.submit("default", shared, label="y"),
    )
    assert resting.cancel(one)
    resting.forget(one)
    assert not workspace.blobs.has(own[0].place)
    assert workspace.blobs.has(shared[0].place)
    with pytest.raises(JobNotFound, match=one.id):
        resting.get(one.id)
    resting.forget(other)
    assert resting.get(other.id).state == "waiting"


def test_ended_jobs_are_forgotten_in_time_and_active_ones_never(workspace: Workspace) -> None:
    jobs = Jobs(workspace)
    for _ in range(KEPT_JOBS + 3):
        jobs.cancel(jobs.submit("default", [], label="x"))
    kept = jobs.submit("default", [], label="last")
    assert len(jobs.jobs()) == KEPT_JOBS + 1
    assert jobs.jobs(limit=1) == [kept]


def test_a_thousand_jobs_are_listed_with_one_query(workspace: Workspace) -> None:
    jobs = Jobs(workspace)
    first = jobs.submit("default", [], label="0")
    engine = open_database(workspace.settings.data_dir)

    def copy(session: Session) -> None:
        row = session.get_one(JobRow, first.id)
        values = {column.key: getattr(row, column.key) for column in JobRow.__table__.columns}
        session.execute(
            insert(JobRow),
            [
                values | {"id": f"copy-{number}", "position": number + 1, "label": str(number)}
                for number in range(1, 1000)
            ],
        )

    write(engine, copy)
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    assert [job.label for job in jobs.jobs("default")] == [str(number) for number in reversed(range(1000))]
    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 1
