"""The worker's side of the jobs in the database: take one, keep its lease, write down what became of it.

A lease is kept by its heartbeat; a job whose holder is dead is taken over. Whoever has lost the lease
writes nothing more. What users may ask of a job is in ingest/jobs.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Select, insert, or_, select, update
from sqlalchemy.orm import Session

from ingest.given import Given
from ingest.job_views import ENDED, Job, as_file, as_job
from ingest.leases import Holder, is_alive
from ingest.progress import FileProgress
from ingest.sources import Source
from rag.database import read, utc_now, write
from rag.errors import StoreError
from rag.job_tables import GivenRow, JobFileRow, JobRow


class LeaseLost(StoreError):
    """Another worker holds the job now, or it was taken off the list."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How far a job is; the fields are those of a Job."""

    files: int = 0
    counts: dict[str, int] | None = None
    pages: int = 0
    chunks: int = 0
    fraction: float = 0.0
    seconds: float = 0.0
    chunks_a_second: float = 0.0
    seconds_left: float | None = None


def claim(engine: Engine, holder: Holder) -> Lease | None:
    """Take the first job that waits or whose worker is dead; None when there is none."""
    process = str(holder.process)

    def first(session: Session) -> JobRow | None:
        for row in session.scalars(_candidates(process)):
            if row.state == "running" and is_alive(row.holder, row.heartbeat_at):
                continue
            # A process of another machine is known to live by the heartbeat of what waits for it.
            if row.reserved_for not in ("", process) and is_alive(row.reserved_for, row.heartbeat_at):
                continue
            return row
        return None

    def take(session: Session) -> Job | None:
        while (row := first(session)) is not None:
            if row.wish:
                # Its worker died before it could follow.
                row.state = "paused" if row.wish == "pause" else "cancelled"
                row.ended_at = utc_now() if row.state in ENDED else None
                row.wish = row.holder = ""
                session.flush()
                continue
            row.state, row.holder, row.heartbeat_at, row.error = "running", str(holder), utc_now(), ""
            session.flush()
            return as_job(row)
        return None

    # Looking needs no lock, and most of the time there is nothing.
    if read(engine, first) is None:
        return None
    job = write(engine, take)
    return None if job is None else Lease(engine, job, holder)


def _candidates(process: str) -> Select[JobRow]:
    waits = JobRow.state == "waiting"
    open_to_all = select(JobRow.id).where(waits, JobRow.reserved_for == "").order_by(JobRow.position).limit(1)
    return (
        select(JobRow)
        .where(
            or_(
                JobRow.state == "running",
                waits & (JobRow.reserved_for != ""),
                JobRow.id.in_(open_to_all.scalar_subquery()),
            )
        )
        .order_by(JobRow.position)
        .with_for_update(skip_locked=True)
    )


class Lease:
    """The right to do one job. Every method raises LeaseLost when another has it."""

    def __init__(self, engine: Engine, job: Job, holder: Holder) -> None:
        self.job = job
        self._engine = engine
        self._holder = str(holder)
        self._process = str(holder.process)

    def given(self) -> list[Given]:
        """What was handed over with the job."""
        query = select(GivenRow).where(GivenRow.job_id == self.job.id).order_by(GivenRow.position)
        rows = read(self._engine, lambda session: session.scalars(query).all())
        return [Given(row.kind, row.name, row.place, row.size) for row in rows]

    def files(self) -> list[FileProgress]:
        """All files of the job so far, in order."""
        query = select(JobFileRow).where(JobFileRow.job_id == self.job.id).order_by(JobFileRow.position)
        return [as_file(row) for row in read(self._engine, lambda session: session.scalars(query).all())]

    def add_files(self, sources: Sequence[Source], known: int) -> None:
        """Note files that were found; `known` is how many the job has already."""
        rows = [
            _values(self.job.id, FileProgress(source.name, source.size)) | {"position": known + number}
            for number, source in enumerate(sources)
        ]

        def work(session: Session) -> None:
            self._beat(session, {})
            if rows:
                session.execute(insert(JobFileRow), rows)

        write(self._engine, work)

    def record(self, figures: Figures | None, changed: Iterable[FileProgress]) -> str:
        """Beat, and write down how far it is and the files that changed; returns the user's wish."""
        return self._write(_figures(figures), changed)

    def give_back(
        self, state: str, error: str, figures: Figures | None, changed: Iterable[FileProgress]
    ) -> str:
        """End the lease: the job is then in this state, waiting if another worker may go on at once.

        A wish that came since the last heartbeat, or was taken back, decides instead, unless the job has
        ended or an error made it rest. Returns the state it has.
        """
        rows = [_values(self.job.id, file) for file in changed]

        def work(session: Session) -> str:
            wish = self._beat(session, {})
            own = state
            if own in ("paused", "waiting") and not error:
                own = {"pause": "paused", "cancel": "cancelled"}.get(wish, "waiting")
            values = {"state": own, "error": error, "holder": "", "wish": ""}
            ended: dict[str, Any] = {"ended_at": utc_now(), "reserved_for": ""} if own in ENDED else {}
            self._beat(session, _figures(figures) | values | {"ended_at": None} | ended)
            if rows:
                session.execute(update(JobFileRow), rows)
            return own

        return write(self._engine, work)

    def take_archives(self) -> list[str]:
        """Let go of archives that were given, once nothing is left in them to do; returns their digests."""
        query = select(GivenRow).where(GivenRow.job_id == self.job.id, GivenRow.kind == "archive")

        def work(session: Session) -> list[str]:
            rows = session.scalars(query).all()
            for row in rows:
                session.delete(row)
            return [row.place for row in rows]

        return write(self._engine, work)

    def _write(self, values: dict[str, Any], changed: Iterable[FileProgress]) -> str:
        rows = [_values(self.job.id, file) for file in changed]

        def work(session: Session) -> str:
            wish = self._beat(session, values)
            if rows:
                session.execute(update(JobFileRow), rows)
            return wish

        return write(self._engine, work)

    def _beat(self, session: Session, values: dict[str, Any]) -> str:
        mine = JobRow.id == self.job.id, JobRow.holder == self._holder
        # Read first: giving the lease back clears the wish.
        wish = session.scalar(select(JobRow.wish).where(*mine).with_for_update())
        if wish is None:
            raise LeaseLost(f"The job {self.job.label!r} is done by another worker now, or was removed.")
        now = utc_now()
        session.execute(update(JobRow).where(*mine).values(heartbeat_at=now, **values))
        for_me = JobRow.state == "waiting", JobRow.reserved_for == self._process
        session.execute(update(JobRow).where(*for_me).values(heartbeat_at=now))
        return wish


def _figures(figures: Figures | None) -> dict[str, Any]:
    if figures is None:
        return {}
    return {
        "files": figures.files,
        "counts": figures.counts or {},
        "pages": figures.pages,
        "chunks": figures.chunks,
        "fraction": figures.fraction,
        "seconds": figures.seconds,
        "chunks_a_second": figures.chunks_a_second,
        "seconds_left": figures.seconds_left,
    }


def _values(job_id: str, file: FileProgress) -> dict[str, Any]:
    result = file.result
    return {
        "job_id": job_id,
        "name": file.file,
        "size": file.size,
        "stage": file.stage,
        "pages": result.pages if result else file.pages,
        "chunks": result.chunks if result else file.chunks,
        "chunks_done": file.chunks_done,
        "status": result.status if result else "",
        "document_id": result.document_id if result else "",
        "error": (result.error or "") if result else "",
        "warnings": list(result.warnings) if result else [],
        "seconds": result.seconds if result else 0.0,
    }
