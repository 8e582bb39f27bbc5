"""The relational side: tables for collections, documents and conversations, and their engine.

One SQLite file, `askance.sqlite`, in the data folder, shared by threads and by processes. Nothing
here knows what the rows mean (see rag/catalog.py and rag/history.py), holds passages or vectors (the
LanceDB table does), or uses what PostgreSQL lacks; all that is particular to SQLite is in `_connected`
and `_began`. Alembic is imported only when a database has to be brought to the newest revision.
"""

from __future__ import annotations

import builtins
import json
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import (
    JSON,
    URL,
    BigInteger,
    Connection,
    Engine,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from rag.column_types import Prose, UtcDateTime
from rag.errors import DiskRefused, StoreError, WriterBusy

if sys.platform != "win32":
    import fcntl

DATABASE_FILE = "askance.sqlite"
#: The newest revision in rag/migrations/versions; a test holds the two together.
HEAD = "0010"
BUSY_SECONDS = 30
WRITE_ATTEMPTS = 5
_WRITES = "askance_writes"

Result = TypeVar("Result")


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    """Base of all models; constraints are named, so that later migrations can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class CollectionRow(Base):
    """A named set of documents; the meaning of the other columns is that of rag/collection_tables.py."""

    __tablename__ = "collections"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    table_name: Mapped[str] = mapped_column(Text, default="")
    purpose: Mapped[str] = mapped_column(Text, default="")
    revises: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DocumentRow(Base):
    """A file of a collection, read or failed."""

    __tablename__ = "documents"
    __table_args__ = (Index(None, "collection", "document_id"),)

    collection: Mapped[str] = mapped_column(
        Text, ForeignKey("collections.name", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    document_id: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    error: Mapped[str] = mapped_column(Prose)
    pages: Mapped[int]
    chunks: Mapped[int]
    bytes: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str] = mapped_column(Prose)
    mime_type: Mapped[str] = mapped_column(Prose)
    language: Mapped[str] = mapped_column(Prose)
    warnings: Mapped[list[str]] = mapped_column(JSON)
    tags: Mapped[list[str]] = mapped_column(JSON)
    authors: Mapped[list[str]] = mapped_column(JSON)
    dated: Mapped[date | None]
    notes: Mapped[str] = mapped_column(Prose)
    tokens: Mapped[int] = mapped_column(BigInteger)
    report: Mapped[dict[str, list[int]]] = mapped_column(JSON)
    signature: Mapped[builtins.bytes] = mapped_column(LargeBinary)
    recipe: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConversationRow(Base):
    """A conversation. It names its collection without a foreign key: it may outlive it."""

    __tablename__ = "conversations"
    __table_args__ = (Index(None, "owner", "updated_at"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[str] = mapped_column(Prose)
    collection: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    pinned: Mapped[bool]
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TurnRow(Base):
    """One question of a conversation and what became of it."""

    __tablename__ = "turns"
    __table_args__ = (UniqueConstraint("conversation_id", "position"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(Text, ForeignKey("conversations.id", ondelete="CASCADE"))
    position: Mapped[int]
    question: Mapped[str] = mapped_column(Prose)
    answer: Mapped[str] = mapped_column(Prose)
    answered: Mapped[bool | None]
    status: Mapped[str] = mapped_column(Text)
    error: Mapped[str] = mapped_column(Prose)
    citations: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    rating: Mapped[int | None]
    judgement: Mapped[dict[str, Any]] = mapped_column(JSON)
    parent_id: Mapped[str] = mapped_column(Text)
    chosen: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WaitingQuestionRow(Base):
    """A question that waits for its turn; see rag/waiting_questions.py."""

    __tablename__ = "waiting_questions"
    __table_args__ = (UniqueConstraint("conversation_id", "position"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    conversation_id: Mapped[str] = mapped_column(Text, ForeignKey("conversations.id", ondelete="CASCADE"))
    position: Mapped[int]
    question: Mapped[dict[str, Any]] = mapped_column(JSON)


_engines: dict[tuple[int, Path], Engine] = {}
_engines_lock = threading.Lock()


def open_database(data_dir: Path) -> Engine:
    """The engine of the database in a data folder, made and brought to the newest revision if needed.

    The same engine is returned to all threads of a process. Several processes may open a new folder
    at once. Raises StoreError when the folder or the file cannot be used.
    """
    file = data_dir.expanduser().resolve() / DATABASE_FILE
    # Connections must not cross a fork, so a child process gets an engine of its own.
    key = (os.getpid(), file)
    with _engines_lock:
        engine = _engines.get(key)
        if engine is not None and file.exists():
            return engine
        if engine is not None:
            # The data folder was removed while in use: let go of the connections to the lost file.
            engine.dispose()
        else:
            engine = _make_engine(file)
        _prepare(engine, file)
        _engines[key] = engine
        return engine


def close_databases() -> None:
    """Close every connection that this process keeps; the next `open_database` opens anew."""
    with _engines_lock:
        for key in [key for key in _engines if key[0] == os.getpid()]:
            _engines.pop(key).dispose()


def read(engine: Engine, work: Callable[[Session], Result]) -> Result:
    """Run `work` on one consistent state of the database. Raises StoreError when that fails."""
    with _explained(engine), Session(engine) as session:
        return work(session)


def write(engine: Engine, work: Callable[[Session], Result]) -> Result:
    """Run `work` in one transaction that is kept whole or not at all.

    `work` runs again when another process inserted the same key meanwhile, so it must have no other
    effects. Waits up to BUSY_SECONDS for other writers. Raises StoreError when that fails; errors
    raised by `work` itself undo the transaction and pass.
    """
    with _explained(engine):
        for _ in range(WRITE_ATTEMPTS - 1):
            try:
                return _write_once(engine, work)
            except IntegrityError:
                continue
        return _write_once(engine, work)


def _write_once(engine: Engine, work: Callable[[Session], Result]) -> Result:
    with Session(engine.execution_options(**{_WRITES: True})) as session, session.begin():
        return work(session)


def _make_engine(file: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(file)),
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        json_serializer=_encoded,
        max_overflow=-1,
    )
    event.listen(engine, "connect", _connected)
    event.listen(engine, "begin", _began)
    return engine


def _connected(connection: sqlite3.Connection, _record: object) -> None:
    # Python's own transaction handling starts them late and never as writers; `_began` does it instead.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    # SQLite's own function folds ASCII only, so a search for "ärger" would miss "Ärger".
    connection.create_function("lower", 1, _lower, deterministic=True)


def _began(connection: Connection) -> None:
    # A transaction that first reads and then writes fails at once, however long the timeout, when
    # another wrote in between; so writers say at the start that they will write.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()


def _encoded(value: Any) -> str:
    return json.dumps(value, default=_plain_number, allow_nan=False)


def _plain_number(value: Any) -> Any:
    # Scores come as numpy scalars, which json does not know.
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be kept in the database; turn it into plain data first.")


def _prepare(engine: Engine, file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"The data folder {file.parent} cannot be made: {error.strerror}. "
            "Choose another with ASKANCE_DATA_DIR, or make it writable."
        ) from error
    with _explained(engine):
        if file.exists() and _is_current(engine):
            return
        with _one_process(file.with_name(f"{file.name}.lock")):
            _write_ahead(engine)
            _migrate(engine, file)


def _write_ahead(engine: Engine) -> None:
    # Not through a Connection, which would begin a transaction; the file remembers the mode.
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _is_current(engine: Engine) -> bool:
    with engine.connect() as connection:
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        return journal == "wal" and _revision(connection) == HEAD


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _migrate(engine: Engine, file: Path) -> None:
    # The transaction keeps others out where there is no file lock, and undoes half a migration.
    with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        if _revision(connection) == HEAD:
            return
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        configuration = Config(attributes={"connection": connection})
        scripts = str(Path(__file__).parent / "migrations")
        configuration.set_main_option("script_location", scripts.replace("%", "%%"))
        configuration.set_main_option("path_separator", "os")
        try:
            command.upgrade(configuration, "head")
        except CommandError as error:
            raise StoreError(
                f"{file} was made by another version of Askance ({error}). "
                "Update Askance, or choose another data folder with ASKANCE_DATA_DIR."
            ) from error


@contextmanager
def _one_process(lock: Path) -> Iterator[None]:
    try:
        stream = lock.open("a")
    except OSError as error:
        raise StoreError(f"{lock} cannot be written: {error.strerror}. Make the folder writable.") from error
    with stream:
        # Elsewhere the transaction of `_migrate` does it alone. Closing the file gives the lock back.
        if sys.platform != "win32":
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        reason = str(error.orig) if isinstance(error, DBAPIError) else str(error).partition("\n")[0]
        kind, advice = _advice(reason)
        raise kind(
            f"The database {engine.url.database} did not do what was asked: {reason}. {advice}"
        ) from error


def _advice(reason: str) -> tuple[type[StoreError], str]:
    writable = "Make the file and its folder writable, then try again."
    backup = "Put a backup in its place, or move it away to begin anew."
    advice = {
        "locked": (WriterBusy, "Another process holds it; try again, and end whatever keeps it for long."),
        "full": (DiskRefused, "Free some space on that disk, then try again; what was added stays."),
        "disk i/o": (DiskRefused, "Check that disk and the space on it, then try again."),
        "readonly": (DiskRefused, writable),
        "unable to open": (StoreError, "Check that the folder exists and is writable."),
        "not a database": (StoreError, backup),
        "malformed": (StoreError, backup),
    }
    found = (then for sign, then in advice.items() if sign in reason.lower())
    return next(found, (StoreError, "Check the data that was given."))
