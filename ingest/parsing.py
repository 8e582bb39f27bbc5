"""Reading files outside this process, so that a crash, a hang or a bomb costs that file alone.

`Parsers` keeps a few worker processes (ingest/parsing_worker.py), gives each file one of them for a
limited time and memory, and replaces those that died, grew or have done enough. What comes back is
JSON, never code. Nothing here knows formats, and nothing is read in this process.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import IO, cast

import rag.errors
from ingest import frames
from ingest.parsing_worker import MEGABYTE, NO_MEMORY, PARSED, READY
from rag.errors import AskanceError, DocumentError, MissingDependency, ReaderStopped, TooLarge
from rag.parsed_form import unpacked
from rag.settings import IngestSettings
from rag.types import ParsedDocument

logger = logging.getLogger(__name__)

#: Files that one process reads before another takes its place: what parsers leak does not add up.
FILES_A_WORKER = 500
#: A process that has grown by this much since its start is replaced after the file.
MOST_GROWTH = 256 * MEGABYTE
START_SECONDS = 60.0
WATCH_SECONDS = 0.05
#: How long a file may still be read after nobody wants to wait for it.
CANCEL_SECONDS = 5.0
_ROOT = Path(__file__).parents[1]
#: The kernel ends a worker with the *thread* that started it, so one that stays starts them all.
_STARTER = ThreadPoolExecutor(1, thread_name_prefix="parser-starter")


class Parsers:
    """Worker processes that read files. Safe to use from several threads.

    `loader` is the module whose `load(data, name, *, password, limits)` they call.
    """

    def __init__(self, settings: IngestSettings, loader: str = "ingest.loaders") -> None:
        self.settings = settings
        self._loader = loader
        self._slots = threading.Semaphore(settings.parse_processes)
        self._idle: list[_Worker] = []
        self._lock = threading.Lock()

    def parse(
        self,
        path: Path,
        name: str,
        *,
        password: str | None = None,
        cancelled: threading.Event | None = None,
    ) -> ParsedDocument:
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
            reply, reason = worker.ask(request, self.settings, cancelled)
            if reply is None and not fresh and reason in ("", "memory"):
                # The files before may be to blame: what they broke or left behind.
                worker = self._start()
                reply, reason = worker.ask(request, self.settings, cancelled)
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

    def _take(self) -> _Worker | None:
        while True:
            with self._lock:
                worker = self._idle.pop() if self._idle else None
            if worker is None or worker.process.poll() is None:
                return worker
            worker.close()

    def _start(self) -> _Worker:
        try:
            # A fork while another thread holds a lock is no danger: the child only executes Python anew.
            return _STARTER.submit(_Worker, self._loader, self.settings.parse_memory_megabytes).result()
        except OSError as error:
            raise MissingDependency(
                f"The process that reads files cannot be started ({error.strerror or error}). "
                "Free some memory or end other programs, then try again."
            ) from error

    def _result(self, reply: bytes, name: str) -> ParsedDocument:
        kind, body = reply[:1], reply[1:]
        if kind == PARSED:
            document = unpacked(body)
            if document is not None:
                return document
            raise ReaderStopped(
                f"{name} was read by another version of Askance. Restart the app and add it again."
            )
        class_name, message = json.loads(body)
        found = getattr(rag.errors, class_name, None)
        raise (
            found(message)
            if isinstance(found, type) and issubclass(found, AskanceError)
            else DocumentError(message)
        )

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
            f"{name} made its reader crash ({_ending(status)}) and was left out; nothing else is affected. "
            "Open it where it was made, save it again and add the new file."
        )


class _Worker:
    """One process, started and ready. Used by one thread at a time."""

    def __init__(self, loader: str, megabytes: int) -> None:
        self.process = subprocess.Popen(  # noqa: S603 (this very Python, with our own module)
            [sys.executable, "-m", "ingest.parsing_worker", loader, str(megabytes), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
        )
        self.files = 0
        with _Watch(self.process, time.monotonic() + START_SECONDS, 0, None):
            ready = frames.receive(self._replies)
        if ready != READY:
            raise MissingDependency(
                f"The process that reads files does not start ({_ending(self.close())}); the log has the "
                "rest. Install the packages again: make setup"
            )
        self.first_size = _resident_bytes(self.process.pid)

    @property
    def worn_out(self) -> bool:
        """Whether another process should take over."""
        grown = _resident_bytes(self.process.pid) - self.first_size
        return self.files >= FILES_A_WORKER or grown > MOST_GROWTH

    def ask(
        self, request: bytes, limits: IngestSettings, cancelled: threading.Event | None
    ) -> tuple[bytes | None, str]:
        """The reply; or None, the process ended, and why: time, memory, cancelled, or "" for a crash."""
        self.files += 1
        deadline = time.monotonic() + limits.parse_seconds
        with _Watch(
            self.process, deadline, self.first_size + limits.parse_memory_megabytes * MEGABYTE, cancelled
        ) as watch:
            try:
                frames.send(cast(IO[bytes], self.process.stdin), request)
                reply = frames.receive(self._replies)
            except OSError:
                # It ended before it could be asked.
                reply = None
        reason = watch.reason
        if reply == NO_MEMORY:
            reply, reason = None, "memory"
        if reply is None:
            self.close()
        return reply, reason

    def close(self) -> int:
        """End the process; returns its exit status, negative for a signal."""
        if self.process.poll() is None and self.process.stdin is not None and not self.process.stdin.closed:
            _kill(self.process)
        status = self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            try:
                cast(IO[bytes], stream).close()
            except OSError:
                # What was still to be sent has no reader any more.
                continue
        return status

    @property
    def _replies(self) -> IO[bytes]:
        return cast(IO[bytes], self.process.stdout)


class _Watch:
    """Kills a process that takes too long or too much, or is no longer wanted; `reason` says which."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        deadline: float,
        most_bytes: int,
        cancelled: threading.Event | None,
    ) -> None:
        self.reason = ""
        self._process, self._deadline, self._most_bytes = process, deadline, most_bytes
        self._cancelled, self._asked_to_stop = cancelled, False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="parser-watch", daemon=True)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(WATCH_SECONDS):
            if not self._asked_to_stop and self._cancelled is not None and self._cancelled.is_set():
                self._asked_to_stop = True
                self._deadline = min(self._deadline, time.monotonic() + CANCEL_SECONDS)
            if time.monotonic() > self._deadline:
                self.reason = "cancelled" if self._asked_to_stop else "time"
            elif self._most_bytes and _resident_bytes(self._process.pid) > self._most_bytes:
                self.reason = "memory"
            if self.reason:
                _kill(self._process)
                return


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a worker and the programs that it has started."""
    if sys.platform == "win32":
        process.kill()
        return
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        logger.debug("process %d has ended already", process.pid)


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


def _environment() -> dict[str, str]:
    """What a worker needs to find its modules; settings and keys stay here."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ASKANCE_") and not name.endswith(("_KEY", "_TOKEN", "_SECRET"))
    }
    path = os.pathsep.join([str(_ROOT), *filter(None, [kept.get("PYTHONPATH")])])
    # One thread each: a pool of them would only map memory.
    return kept | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def _resident_bytes(pid: int) -> int:
    """Memory that a process occupies; 0 where that cannot be told."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _ending(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
