"""A backup of a whole data folder while it is in use: one .tar file, verified when it is written.

Tables are frozen at one version by linking their files, which Lance never changes in place; the
database is copied through SQLite's own backup, and both are taken again until they agree about the
documents. Originals and parses are named by their content. Settings come along; secrets only when
asked for. Locks, notes of maintenance and files half written stay out. Nothing in the folder changes.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rag.backup_file import CollectionCount, Manifest, write_backup
from rag.database import DATABASE_FILE
from rag.errors import BackupError
from rag.folder_lease import lease
from rag.maintenance import PURPOSE as MAINTENANCE
from rag.maintenance import STATE_FILE
from rag.settings import (
    SECRETS_FILE,
    SETTINGS_FILE,
    read_stored,
    without_secrets,
    write_atomically,
)
from rag.table_contents import TableContents, table_contents

#: Looks at tables and database until both tell of the same documents.
LOOKS = 20
WAIT_SECONDS = 0.25
#: How long a running maintenance is waited for.
LEASE_SECONDS = 600.0
TABLES = "tables"
_STAGING = ".backup-"


@dataclass(frozen=True)
class Listed:
    """What the database lists: the collection of each table, those that people do not see, the ids of
    documents read, and how many files and conversations there are."""

    tables: dict[str, str]
    hidden: frozenset[str]
    ready: dict[str, frozenset[str]]
    files: dict[str, int]
    conversations: int


def back_up(data_dir: Path, place: Path, *, with_secrets: bool = False) -> Manifest:
    """Write a backup of the data folder to `place`, and read it back whole.

    Raises BackupError when the folder holds no data, `place` exists or lies in the folder, or a disk
    refuses; FolderBusy while another backup runs.
    """
    place = place.expanduser().absolute()
    _check_places(data_dir, place)
    with lease(data_dir, "backup"):
        for abandoned in data_dir.glob(f"{_STAGING}*"):
            shutil.rmtree(abandoned)
        with tempfile.TemporaryDirectory(dir=data_dir, prefix=_STAGING) as folder, _explained(data_dir):
            staging = Path(folder)
            contents, listed = _frozen(data_dir, staging)
            if with_secrets and (data_dir / SECRETS_FILE).exists():
                _link(data_dir / SECRETS_FILE, staging / SECRETS_FILE)
            if not with_secrets and (staging / SETTINGS_FILE).exists():
                # By hand, or by an earlier version, a secret may have come into it.
                write_atomically(
                    staging / SETTINGS_FILE, without_secrets(read_stored(data_dir, SETTINGS_FILE))
                )
            describe = partial(
                _described,
                counts=count_collections(contents, listed),
                conversations=listed.conversations,
                secrets=(staging / SECRETS_FILE).exists(),
                missing=_missing_originals(staging, listed),
            )
            return write_backup(place, staging, sorted(_files(staging)), describe)


def count_collections(contents: dict[str, TableContents], listed: Listed) -> dict[str, CollectionCount]:
    """The counts of each collection that has a table or a list of documents."""
    nothing = TableContents(0, 0, frozenset())
    held = {listed.tables.get(table, table): own for table, own in contents.items()}
    counts = {}
    for name in sorted({*held, *listed.files}):
        table, ready = held.get(name, nothing), listed.ready.get(name, frozenset())
        counts[name] = CollectionCount(
            version=table.version,
            passages=table.rows,
            documents=len(table.documents),
            listed=listed.files.get(name, 0),
            # A table on its way in or out is whole when it is exchanged, not before.
            astray=0 if name in listed.hidden else len(table.documents ^ ready),
        )
    return counts


def read_listed(database: Path) -> Listed:
    """What a database file lists, without changing it. Raises sqlite3.Error when it is damaged."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        (state,) = connection.execute("PRAGMA integrity_check").fetchone()
        if state != "ok":
            raise sqlite3.DatabaseError(state)
        columns = {row[1] for row in connection.execute("PRAGMA table_info(collections)")}
        # Databases of before migration 0003 have a table of the same name for each collection.
        named = "name, table_name, purpose" if "table_name" in columns else "name, name, ''"
        collections = connection.execute(f"SELECT {named} FROM collections").fetchall()  # noqa: S608
        ready: dict[str, set[str]] = {}
        for name, document_id in connection.execute(
            "SELECT collection, document_id FROM documents WHERE status = 'ready'"
        ):
            ready.setdefault(name, set()).add(document_id)
        files = dict(
            connection.execute(
                "SELECT c.name, count(d.name) FROM collections c LEFT JOIN documents d "
                "ON d.collection = c.name GROUP BY c.name"
            ).fetchall()
        )
        (conversations,) = connection.execute("SELECT count(*) FROM conversations").fetchone()
    return Listed(
        tables={table or name: name for name, table, _ in collections},
        hidden=frozenset(name for name, _, purpose in collections if purpose),
        ready={name: frozenset(ids) for name, ids in ready.items()},
        files=files,
        conversations=conversations,
    )


def _frozen(data_dir: Path, staging: Path) -> tuple[dict[str, TableContents], Listed]:
    """Fill the staging folder with one state of everything; says what tables and database hold in it."""
    # Originals come before the list that names them, and again after it: an addition in between
    # is caught by the second look, a removal by the first.
    _link_others(data_dir, staging)
    earlier: dict[str, CollectionCount] | None = None
    for look in range(1, LOOKS + 1):
        with lease(data_dir, MAINTENANCE, wait_seconds=LEASE_SECONDS):
            _freeze_tables(data_dir / TABLES, staging / TABLES)
        _copy_database(data_dir / DATABASE_FILE, staging / DATABASE_FILE)
        contents = table_contents(staging / TABLES)
        listed = read_listed(staging / DATABASE_FILE)
        counts = count_collections(contents, listed)
        # What differs twice in the same way is how the folder is, not a document on its way in.
        if look == LOOKS or counts == earlier or not any(count.astray for count in counts.values()):
            break
        earlier = counts
        shutil.rmtree(staging / TABLES)
        (staging / DATABASE_FILE).unlink()
        time.sleep(WAIT_SECONDS)
    _link_others(data_dir, staging)
    return contents, listed


def _freeze_tables(tables: Path, frozen: Path) -> None:
    frozen.mkdir()
    for table in sorted(tables.glob("*.lance")) if tables.exists() else []:
        # A version's files are complete before its manifest appears, so the manifests are listed first.
        manifests = [file for file in (table / "_versions").glob("*.manifest") if file.name[0] != "."]
        if not manifests:
            continue
        for file in sorted(table.rglob("*")):
            inside = file.relative_to(table)
            # Half-written files have a `#` or a leading point; hints and manifests name newer versions.
            half = "#" in file.name or file.name.startswith((".", "latest_version_hint"))
            if file.is_file() and not half and inside.parts[0] != "_versions":
                _link(file, frozen / table.name / inside)
        for manifest in manifests:
            _link(manifest, frozen / table.name / "_versions" / manifest.name)


def _copy_database(database: Path, copy: Path) -> None:
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        # Without it the copy would want a log file beside it.
        target.execute("PRAGMA journal_mode = DELETE")


def _link_others(data_dir: Path, staging: Path) -> None:
    apart = {TABLES, SECRETS_FILE, STATE_FILE, DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm"}
    for entry in sorted(data_dir.iterdir()):
        if entry.name in apart or entry.name.startswith(".") or entry.name.endswith(".lock"):
            continue
        for file in sorted(entry.rglob("*")) if entry.is_dir() else [entry]:
            inside = file.relative_to(data_dir)
            if file.is_file() and not file.is_symlink() and not file.name.startswith("."):
                _link(file, staging / inside)


def _link(file: Path, place: Path) -> None:
    """The same file under a second name, or a copy where the disk has no links; one gone is left out."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, place)
    except (FileNotFoundError, FileExistsError):
        return
    except OSError:
        try:
            shutil.copy2(file, place)
        except FileNotFoundError:
            return


def _files(staging: Path) -> Iterable[str]:
    return (file.relative_to(staging).as_posix() for file in staging.rglob("*") if file.is_file())


def _missing_originals(staging: Path, listed: Listed) -> tuple[str, ...]:
    wanted = {document_id for ids in listed.ready.values() for document_id in ids} - {""}
    return tuple(sorted(own for own in wanted if not (staging / "blobs" / own[:2] / own).exists()))


def _described(
    files: dict[str, str],
    size: int,
    *,
    counts: dict[str, CollectionCount],
    conversations: int,
    secrets: bool,
    missing: tuple[str, ...],
) -> Manifest:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Manifest(created, counts, files, size, conversations, secrets, missing)


def _check_places(data_dir: Path, place: Path) -> None:
    if not (data_dir / DATABASE_FILE).exists():
        raise BackupError(
            f"{data_dir} holds no data of Askance, so there is nothing to back up. "
            "Name the data folder with ASKANCE_DATA_DIR."
        )
    if place.exists():
        raise BackupError(f"{place} exists already. Choose another name, or remove that file first.")
    if not place.parent.is_dir():
        raise BackupError(f"The folder {place.parent} does not exist. Make it, or choose another place.")
    if place.resolve().is_relative_to(data_dir.resolve()):
        raise BackupError(f"{place} lies in the data folder itself. Choose a place outside {data_dir}.")


@contextmanager
def _explained(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, RuntimeError, ValueError) as error:
        raise BackupError(
            f"The data folder {data_dir} cannot be backed up: {error}. "
            "Check that disk and folder, then try again."
        ) from error
