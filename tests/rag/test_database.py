"""The engine: migrations that equal the models, and many threads and processes at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text
from sqlalchemy.orm import Session

import rag.database
import rag.job_tables
import rag.question_tables
from rag.database import (
    DATABASE_FILE,
    HEAD,
    WRITE_ATTEMPTS,
    Base,
    CollectionRow,
    DocumentRow,
    close_databases,
    open_database,
    read,
    utc_now,
    write,
)
from rag.errors import StoreError

REPOSITORY = Path(__file__).parents[2]
WRITER = """
import sys
from pathlib import Path
from rag.catalog import Catalog, DocumentRecord
from rag.database import close_databases, open_database
catalog = Catalog(open_database(Path(sys.argv[1])))
for number in range(20):
    catalog.put(DocumentRecord(collection="shared", name=f"{number}.pdf", status="ready", chunks=number))
close_databases()
"""


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_databases()


def collection(name: str) -> CollectionRow:
    return CollectionRow(name=name, created_at=utc_now(), updated_at=utc_now())


def test_fresh_migration_equals_the_models(tmp_path: Path) -> None:
    with open_database(tmp_path).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_head_is_the_newest_revision() -> None:
    configuration = Config()
    configuration.set_main_option("script_location", str(REPOSITORY / "rag" / "migrations"))
    configuration.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(configuration).get_heads() == [HEAD]


def test_pragmas(tmp_path: Path) -> None:
    with open_database(tmp_path).connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 30_000
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_one_engine_for_a_folder_however_it_is_spelled(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert open_database(tmp_path) is open_database(tmp_path / "other" / "..")
    assert open_database(tmp_path) is not open_database(tmp_path / "other")


def test_folder_names_that_configuration_files_would_interpret(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "100% (mine)?x=1#y ü")
    assert (tmp_path / "100% (mine)?x=1#y ü" / DATABASE_FILE).exists()
    assert read(engine, lambda session: session.scalars(select(CollectionRow.name)).all()) == []


def test_alembic_is_not_imported_for_a_database_at_head(tmp_path: Path) -> None:
    open_database(tmp_path)
    program = (
        "import sys; from pathlib import Path; from rag.database import close_databases, open_database; "
        "open_database(Path(sys.argv[1])); close_databases(); sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=REPOSITORY, check=True)


def test_two_processes_open_the_same_new_folder_and_write_the_same_keys(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WRITER, str(folder)],
            cwd=REPOSITORY,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        _, complaint = process.communicate(timeout=120)
        assert process.returncode == 0, complaint
    names = read(open_database(folder), lambda session: session.scalars(select(DocumentRow.name)).all())
    assert len(names) == 20


def test_threads_that_read_and_then_write_lose_nothing(tmp_path: Path) -> None:
    engine = open_database(tmp_path)
    write(engine, lambda session: session.add(collection("0")))
    failures: list[Exception] = []

    def increment(session: Session) -> None:
        last = max(int(name) for name in session.scalars(select(CollectionRow.name)))
        session.add(collection(str(last + 1)))

    def work() -> None:
        try:
            for _ in range(10):
                write(engine, increment)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    names = read(engine, lambda session: session.scalars(select(CollectionRow.name)).all())
    assert {int(name) for name in names} == set(range(61))


def test_a_failing_write_leaves_nothing(tmp_path: Path) -> None:
    engine = open_database(tmp_path)

    def half(session: Session) -> None:
        session.add(collection("half"))
        session.flush()
        raise KeyError("stopped")

    with pytest.raises(KeyError):
        write(engine, half)
    assert read(engine, lambda session: session.scalars(select(CollectionRow.name)).all()) == []


def test_a_key_that_another_inserted_meanwhile_is_tried_again(tmp_path: Path) -> None:
    # SQLite lets no other writer in between; a database that does answers with IntegrityError.
    engine = open_database(tmp_path)
    write(engine, lambda session: session.add(collection("taken")))
    attempts: list[str] = []

    def insert(session: Session, names: list[str]) -> None:
        attempts.append(names.pop(0))
        session.add(collection(attempts[-1]))

    names = ["taken", "taken", "free"]
    write(engine, lambda session: insert(session, names))
    assert attempts == ["taken", "taken", "free"]
    with pytest.raises(StoreError, match="UNIQUE"):
        write(engine, lambda session: insert(session, ["taken"]))
    assert len(attempts) == 3 + WRITE_ATTEMPTS


def test_a_removed_data_folder_is_made_anew(tmp_path: Path) -> None:
    engine = open_database(tmp_path)
    write(engine, lambda session: session.add(collection("gone")))
    for file in tmp_path.iterdir():
        file.unlink()
    assert open_database(tmp_path) is engine
    assert read(engine, lambda session: session.scalars(select(CollectionRow.name)).all()) == []


def test_times_come_back_aware_in_utc(tmp_path: Path) -> None:
    engine = open_database(tmp_path)
    moment = datetime(2024, 2, 29, 1, 2, 3, 456789, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    write(engine, lambda session: session.add(CollectionRow(name="a", created_at=moment, updated_at=moment)))
    stored = read(engine, lambda session: session.scalars(select(CollectionRow.created_at)).one())
    assert stored == moment
    assert stored.tzinfo is UTC
    naive = datetime(2024, 1, 1)
    row = CollectionRow(name="b", created_at=naive, updated_at=naive)
    with pytest.raises(StoreError, match="no time zone"):
        write(engine, lambda session: session.add(row))


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(b"This is certainly not a database. " * 100)
    with pytest.raises(StoreError, match=r"askance\.sqlite.*not a database.*backup"):
        open_database(tmp_path)


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="ASKANCE_DATA_DIR"):
        open_database(tmp_path / "file" / "data")


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    engine = open_database(tmp_path)
    write(engine, lambda session: session.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    close_databases()
    with pytest.raises(StoreError, match="another version of Askance"):
        open_database(tmp_path)


def test_a_lock_held_too_long_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.database, "BUSY_SECONDS", 0.1)
    engine = open_database(tmp_path)
    other = sqlite3.connect(tmp_path / DATABASE_FILE, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match=r"locked.*try again"):
            write(engine, lambda session: session.add(collection("a")))
    finally:
        other.close()


def test_lower_folds_more_than_ascii(tmp_path: Path) -> None:
    with open_database(tmp_path).connect() as connection:
        assert connection.exec_driver_sql("SELECT lower('ÄRGER'), lower(NULL)").one() == ("ärger", None)
