"""A job and its files as plain data, apart from the database's rows. Nothing is read or changed here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ingest.leases import is_alive
from ingest.progress import FileProgress, FileResult
from rag.job_tables import JobFileRow, JobRow

#: States from which only a person's wish leads on.
ENDED = ("done", "cancelled", "failed")


@dataclass(frozen=True, slots=True)
class Job:
    """One request to ingest, as it stood when it was read from the database.

    `state` is waiting, running, paused, done, cancelled or failed; a running one is `interrupted` when
    its worker is dead, until another takes it over. `wish` is pause or cancel while its worker has not
    yet followed it. `counts` are files by status, `fraction` the share of the work done, `seconds` the
    time worked on it, `seconds_left` an estimate (None without one).
    """

    id: str
    collection: str
    label: str
    force: bool
    state: str
    wish: str
    error: str
    interrupted: bool
    files: int
    counts: dict[str, int]
    pages: int
    chunks: int
    fraction: float
    seconds: float
    chunks_a_second: float
    seconds_left: float | None
    created_at: datetime
    ended_at: datetime | None

    @property
    def active(self) -> bool:
        """Whether it is still to be done or under way."""
        return self.state in ("waiting", "running")

    @property
    def done(self) -> int:
        """Files that have a result, good or not."""
        return sum(self.counts.values())

    @property
    def troubled(self) -> int:
        """Files that failed or hold no text."""
        return self.counts.get("failed", 0) + self.counts.get("empty", 0)

    @property
    def left_out(self) -> int:
        """Files that have no result."""
        return max(self.files - self.done, 0)


def as_job(row: JobRow) -> Job:
    """The job in a row."""
    return Job(
        id=row.id,
        collection=row.collection,
        label=row.label,
        force=row.force,
        state=row.state,
        wish=row.wish,
        error=row.error,
        interrupted=row.state == "running" and not is_alive(row.holder, row.heartbeat_at),
        files=row.files,
        counts=dict(row.counts),
        pages=row.pages,
        chunks=row.chunks,
        fraction=row.fraction,
        seconds=row.seconds,
        chunks_a_second=row.chunks_a_second,
        seconds_left=row.seconds_left,
        created_at=row.created_at,
        ended_at=row.ended_at,
    )


def as_file(row: JobFileRow) -> FileProgress:
    """The file in a row, with its result if it has one."""
    result = None
    if row.status:
        result = FileResult(
            row.name,
            row.status,
            row.document_id,
            row.pages,
            row.chunks,
            row.seconds,
            row.error or None,
            tuple(row.warnings),
        )
    return FileProgress(row.name, row.size, row.stage, row.pages, row.chunks, row.chunks_done, result)
