"""One writer a collection at a time, and a note of what it is about to do, for the case that it is killed.

Table and catalog are two stores, so a document enters them in two steps. Before the first, the
records of the second are written down; whoever comes next finds the note and finishes what the table
has, or forgets what it has not. Nothing here embeds, reads files or removes passages.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import quote

from rag.catalog import DocumentRecord
from rag.errors import StoreError, WriterBusy
from rag.record_form import as_plain, from_plain
from rag.refusals import disk_refusal
from rag.types import Chunk

if sys.platform != "win32":
    import fcntl

#: What threads of this process wait for before the system's lock, by its file.
_THREADS: dict[Path, threading.Lock] = {}
#: Most bytes that a file's name may have on the file systems in use.
_LONGEST_FILE_NAME = 255

_RETRY_SECONDS = 0.02
#: Written over the one before: on a full disk, too, a holder can say who it is.
_HOLDER_BYTES = 20
_MOST_COMMAND = 80


class CommitLog:
    """The lock and the note of one collection; `with log:` holds the lock, among threads and processes.

    Raises WriterBusy when another process holds the lock for `wait_seconds`, DiskRefused when the disk
    takes nothing.
    """

    def __init__(self, data_dir: Path, collection: str, wait_seconds: float) -> None:
        self.collection = collection
        # Nobody holds a collection longer than some seconds, unless stopped or stuck.
        self._wait_seconds = wait_seconds
        self._note = data_dir / "commits" / f"{_file_name(collection)}.json"
        self._lock = self._note.with_suffix(".lock")
        self._here = _THREADS.setdefault(self._lock.absolute(), threading.Lock())
        self._stream: IO[bytes] | None = None

    def __enter__(self) -> CommitLog:
        deadline = time.monotonic() + self._wait_seconds
        if not self._here.acquire(timeout=self._wait_seconds):
            raise self._held("Another thread of this process")
        try:
            self._stream = self._locked(deadline)
        except BaseException:
            self._here.release()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        # Closing the file gives the lock back, and so does the end of the process.
        if self._stream is not None:
            self._stream.close()
        self._here.release()

    def announce(self, records: Sequence[DocumentRecord], chunks: Iterable[Chunk]) -> None:
        """Note on the disk: these passages are to enter the table, and then these records the catalog."""
        note = {"records": [as_plain(record) for record in records], "passages": digests(chunks)}
        try:
            handle, name = tempfile.mkstemp(dir=self._note.parent, prefix=".incoming-")
            temporary = Path(name)
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    json.dump(note, stream)
                    stream.flush()
                    os.fsync(stream.fileno())
                temporary.replace(self._note)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
        except OSError as error:
            raise self._refused(error) from error

    def announced(self) -> tuple[list[DocumentRecord], dict[str, str]] | None:
        """What a process that is gone had announced and not settled: records, and digests by document."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            return [from_plain(plain) for plain in note["records"]], note["passages"]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise StoreError(
                f"{self._note} cannot be read: {error}. Remove it, then add the latest files again."
            ) from error

    def settle(self) -> None:
        """Forget what was announced: it is done, or will never be."""
        try:
            self._note.unlink(missing_ok=True)
        except OSError as error:
            raise self._refused(error) from error

    def _locked(self, deadline: float) -> IO[bytes]:
        try:
            self._lock.parent.mkdir(parents=True, exist_ok=True)
            stream = os.fdopen(os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
        except OSError as error:
            raise self._refused(error) from error
        try:
            while sys.platform != "win32":
                try:
                    fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() > deadline:
                        raise self._held(_process_named(stream.read(_HOLDER_BYTES))) from error
                    time.sleep(_RETRY_SECONDS)
            stream.write(str(os.getpid()).encode().ljust(_HOLDER_BYTES))
        except OSError as error:
            stream.close()
            raise self._refused(error) from error
        except BaseException:
            stream.close()
            raise
        return stream

    def _held(self, holder: str) -> WriterBusy:
        return WriterBusy(
            f"{holder} has been writing to collection {self.collection!r} for {self._wait_seconds:g} "
            "seconds. Wait for it or end it, then try again; what was added stays."
        )

    def _refused(self, error: OSError) -> StoreError:
        return disk_refusal(self._note.parent, error)


def _file_name(collection: str) -> str:
    """The collection's name as a file's: by its digest where it would be too long."""
    name = quote(collection, safe="")
    if len(name) + len(".json") <= _LONGEST_FILE_NAME:
        return name
    # No quoted name begins so.
    return f"={hashlib.sha256(collection.encode()).hexdigest()}"


def _process_named(written: bytes) -> str:
    """Who holds the lock, as far as it can be told: a process's number and how it was started."""
    import psutil

    number = written.strip().decode("ascii", "replace")
    if not number.isdecimal():
        return "Another process"
    try:
        command = " ".join(psutil.Process(int(number)).cmdline())
    except psutil.Error:
        # Of another machine or user, or it has just ended.
        command = ""
    shown = command if len(command) <= _MOST_COMMAND else f"{command[:_MOST_COMMAND]}…"
    return f"Process {number} ({shown})" if shown else f"Process {number}"


def digests(chunks: Iterable[Chunk]) -> dict[str, str]:
    """For each document id a digest of the ids of its passages, in any order."""
    found: dict[str, list[str]] = {}
    for chunk in chunks:
        found.setdefault(chunk.document_id, []).append(chunk.id)
    return {
        document_id: hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()
        for document_id, ids in found.items()
    }
