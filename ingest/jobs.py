"""Ingestion jobs as pages and command line see them: handed in, watched, paused, stopped, tried again.

They live in the database of the data folder, so that every process sees the same ones and none is lost
with a process. This module asks; a worker (ingest/worker.py) does. No page code here.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from ingest.given import Given
from ingest.job_views import ENDED, Job, as_file, as_job
from ingest.leases import is_alive, this_process
from ingest.passwords import drop_password, keep_password, password_of
from ingest.progress import FileProgress
from rag.database import open_database, read, utc_now, write
from rag.errors import JobNotFound, StoreError
from rag.job_tables import GivenRow, JobFileRow, JobRow
from rag.needed_blobs import remove_unneeded
from rag.workspace import Workspace

#: Ended jobs that stay listed.
KEPT_JOBS = 200
#: Which files are listed first.
_STAGES = ("embedding", "chunking", "reading", "failed", "waiting", "done")
_POLL_SECONDS = 0.05


class Jobs:
    """The jobs of one data folder. Safe to use from threads and processes at once.

    `wake` is called with the workspace when there is something to do. Every method raises StoreError
    when the database refuses, and JobNotFound for the id of no job.
    """

    def __init__(self, workspace: Workspace, wake: Callable[[Workspace], None] | None = None) -> None:
        self._workspace = workspace
        self._engine = open_database(workspace.settings.data_dir)
        self._wake = wake or (lambda _workspace: None)

    def submit(
        self,
        collection: str,
        given: Sequence[Given],
        *,
        label: str,
        force: bool = False,
        password: str | None = None,
    ) -> Job:
        """Queue what was given for a collection; returns the job at once."""
        job_id = secrets.token_hex(4)

        def work(session: Session) -> bool:
            last = session.scalar(select(func.max(JobRow.position))) or 0
            session.add(_new_row(job_id, last + 1, collection, label, force, _reserved(password)))
            session.flush()
            rows = [
                {
                    "job_id": job_id,
                    "position": position,
                    "kind": each.kind,
                    "name": each.name,
                    "place": each.place,
                    "size": each.size,
                }
                for position, each in enumerate(given)
            ]
            if rows:
                session.execute(insert(GivenRow), rows)
            return True

        self._with_password(job_id, password, work)
        self._forget_old()
        self._wake(self._workspace)
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """The job of this id."""
        row = read(self._engine, lambda session: session.get(JobRow, job_id))
        if row is None:
            raise _no_job(job_id)
        return as_job(row)

    def find(self, beginning: str) -> Job:
        """The only job whose id begins so."""
        query = select(JobRow).where(JobRow.id.startswith(beginning, autoescape=True)).limit(2)
        rows = read(self._engine, lambda session: session.scalars(query).all())
        if not beginning or not rows:
            raise _no_job(beginning)
        if len(rows) > 1:
            raise JobNotFound(f"Several jobs begin with {beginning!r}. Give more of the id.")
        return as_job(rows[0])

    def jobs(self, collection: str | None = None, *, limit: int | None = None) -> list[Job]:
        """Jobs known, newest first."""
        query = select(JobRow).order_by(JobRow.position.desc()).limit(limit)
        if collection is not None:
            query = query.where(JobRow.collection == collection)
        return [as_job(row) for row in read(self._engine, lambda session: session.scalars(query).all())]

    def files(self, job: Job, *, limit: int | None = None) -> list[FileProgress]:
        """The files of a job with their results, those being worked on first."""
        order = case({stage: place for place, stage in enumerate(_STAGES)}, value=JobFileRow.stage, else_=9)
        query = select(JobFileRow).where(JobFileRow.job_id == job.id)
        query = query.order_by(order, JobFileRow.position).limit(limit)
        return [as_file(row) for row in read(self._engine, lambda session: session.scalars(query).all())]

    def troubled(self, job: Job, *, limit: int | None = None) -> list[FileProgress]:
        """The files of a job that could not be read or hold no text, in order."""
        query = (
            select(JobFileRow)
            .where(JobFileRow.job_id == job.id, JobFileRow.status.in_(("failed", "empty")))
            .order_by(JobFileRow.position)
            .limit(limit)
        )
        return [as_file(row) for row in read(self._engine, lambda session: session.scalars(query).all())]

    def pause(self, job: Job) -> bool:
        """Let a job rest after what it is doing now; False when it was not active."""
        return self._request(job, "pause", "paused", ("waiting", "running"))

    def cancel(self, job: Job) -> bool:
        """Stop a job after what it is doing now; what is committed stays. False when it had ended."""
        return self._request(job, "cancel", "cancelled", ("waiting", "running", "paused"))

    def resume(self, job: Job) -> bool:
        """Go on with the files without a result; False when the job is active or done."""

        def work(session: Session) -> bool:
            row = _row(session, job.id)
            if row.state == "running" and row.wish == "pause":
                row.wish = ""
                return True
            if row.state not in ("paused", "cancelled", "failed"):
                return False
            _renew(session, row)
            return True

        return self._told(write(self._engine, work))

    def retry(self, job: Job, names: Iterable[str] | None = None, *, password: str | None = None) -> bool:
        """Do files without text or success again (these, or all), and those without a result.

        False when the job is active, or nothing is to be done.
        """
        wanted = None if names is None else set(names)

        def work(session: Session) -> bool:
            row = _row(session, job.id)
            if row.state in ("waiting", "running"):
                return False
            query = select(JobFileRow).where(
                JobFileRow.job_id == job.id, JobFileRow.status.in_(("failed", "empty"))
            )
            again = [each for each in session.scalars(query) if wanted is None or each.name in wanted]
            if not again and sum(row.counts.values()) >= row.files and row.state != "failed":
                return False
            for each in again:
                each.status, each.error, each.warnings = "", "", []
            session.flush()
            row.counts = _counted(session, job.id)
            if password:
                row.reserved_for = _reserved(password)
            _renew(session, row)
            return True

        return self._told(self._with_password(job.id, password, work))

    def forget(self, *jobs: Job) -> None:
        """Take ended or paused jobs off the list; uploads that only they need are removed."""

        def work(session: Session) -> tuple[list[str], list[str]]:
            gone: list[str] = []
            places: list[str] = []
            for job in jobs:
                row = session.get(JobRow, job.id)
                if row is not None and row.state not in ("waiting", "running"):
                    kept = GivenRow.job_id == job.id, GivenRow.kind != "path"
                    places += session.scalars(select(GivenRow.place).where(*kept)).all()
                    session.execute(delete(JobRow).where(JobRow.id == job.id))
                    gone.append(job.id)
            return gone, places

        gone, places = write(self._engine, work)
        for job_id in gone:
            drop_password(job_id)
        remove_unneeded(self._workspace, places, listed_jobs=True)

    def wait(self, job: Job, timeout: float | None = None) -> bool:
        """Block until a job has ended or rests; False when the time (seconds) ran out."""
        until = None if timeout is None else time.monotonic() + timeout
        pause = threading.Event()
        while self.get(job.id).active:
            if until is not None and time.monotonic() >= until:
                return False
            pause.wait(_POLL_SECONDS)
        return True

    def _request(self, job: Job, wish: str, state: str, allowed: tuple[str, ...]) -> bool:
        def work(session: Session) -> str:
            row = _row(session, job.id)
            if row.state not in allowed:
                return ""
            if row.state == "running" and is_alive(row.holder, row.heartbeat_at):
                row.wish = wish
            else:
                row.state, row.wish, row.holder = state, "", ""
                if state in ENDED:
                    row.ended_at, row.reserved_for = utc_now(), ""
                else:
                    row.ended_at = None
            return row.state

        after = write(self._engine, work)
        if after in ENDED:
            drop_password(job.id)
        return bool(after)

    def _with_password(self, job_id: str, password: str | None, work: Callable[[Session], bool]) -> bool:
        """Write a job that may be done with a password, which is kept only if it is to be done.

        It is there when the job is: this process's worker may take that at once.
        """

        def with_password(session: Session) -> bool:
            applied = work(session)
            if applied and password:
                keep_password(job_id, password)
            return applied

        earlier = password_of(job_id)
        try:
            return write(self._engine, with_password)
        except BaseException:
            keep_password(job_id, earlier)
            raise

    def _told(self, applied: bool) -> bool:
        if applied:
            self._wake(self._workspace)
        return applied

    def _forget_old(self) -> None:
        query = (
            select(JobRow).where(JobRow.state.in_(ENDED)).order_by(JobRow.position.desc()).offset(KEPT_JOBS)
        )
        old = read(self._engine, lambda session: session.scalars(query).all())
        if old:
            self.forget(*(as_job(row) for row in old))


def _new_row(job_id: str, position: int, collection: str, label: str, force: bool, reserved: str) -> JobRow:
    return JobRow(
        id=job_id,
        position=position,
        collection=collection,
        label=label,
        force=force,
        state="waiting",
        wish="",
        error="",
        holder="",
        heartbeat_at=utc_now() if reserved else None,
        reserved_for=reserved,
        files=0,
        counts={},
        pages=0,
        chunks=0,
        fraction=0.0,
        seconds=0.0,
        chunks_a_second=0.0,
        seconds_left=None,
        created_at=utc_now(),
        ended_at=None,
    )


def _reserved(password: str | None) -> str:
    return str(this_process()) if password else ""


def _renew(session: Session, row: JobRow) -> None:
    row.state, row.wish, row.error, row.holder, row.ended_at = "waiting", "", "", "", None
    row.seconds_left = None
    # Time for the process that it is reserved for to take it before others believe that one dead.
    row.heartbeat_at = utc_now() if row.reserved_for else None
    unsettled = JobFileRow.job_id == row.id, JobFileRow.status == ""
    session.execute(update(JobFileRow).where(*unsettled).values(stage="waiting", chunks_done=0))


def _counted(session: Session, job_id: str) -> dict[str, int]:
    query = (
        select(JobFileRow.status, func.count())
        .where(JobFileRow.job_id == job_id, JobFileRow.status != "")
        .group_by(JobFileRow.status)
    )
    return {status: int(count) for status, count in session.execute(query)}


def _row(session: Session, job_id: str) -> JobRow:
    row = session.get(JobRow, job_id, with_for_update=True)
    if row is None:
        raise _no_job(job_id)
    return row


def _no_job(job_id: str) -> StoreError:
    return JobNotFound(f"There is no job {job_id!r}. `python -m ingest jobs` lists them.")
