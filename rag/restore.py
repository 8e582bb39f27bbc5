"""Bringing a backup back: checked before, unpacked beside the data folder, checked again, then renamed.

The data folder is never half restored. One that holds something is left alone unless forced, and then
it is moved aside, not removed. A folder that a running app uses is refused.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import stat
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from rag.backup import TABLES, count_collections, read_listed
from rag.backup_file import MANIFEST, Manifest, check_backup, read_members
from rag.database import DATABASE_FILE, close_databases
from rag.errors import BackupError, FolderBusy
from rag.folder_lease import IN_USE, lease
from rag.settings import SECRETS_FILE
from rag.table_contents import table_contents

_BLOCK = 1024 * 1024


@dataclass(frozen=True)
class RestoredFolder:
    """What was restored where; `aside` is where the former contents of the folder now are."""

    manifest: Manifest
    folder: Path
    aside: Path | None


def restore(file: Path, data_dir: Path, *, force: bool = False) -> RestoredFolder:
    """Make the data folder what it was when the backup was written.

    Raises BackupError when the backup is damaged or was tampered with, the folder holds something and
    `force` is not set, a process works on it, or a disk refuses; the folder is then as it was.
    """
    data_dir = data_dir.expanduser().absolute()
    filled = data_dir.exists() and any(data_dir.iterdir())
    if filled and not force:
        raise BackupError(
            f"{data_dir} is not empty. Name another folder with ASKANCE_DATA_DIR, or move its contents "
            "aside with --force."
        )
    manifest = check_backup(file)
    try:
        data_dir.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(dir=data_dir.parent, prefix=f".{data_dir.name}.restoring-"))
        try:
            _unpack(file, staging, manifest)
            _check(staging, file, manifest)
            aside = _put_in_place(staging, data_dir, filled)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise BackupError(
            f"{file} cannot be restored to {data_dir}: {error}. The folder is as it was. Check the room on "
            "its disk and who may write there, or name another folder with ASKANCE_DATA_DIR."
        ) from error
    return RestoredFolder(manifest, data_dir, aside)


def _unpack(file: Path, staging: Path, manifest: Manifest) -> None:
    def take(path: str, stream: IO[bytes]) -> None:
        if path == MANIFEST:
            return
        place = staging / path
        place.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with place.open("xb") as written:
            if path == SECRETS_FILE:
                place.chmod(0o600)
            while block := stream.read(_BLOCK):
                digest.update(block)
                written.write(block)
        if manifest.files.get(path) != digest.hexdigest():
            raise BackupError(f"{file} changed while it was read ({path!r}). Try again with a copy of it.")

    read_members(file, take)


def _check(staging: Path, file: Path, manifest: Manifest) -> None:
    """What was unpacked must open, and hold what the manifest counts."""
    for path, digest in manifest.files.items():
        with (staging / path).open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
                raise BackupError(f"{staging / path} was not written whole. Check that disk, then try again.")
    try:
        listed = read_listed(staging / DATABASE_FILE)
        counts = count_collections(table_contents(staging / TABLES), listed)
    except (sqlite3.Error, RuntimeError, ValueError) as error:
        raise BackupError(f"What {file} holds does not open: {error}. Use another backup.") from error
    if counts != manifest.collections or listed.conversations != manifest.conversations:
        raise BackupError(f"{file} does not hold what its manifest counts. Use another backup.")


def _put_in_place(staging: Path, data_dir: Path, filled: bool) -> Path | None:
    staging.chmod(_mode_for(data_dir, staging))
    if not filled:
        # Renaming a folder onto an empty one replaces it.
        staging.replace(data_dir)
        return None
    try:
        with lease(data_dir, IN_USE):
            # Connections of this process would go on with the file that is moved away.
            close_databases()
            aside = data_dir.with_name(f"{data_dir.name}.before-restore-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}")
            data_dir.rename(aside)
            try:
                staging.rename(data_dir)
            except OSError:
                aside.rename(data_dir)
                raise
    except FolderBusy as error:
        raise BackupError(
            f"Askance runs on {data_dir}: the app, a worker, a watcher, or a command that adds documents. "
            "Stop it, then try again."
        ) from error
    return aside


def _mode_for(data_dir: Path, staging: Path) -> int:
    """Who may look into the folder: as before, or as into any new one; a temporary folder is closed."""
    if data_dir.exists():
        return stat.S_IMODE(data_dir.stat().st_mode)
    usual = staging / ".usual"
    usual.mkdir()
    mode = stat.S_IMODE(usual.stat().st_mode)
    usual.rmdir()
    return mode
