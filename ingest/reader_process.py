"""A process in which one file at a time is read, watched from outside: started, asked, ended.

It is given a time and an amount of memory for each request and killed when it takes more. What is asked
and answered are bytes; nothing here knows what they mean.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, cast

from ingest import frames
from ingest.parsing_worker import MEGABYTE, NO_MEMORY, READY
from rag.errors import MissingDependency

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


def start_reader(module: str, megabytes: int) -> ReaderProcess:
    """A process ready to be asked, which does what `module` does (ingest/parsing_worker.py).

    Raises MissingDependency when it does not start.
    """
    try:
        # A fork while another thread holds a lock is no danger: the child only executes Python anew.
        return _STARTER.submit(ReaderProcess, module, megabytes).result()
    except OSError as error:
        raise MissingDependency(
            f"The process that reads files cannot be started ({error.strerror or error}). "
            "Free some memory or end other programs, then try again."
        ) from error


class ReaderProcess:
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
                f"The process that reads files does not start ({ending(self.close())}); the log has the "
                "rest. Install the packages again: make setup"
            )
        self.first_size = resident_bytes(self.process.pid)

    @property
    def worn_out(self) -> bool:
        """Whether another process should take over."""
        grown = resident_bytes(self.process.pid) - self.first_size
        return self.files >= FILES_A_WORKER or grown > MOST_GROWTH

    def ask(
        self,
        request: bytes,
        *,
        seconds: float,
        megabytes: int,
        cancelled: threading.Event | None = None,
    ) -> tuple[bytes | None, str]:
        """The reply; or None, the process ended, and why: time, memory, cancelled, or "" for a crash."""
        self.files += 1
        deadline = time.monotonic() + seconds
        with _Watch(self.process, deadline, self.first_size + megabytes * MEGABYTE, cancelled) as watch:
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
            elif self._most_bytes and resident_bytes(self._process.pid) > self._most_bytes:
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


def resident_bytes(pid: int) -> int:
    """Memory that a process occupies; 0 where that cannot be told."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def ending(status: int) -> str:
    """An exit status in words: a signal's name, or the number."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
