"""python -m ingest worker, watch and jobs: do waiting jobs, follow a folder, list and steer jobs.

Lists go to standard output, notes to standard error. Files are put in by ingest/__main__.py.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ingest.folder_sync import Swept
from ingest.job_views import Job
from ingest.jobs import Jobs
from ingest.watch import Watcher
from ingest.worker import Worker, ensure_worker
from rag.errors import AskanceError, DocumentError
from rag.folder_lease import in_use
from rag.settings import load_settings
from rag.workspace import open_workspace

LISTED = 50
#: Longest time until a signal to stop is seen.
SIGNAL_SECONDS = 0.5


def worker_command(arguments: Sequence[str]) -> int:
    """Do jobs until stopped, or with --once until none is left; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ingest worker",
        description="Do ingestion jobs in a process of its own. Stops with Ctrl+C or SIGTERM; "
        "a job under way is then left for the next worker.",
    )
    parser.add_argument("--once", action="store_true", help="stop when no job is left")
    options = parser.parse_args(arguments)
    # Fails at once, with its reason, when the data folder cannot be used.
    with in_use(load_settings().data_dir):
        open_workspace(load_settings())
        worker = Worker(lambda: open_workspace(load_settings()), stays=not options.once)
        stop_on_signal(worker.stop)
        worker.thread.start()
        if not options.once:
            sys.stderr.write("Waiting for jobs. Stop with Ctrl+C.\n")
        while worker.thread.is_alive():
            # Not for ever: a signal that another thread has taken wakes nobody who waits for a lock.
            worker.thread.join(SIGNAL_SECONDS)
    return 0


def stop_on_signal(stop: Callable[[], None]) -> None:
    """Call `stop` on SIGTERM and Ctrl+C; a second one ends the process at once."""

    def stopped(number: int, _frame: object) -> None:
        sys.stderr.write("Stopping after what is being done now.\n")
        signal.signal(number, signal.SIG_DFL)
        # Not in the handler itself: it may have interrupted whoever holds the same lock.
        threading.Thread(target=stop, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stopped)


def watch_command(arguments: Sequence[str]) -> int:
    """Follow a folder until stopped; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ingest watch",
        description="Keep a collection in step with a folder. What becomes of documents whose files are "
        "gone is the setting ingest.when_gone: keep, mark or remove.",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--collection", default="default", help="the collection to keep in step")
    options = parser.parse_args(arguments)
    folder = options.folder.expanduser().resolve()
    if not folder.is_dir():
        raise DocumentError(f"There is no folder {folder}. Check the path.")
    with in_use(load_settings().data_dir):
        open_workspace(load_settings())
        watcher = Watcher(lambda: open_workspace(load_settings()), options.collection, folder, _report)
        stop_on_signal(watcher.stop)
        sys.stderr.write(f"Following {folder}. Stop with Ctrl+C.\n")
        watcher.run()
    return 0


def _report(found: Swept) -> None:
    for result in found.results:
        if result.status != "unchanged":
            sys.stdout.write(_file_line(asdict(result)) + "\n")
    lines = [f"{'renamed':<9}  {old}  {new}" for old, new in found.renamed]
    lines += [f"{'gone':<9}  {name}" for name in found.gone]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
    if found.note:
        sys.stderr.write(f"{found.note}\n")


def jobs_command(arguments: Sequence[str]) -> int:
    """List jobs, show the files of one, or steer one; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ingest jobs", description="List and steer jobs.")
    parser.add_argument("--json", action="store_true", help="print a JSON object a job or file")
    parser.add_argument("--all", action="store_true", help=f"list more than the newest {LISTED}")
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    for action, help_text in (
        ("show", "every file of a job and what became of it"),
        ("pause", "let it rest after what it is doing now"),
        ("resume", "go on with a paused, stopped or failed job"),
        ("cancel", "stop it; what is done stays"),
        ("retry", "do the files again that failed"),
        ("forget", "take an ended job off the list"),
    ):
        own = actions.add_parser(action, help=help_text)
        own.add_argument("id", metavar="ID", help="the job's id, or its beginning")
        own.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        if action == "retry":
            own.add_argument("--password", help="password of encrypted files; then it is done right here")
    options = parser.parse_args(arguments)
    workspace = open_workspace(load_settings())
    jobs = Jobs(workspace)
    if not options.action:
        _list(jobs, options.json, None if options.all else LISTED)
        return 0
    job = jobs.find(options.id)
    if options.action == "show":
        for file in jobs.files(job):
            row = asdict(file.result) if file.result else {"file": file.file, "status": file.stage}
            sys.stdout.write((json.dumps(row) if options.json else _file_line(row)) + "\n")
        return 0
    if options.action == "retry" and options.password:
        # The password is kept nowhere but in this process, so this process has to do it.
        with in_use(workspace.settings.data_dir):
            return _retry_here(Jobs(workspace, wake=ensure_worker), job, options.password)
    return _steer(jobs, job, options.action)


def _steer(jobs: Jobs, job: Job, action: str) -> int:
    actions: dict[str, Callable[[Job], Any]] = {
        "pause": jobs.pause,
        "resume": jobs.resume,
        "cancel": jobs.cancel,
        "retry": jobs.retry,
        "forget": jobs.forget,
    }
    if action == "forget":
        if job.active:
            raise AskanceError(f"Job {job.id} is {job.state}. Cancel it first.")
        jobs.forget(job)
        return 0
    if not actions[action](job):
        wanted = {"resume": "paused, cancelled or failed", "retry": "ended, with files that failed"}
        raise AskanceError(
            f"Job {job.id} is {job.state}; only a job that is {wanted.get(action, 'not ended')} "
            f"can be given '{action}'."
        )
    after = jobs.get(job.id)
    sys.stderr.write(f"{_line(after)}\n")
    if after.state == "waiting":
        sys.stderr.write("The app does it if it runs; otherwise start: python -m ingest worker --once\n")
    return 0


def _retry_here(jobs: Jobs, job: Job, password: str) -> int:
    if not jobs.retry(job, password=password):
        raise AskanceError(
            f"Job {job.id} is {job.state}; only one that ended with failures can be tried again."
        )
    jobs.wait(job)
    after = jobs.get(job.id)
    sys.stderr.write(f"{_line(after)}\n")
    return 0 if after.state == "done" and not after.troubled else 1


def _list(jobs: Jobs, as_json: bool, limit: int | None) -> None:
    for job in jobs.jobs(limit=limit):
        sys.stdout.write((json.dumps(asdict(job), default=str) if as_json else _line(job)) + "\n")


def _line(job: Job) -> str:
    state = "interrupted" if job.interrupted else f"{job.wish} asked" if job.wish else job.state
    parts = [job.id, f"{state:<11}", f"{job.done} of {job.files} files", f"{job.chunks} passages"]
    if job.troubled:
        parts.append(f"{job.troubled} not read")
    if job.state == "running" and not job.interrupted:
        parts.append(f"{job.chunks_a_second:.0f} a second")
        if job.seconds_left is not None:
            parts.append(f"about {round(job.seconds_left)} s left")
    return "  ".join([*parts, f"{job.label} -> {job.collection}", job.error]).rstrip()


def _file_line(row: dict[str, Any]) -> str:
    return "  ".join(part for part in (f"{row['status']:<9}", row["file"], row.get("error") or "") if part)


def run(command: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Run one of the commands; its error becomes a line and the status 1."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s: %(message)s")
    try:
        return command(arguments)
    except AskanceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
