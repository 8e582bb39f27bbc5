"""Reading files outside this process, so that a crash, a hang or a bomb costs that file alone.

`Parsers` keeps a few worker processes (ingest/reader_process.py), gives each file one of them for a
limited time and memory, and replaces those that died, grew or have done enough. What comes back is
JSON, never code. Nothing here knows formats, and nothing is read in this process.
"""

from __future__ import annotations

import atexit
import json
import threading
from dataclasses import asdict
from pathlib import Path

import rag.errors
from ingest.parsing_worker import PARSED
from ingest.reader_process import ReaderProcess, ending, start_reader
from ingest.reading import Reading, reading_of
from rag.errors import AskanceError, DocumentError, ReaderStopped, TooLarge
from rag.settings import IngestSettings


class Parsers:
    """Worker processes that read files. Safe to use from several threads.

    `loader` is the module whose `load(data, name, *, password, limits)` they call.
    """

    def __init__(self, settings: IngestSettings, loader: str = "ingest.loaders") -> None:
        self.settings = settings
        self._loader = loader
        self._slots = threading.Semaphore(settings.parse_processes)
        self._idle: list[ReaderProcess] = []
        self._lock = threading.Lock()

    def parse(
        self,
        path: Path,
        name: str,
        *,
        password: str | None = None,
        cancelled: threading.Event | None = None,
    ) -> Reading:
        """Read the file at `path`, which is called `name`, in one of the processes; waits for a free one.

        Raises what the loader raises, TooLarge when it takes too much memory, ReaderStopped when it
        crashes, takes too long, or has not come to its end soon after `cancelled` was set.
        """
        told = {"path": str(path), "name": name, "password": password, "limits": asdict(self.settings)}
        request = json.dumps(told).encode()
        with self._slots:
            worker = self._take()
            fresh = worker is None
            worker = worker or self._start()
            reply, reason = self._ask(worker, request, cancelled)
            if reply is None and not fresh and reason in ("", "memory"):
                # The files before may be to blame: what they broke or left behind.
                worker = self._start()
                reply, reason = self._ask(worker, request, cancelled)
            if reply is None:
                raise self._stopped(name, reason, worker.close())
            if worker.worn_out:
                worker.close()
            else:
                with self._lock:
                    self._idle.append(worker)
        return self._result(reply, name)

    def close(self) -> None:
        """End all processes that are not reading; later files start new ones."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.close()

    @property
    def process_ids(self) -> list[int]:
        """The processes that wait for a file."""
        with self._lock:
            return [worker.process.pid for worker in self._idle]

    def _take(self) -> ReaderProcess | None:
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None or worker.process.poll() is None:
                return worker
            worker.close()

    def _start(self) -> ReaderProcess:
        return start_reader(self._loader, self.settings.parse_memory_megabytes)

    def _ask(
        self, worker: ReaderProcess, request: bytes, cancelled: threading.Event | None
    ) -> tuple[bytes | None, str]:
        return worker.ask(
            request,
            seconds=self.settings.parse_seconds,
            megabytes=self.settings.parse_memory_megabytes,
            cancelled=cancelled,
        )

    def _result(self, reply: bytes, name: str) -> Reading:
        kind, body = reply[:1], reply[1:]
        if kind == PARSED:
            reading = reading_of(body)
            if reading is not None:
                return reading
            raise ReaderStopped(
                f"{name} was read by another version of Askance. Restart the app and add it again."
            )
        raise refusal(body)

    def _stopped(self, name: str, reason: str, status: int) -> DocumentError:
        limits = self.settings
        if reason == "time":
            return ReaderStopped(
                f"{name} could not be read within {limits.parse_seconds} seconds and was left out. Split it, "
                "save it anew where it was made, or raise ingest.parse_seconds, and add it again."
            )
        if reason == "memory":
            return TooLarge(
                f"{name} takes more than {limits.parse_memory_megabytes} MB of memory to read and was left "
                "out. Split it, save it anew where it was made, or raise ingest.parse_memory_megabytes, and "
                "add it again."
            )
        if reason == "cancelled":
            return ReaderStopped(f"Reading {name} was stopped. Add it again to read it.")
        return ReaderStopped(
            f"{name} made its reader crash ({ending(status)}) and was left out; nothing else is affected. "
            "Open it where it was made, save it again and add the new file."
        )


def refusal(body: bytes) -> AskanceError:
    """The error that a worker refused a file with, as it was raised there."""
    class_name, message = json.loads(body)
    found = getattr(rag.errors, class_name, None)
    if isinstance(found, type) and issubclass(found, AskanceError):
        return found(message)
    return DocumentError(message)


_known: dict[IngestSettings, Parsers] = {}
_known_lock = threading.Lock()


def get_parsers(settings: IngestSettings) -> Parsers:
    """The worker processes under these settings, shared by the whole process and ended with it."""
    with _known_lock:
        if settings not in _known:
            for other in _known.values():
                other.close()
            _known[settings] = Parsers(settings)
        return _known[settings]


@atexit.register
def _close_all() -> None:
    for parsers in _known.values():
        parsers.close()
