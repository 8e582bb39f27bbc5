"""Leases on a data folder: what only one process may do at a time, and who is doing it.

A lease is an operating-system lock on a small file that also holds the owner's process number. The
system lets go of it when the owner ends, however it ends, so no lease is ever stale. Windows has no
such lock in Python's standard library; there the lease holds between threads of one process only.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from rag.errors import FolderBusy, StoreError

if sys.platform != "win32":
    import fcntl

logger = logging.getLogger(__name__)

#: What every process shares that works on a data folder; bringing a backup back needs it alone.
IN_USE = "app"
_POLL_SECONDS = 0.1
_threads: dict[Path, threading.Lock] = {}


@contextmanager
def lease(data_dir: Path, purpose: str, *, wait_seconds: float = 0.0, shared: bool = False) -> Iterator[None]:
    """Hold the lease for `purpose` (it names the file); waits up to `wait_seconds` for its owner.

    Several may hold a `shared` one at once, but nobody beside one that is not.

    Raises FolderBusy when another thread or process keeps it, StoreError when the file cannot be
    written.
    """
    file = data_dir / f"{purpose}.lock"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        stream = file.open("a+", encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}. Make the folder writable.") from error
    with stream:
        until = time.monotonic() + wait_seconds
        while not _taken(stream, file, shared):
            if time.monotonic() >= until:
                raise FolderBusy(
                    f"The {purpose} of {data_dir} is under way already{_owner(stream)}. "
                    "Wait until that has ended, or stop it, then try again."
                )
            time.sleep(_POLL_SECONDS)
        try:
            _sign(stream)
            yield
        finally:
            _given_back(stream, file)


@contextmanager
def in_use(data_dir: Path) -> Iterator[None]:
    """Work on a data folder beside others; meanwhile no backup is brought back into it.

    Raises FolderBusy while one is, StoreError when the lease's file cannot be written.
    """
    with ExitStack() as held:
        try:
            held.enter_context(lease(data_dir, IN_USE, shared=True))
        except FolderBusy as error:
            raise FolderBusy(
                f"A backup is being brought back into {data_dir}. Wait until that has ended, then try again."
            ) from error
        yield


def _sign(stream: IO[str]) -> None:
    """Say who holds the lease. The lock counts without it, on a full disk, too."""
    try:
        stream.seek(0)
        stream.truncate()
        stream.write(f"{os.getpid()}\n")
        stream.flush()
    except OSError as error:
        logger.info("%s does not name its holder: %s", stream.name, error)


def _owner(stream: IO[str]) -> str:
    stream.seek(0)
    number = stream.read(20).strip()
    return f" in process {number}" if number.isdecimal() else ""


if sys.platform != "win32":

    def _taken(stream: IO[str], _file: Path, shared: bool) -> bool:
        try:
            fcntl.flock(stream, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _given_back(stream: IO[str], _file: Path) -> None:
        fcntl.flock(stream, fcntl.LOCK_UN)

else:

    def _taken(_stream: IO[str], file: Path, _shared: bool) -> bool:
        return _threads.setdefault(file, threading.Lock()).acquire(blocking=False)

    def _given_back(_stream: IO[str], file: Path) -> None:
        _threads[file].release()
