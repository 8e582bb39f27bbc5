"""The relational tables of ingestion: jobs, what was handed over, what became of each file, synced folders.

Only their shape; ingest/job_store.py and ingest/folder_ledger.py know what the rows mean. No table
holds a password, a file's bytes or its text.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Double, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rag.column_types import Prose, UtcDateTime
from rag.database import Base


class JobRow(Base):
    """A request to ingest, its lease and its progress.

    `state` is waiting, running, paused, done, cancelled or failed; `wish` is what its worker is asked
    to do: nothing (empty), pause or cancel. `holder` names the process and thread that has the lease;
    `reserved_for` a process that alone knows a password it needs. Moments are UTC.
    """

    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("position"), Index(None, "state"), Index(None, "collection"))

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    collection: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Prose)
    force: Mapped[bool]
    state: Mapped[str] = mapped_column(Text)
    wish: Mapped[str] = mapped_column(Text)
    error: Mapped[str] = mapped_column(Prose)
    holder: Mapped[str] = mapped_column(Text)
    heartbeat_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reserved_for: Mapped[str] = mapped_column(Text)
    files: Mapped[int]
    counts: Mapped[dict[str, int]] = mapped_column(JSON)
    pages: Mapped[int]
    chunks: Mapped[int]
    fraction: Mapped[float] = mapped_column(Double)
    seconds: Mapped[float] = mapped_column(Double)
    chunks_a_second: Mapped[float] = mapped_column(Double)
    seconds_left: Mapped[float | None] = mapped_column(Double)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class GivenRow(Base):
    """Something handed over with a job: `place` is a path (kind path), else the digest of kept bytes."""

    __tablename__ = "job_given"

    job_id: Mapped[str] = mapped_column(Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Prose)
    place: Mapped[str] = mapped_column(Prose)
    size: Mapped[int] = mapped_column(BigInteger)


class JobFileRow(Base):
    """A file of a job and its result; `status` is empty until there is one."""

    __tablename__ = "job_files"
    __table_args__ = (Index(None, "job_id", "status"),)

    job_id: Mapped[str] = mapped_column(Text, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(Prose, primary_key=True)
    position: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)
    stage: Mapped[str] = mapped_column(Text)
    pages: Mapped[int]
    chunks: Mapped[int]
    chunks_done: Mapped[int]
    status: Mapped[str] = mapped_column(Text)
    document_id: Mapped[str] = mapped_column(Text)
    error: Mapped[str] = mapped_column(Prose)
    warnings: Mapped[list[str]] = mapped_column(JSON)
    seconds: Mapped[float] = mapped_column(Double)


class SyncedFileRow(Base):
    """A file of a folder that a collection follows, as it was when last taken in.

    `path` is relative to the folder; `names` are the documents it became; `gone_at` is set once it is
    no longer there and its documents are marked so.
    """

    __tablename__ = "synced_files"

    collection: Mapped[str] = mapped_column(Text, primary_key=True)
    folder: Mapped[str] = mapped_column(Prose, primary_key=True)
    path: Mapped[str] = mapped_column(Prose, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    modified_ns: Mapped[int] = mapped_column(BigInteger)
    names: Mapped[list[str]] = mapped_column(JSON)
    gone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
