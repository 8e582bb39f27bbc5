"""Does the jobs of a data folder, one at a time, in a thread: of the app, or of `python -m ingest worker`.

Several workers may serve one folder: each job has a lease, so that none is done twice at once. What a
worker leaves behind when it dies is taken over by the next. No page code here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from ingest.given import given_sources
from ingest.job_leases import Lease, LeaseLost, claim
from ingest.job_recorder import Recorder
from ingest.job_views import ENDED
from ingest.kept_room import KeptRoom
from ingest.leases import new_holder, retire
from ingest.moved_files import folders_taken
from ingest.passwords import drop_password, password_of
from ingest.pipeline import Pipeline
from ingest.progress import FileProgress, Progress
from ingest.sources import Source, failing_source
from rag.database import open_database
from rag.errors import AskanceError, DiskRefused, DocumentError, WriterBusy
from rag.needed_blobs import remove_unneeded
from rag.workspace import Workspace

logger = logging.getLogger(__name__)

#: Seconds between two looks for work that other processes may have handed in.
POLL_SECONDS = 0.5
#: Seconds before trying again when the data folder cannot be used.
TROUBLE_SECONDS = 5.0

_workers: dict[Path, Worker] = {}
_workers_lock = threading.Lock()


class Worker:
    """One thread that does jobs. With `stays` false it ends when there is nothing left to do."""

    def __init__(
        self,
        open_workspace: Callable[[], Workspace],
        *,
        stays: bool,
        on_idle: Callable[[], bool] = lambda: True,
    ) -> None:
        self._open = open_workspace
        self._stays = stays
        self._on_idle = on_idle
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._cancelled = threading.Event()
        self._holder = new_holder()
        self.thread = threading.Thread(target=self._work, name="ingestion", daemon=True)

    def wake(self) -> None:
        """Look for work at once."""
        self._wanted.set()

    def take_wake(self) -> bool:
        """Whether it was woken since it last looked."""
        woken = self._wanted.is_set()
        self._wanted.clear()
        return woken

    def stop(self) -> None:
        """End after what it is doing now; a job under way is left waiting for the next worker."""
        self._stopping.set()
        self._cancelled.set()
        self._wanted.set()

    def _work(self) -> None:
        try:
            while not self._stopping.is_set():
                pause = POLL_SECONDS
                try:
                    workspace = self._open()
                    lease = claim(open_database(workspace.settings.data_dir), self._holder)
                    if lease is not None:
                        self._do(workspace, lease)
                        continue
                except AskanceError as error:
                    logger.warning("ingestion waits: %s", error)
                    pause = TROUBLE_SECONDS
                    # What it may have held is free again: for another worker, or for itself.
                    retire(self._holder)
                    self._holder = new_holder()
                if not self._stays and self._on_idle():
                    return
                self._wanted.wait(pause)
                self._wanted.clear()
        finally:
            retire(self._holder)

    def _do(self, workspace: Workspace, lease: Lease) -> None:
        """Do one job to its end, whatever happens; raises StoreError when that cannot be written down."""
        self._cancelled.clear()
        if self._stopping.is_set():
            self._cancelled.set()
        progress = Progress()
        recorder = Recorder(lease, progress, self._cancelled)
        recorder.start()
        state, error = "failed", ""
        password = password_of(lease.job.id)
        pipeline = None
        try:
            pipeline = self._run(workspace, lease, progress, recorder, password)
        except LeaseLost:
            recorder.lost = True
        except (DiskRefused, WriterBusy) as trouble:
            # Not for ever, and not the documents' fault: it waits until somebody has made room.
            logger.warning("ingestion job %s pauses: %s", lease.job.id, trouble)
            state, error = "paused", f"{trouble}"
        except AskanceError as trouble:
            logger.warning("ingestion job %s failed: %s", lease.job.id, trouble)
            error = str(trouble)
        except BaseException as trouble:
            # The worker must outlive any one job; the page shows the reason and the log has the rest.
            logger.exception("ingestion job %s failed", lease.job.id)
            error = f"Unexpected {type(trouble).__name__}: {trouble}. See the log; try again."
        else:
            state = self._state(progress, recorder.wish)
        try:
            if self._end(workspace, recorder, state, error) in ENDED:
                # One that rests needs it when it goes on.
                drop_password(lease.job.id, password)
            if state == "done" and not progress.troubled():
                remove_unneeded(workspace, lease.take_archives(), listed_jobs=True)
        except LeaseLost as lost:
            logger.warning("%s", lost)
        if pipeline is not None and not self._stopping.is_set():
            pipeline.tidy()

    def _end(self, workspace: Workspace, recorder: Recorder, state: str, error: str) -> str:
        room = KeptRoom(workspace.settings.data_dir)
        try:
            return recorder.end(state, error)
        except DiskRefused:
            # Whoever looks must learn why it stands still.
            room.give()
            return recorder.end(state, error)

    def _state(self, progress: Progress, wish: str) -> str:
        if progress.done() == len(progress.files) and not (wish and not progress.files):
            return "done"
        if wish:
            return "paused" if wish == "pause" else "cancelled"
        return "waiting" if self._stopping.is_set() else "done"

    def _run(
        self,
        workspace: Workspace,
        lease: Lease,
        progress: Progress,
        recorder: Recorder,
        password: str | None,
    ) -> Pipeline:
        job = lease.job
        KeptRoom(workspace.settings.data_dir).keep()
        pipeline = Pipeline(job.collection, workspace)
        known = lease.files()
        recorder.known(known)
        given = lease.given()
        sources = list(given_sources(given, workspace.settings.ingest, workspace.blobs, password))
        paths = [Path(each.place) for each in given if each.kind == "path"]
        folders = folders_taken(workspace, job.collection, paths, sources)
        found = [source for source in sources if source.name not in progress.files]
        lease.add_files(found, len(known))
        for source in found:
            progress.files[source.name] = FileProgress(source.name, source.size)
        progress.restart()
        results = pipeline.run(
            _to_do(sources, progress),
            progress=progress,
            cancelled=self._cancelled,
            force=job.force,
            password=password,
        )
        for _ in results:
            if recorder.lost:
                return pipeline
        for folder in folders:
            folder.ended(progress)
        return pipeline


def _to_do(sources: list[Source], progress: Progress) -> list[Source]:
    """Sources of the files that have no result yet; what was there before and is gone fails."""
    open_files = {name for name, file in progress.files.items() if file.result is None}
    gone = sorted(open_files - {source.name for source in sources})
    return [source for source in sources if source.name in open_files] + [
        failing_source(name, DocumentError(f"{name} is no longer there. Add it again.")) for name in gone
    ]


def start_worker(data_dir: Path, open_workspace: Callable[[], Workspace]) -> None:
    """Start this process's worker of a data folder, which stays until `stop_workers`."""
    with _workers_lock:
        worker = _workers[data_dir.resolve()] = Worker(open_workspace, stays=True)
        worker.thread.start()


def ensure_worker(workspace: Workspace) -> None:
    """Wake this process's worker of the workspace; without one, start one that ends with the work."""
    place = workspace.settings.data_dir.resolve()

    def leave() -> bool:
        # Whoever hands in a job afterwards finds no worker here and starts another.
        with _workers_lock:
            if worker.take_wake():
                return False
            _workers.pop(place, None)
            return True

    with _workers_lock:
        known = _workers.get(place)
        if known is not None and known.thread.is_alive():
            known.wake()
            return
        worker = Worker(lambda: workspace, stays=False, on_idle=leave)
        _workers[place] = worker
        worker.thread.start()


def stop_workers(timeout: float | None = None) -> bool:
    """End all workers of this process; False when one was still at work after `timeout` seconds."""
    with _workers_lock:
        ending = list(_workers.values())
        _workers.clear()
    for worker in ending:
        worker.stop()
    for worker in ending:
        worker.thread.join(timeout)
    return not any(worker.thread.is_alive() for worker in ending)
