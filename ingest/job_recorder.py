"""What a job has done, written to the database about once a second while it runs.

Only what changed since the last time is written. The pipeline's progress is read, never altered.
"""

from __future__ import annotations

import logging
import threading
import time

from ingest.job_leases import Figures, Lease, LeaseLost
from ingest.leases import BEAT_SECONDS
from ingest.progress import FileProgress, Progress
from rag.errors import AskanceError

logger = logging.getLogger(__name__)

_Mark = tuple[str, int, int, int, bool]


class Recorder:
    """Keeps the lease of one job and its figures up to date in a thread of its own.

    `cancelled` is set when the user wants the job to pause or stop, and when the lease is lost.
    """

    def __init__(self, lease: Lease, progress: Progress, cancelled: threading.Event) -> None:
        self.wish = ""
        self.lost = False
        self._lease = lease
        self._progress = progress
        self._cancelled = cancelled
        # Until then there are no figures that could replace those of an earlier try.
        self._knows = False
        self._written: dict[str, _Mark] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._keep, name="ingestion-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def known(self, files: list[FileProgress]) -> None:
        """Note files that stand in the database already; those without a result begin anew."""
        with self._lock:
            for file in files:
                self._written[file.file] = _mark(file)
                if file.result is None:
                    file.stage, file.chunks_done = "waiting", 0
            self._progress.files.update({file.file: file for file in files})
            self._knows = True

    def end(self, state: str, error: str) -> str:
        """Write down the rest and give the lease back in this state; returns the one it has then.

        Raises LeaseLost, StoreError.
        """
        self._ended.set()
        self._thread.join()
        stage = "cancelled" if state in ("cancelled", "failed") else "waiting"
        for file in self._progress.files.values():
            if file.result is None:
                file.stage = stage
        with self._lock:
            return self._lease.give_back(state, error, self._figures(), self._changed())

    def _keep(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            try:
                with self._lock:
                    # Marks first: what changes while it is written must be written again.
                    marks = {file.file: _mark(file) for file in list(self._progress.files.values())}
                    self.wish = self._lease.record(self._figures(), self._changed()) or self.wish
                    self._written.update(marks)
            except LeaseLost as error:
                logger.warning("%s", error)
                self.lost = True
            except AskanceError as error:
                # The next beat tries again; the job itself goes on.
                logger.warning("progress of %r was not written: %s", self._lease.job.label, error)
            if self.lost or self.wish:
                self._cancelled.set()

    def _changed(self) -> list[FileProgress]:
        return [
            file
            for file in list(self._progress.files.values())
            if self._written.get(file.file) != _mark(file)
        ]

    def _figures(self) -> Figures | None:
        if not self._knows:
            return None
        files = list(self._progress.files.values())
        counts: dict[str, int] = {}
        for file in files:
            if file.result is not None:
                counts[file.result.status] = counts.get(file.result.status, 0) + 1
        elapsed = max(time.monotonic() - self._progress.started, 0.001)
        return Figures(
            files=len(files),
            counts=counts,
            pages=sum(file.result.pages for file in files if file.result is not None),
            chunks=sum(file.result.chunks if file.result else file.chunks_done for file in files),
            fraction=self._progress.fraction(),
            seconds=self._lease.job.seconds + time.monotonic() - self._began,
            chunks_a_second=self._progress.chunks_done / elapsed,
            seconds_left=self._progress.seconds_left(),
        )


def _mark(file: FileProgress) -> _Mark:
    return (file.stage, file.pages, file.chunks, file.chunks_done, file.result is not None)
