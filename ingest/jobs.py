"""Ingestion in the background of the app: jobs, one at a time, that a page can watch and stop.

One worker thread does them in order. Jobs live in this process; what a job has put into a
collection stays whatever happens to the job. No page code here.
"""

from __future__ import annotations

import logging
import queue
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ingest.pipeline import Pipeline
from ingest.progress import FileProgress, FileResult, Progress
from ingest.sources import Source
from rag.errors import AskanceError
from rag.workspace import Workspace

logger = logging.getLogger(__name__)

#: Ended jobs that stay listed.
KEPT_JOBS = 20


@dataclass(slots=True)
class Job:
    """One request to ingest. `state` is waiting, running, done, cancelled or failed."""

    id: str
    collection: str
    label: str
    sources: Sequence[Source]
    workspace: Workspace
    force: bool = False
    password: str | None = field(default=None, repr=False)
    state: str = "waiting"
    error: str = ""
    progress: Progress = field(default_factory=Progress)
    results: list[FileResult] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def active(self) -> bool:
        """Whether it is still to be done or under way."""
        return self.state in ("waiting", "running")


class JobQueue:
    """Jobs in order of submission, done by one thread that starts with the first."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Job] = queue.Queue()
        self._jobs: list[Job] = []
        self._lock = threading.Lock()
        self._worker: threading.Thread | None = None

    def submit(
        self,
        workspace: Workspace,
        collection: str,
        sources: Sequence[Source],
        *,
        label: str,
        force: bool = False,
        password: str | None = None,
    ) -> Job:
        """Queue sources for a collection; returns the job at once."""
        job = Job(secrets.token_urlsafe(8), collection, label, list(sources), workspace, force, password)
        for source in job.sources:
            job.progress.files[source.name] = FileProgress(source.name, source.size)
        with self._lock:
            ended = [own for own in self._jobs if not own.active]
            for old in ended[: max(0, len(ended) - KEPT_JOBS)]:
                self._jobs.remove(old)
            self._jobs.append(job)
            if self._worker is None or not self._worker.is_alive():
                self._worker = threading.Thread(target=self._work, name="ingestion", daemon=True)
                self._worker.start()
        self._waiting.put(job)
        return job

    def jobs(self, collection: str | None = None) -> list[Job]:
        """Jobs known, newest first."""
        with self._lock:
            listed = [job for job in self._jobs if collection in (None, job.collection)]
        return listed[::-1]

    def cancel(self, job: Job) -> None:
        """Stop a job after what it is doing now; what is committed stays."""
        job.cancelled.set()
        with self._lock:
            waiting = job.state == "waiting"
            if waiting:
                job.state = "cancelled"
        if waiting:
            job.progress.cancel()
            job.ended.set()

    def retry(self, job: Job, names: Sequence[str], *, password: str | None = None) -> Job:
        """Queue these files of an ended job again; they leave its report, and it goes when none is left."""
        wanted = set(names)
        again = [source for source in job.sources if source.name in wanted]
        job.sources = [source for source in job.sources if source.name not in wanted]
        job.results = [result for result in job.results if result.file not in wanted]
        if not job.sources:
            self.forget(job)
        return self.submit(
            job.workspace, job.collection, again, label=job.label, force=job.force, password=password
        )

    def forget(self, job: Job) -> None:
        """Take an ended job off the list."""
        with self._lock:
            if job in self._jobs and not job.active:
                self._jobs.remove(job)

    def wait(self, job: Job, timeout: float | None = None) -> bool:
        """Block until a job has ended; False when the time (seconds) ran out."""
        return job.ended.wait(timeout)

    def _work(self) -> None:
        while True:
            job = self._waiting.get()
            with self._lock:
                wanted = job.state == "waiting"
                if wanted:
                    job.state = "running"
            if wanted:
                self._do(job)

    def _do(self, job: Job) -> None:
        job.progress.restart()
        workspace = job.workspace
        try:
            pipeline = Pipeline(
                job.collection,
                settings=workspace.settings,
                store=workspace.store,
                catalog=workspace.catalog,
                blobs=workspace.blobs,
            )
            for result in pipeline.run(
                job.sources,
                progress=job.progress,
                cancelled=job.cancelled,
                force=job.force,
                password=job.password,
            ):
                job.results.append(result)
        except AskanceError as error:
            job.state, job.error = "failed", str(error)
        except BaseException as error:
            # The worker must outlive any one job; the page shows the reason and the log has the rest.
            logger.exception("ingestion job %s failed", job.id)
            job.state, job.error = (
                "failed",
                f"Unexpected {type(error).__name__}: {error}. See the log; try again.",
            )
        else:
            stopped = job.cancelled.is_set() and len(job.results) < len(job.progress.files)
            job.state = "cancelled" if stopped else "done"
        finally:
            job.progress.cancel()
            # What is left can be tried again; the rest need not keep its bytes in memory.
            settled = {result.file for result in job.results if result.status not in ("empty", "failed")}
            job.sources = [source for source in job.sources if source.name not in settled]
            job.ended.set()
