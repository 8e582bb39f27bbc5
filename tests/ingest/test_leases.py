"""Leases when clocks are set, machines start anew, and wishes change at the last moment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from job_gates import PATIENCE, hold_embedder

import ingest.leases
from ingest.given import given_path
from ingest.job_leases import claim
from ingest.jobs import Jobs
from ingest.leases import DEAD_AFTER, Holder, is_alive, new_holder, this_process
from ingest.worker import ensure_worker
from rag.database import open_database, utc_now
from rag.workspace import Workspace


@pytest.fixture
def other() -> Iterator[int]:
    """Another process of this machine that lives until the end of the test."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


def holder_of(pid: int) -> Holder:
    return replace(ingest.leases._process(pid), worker="a")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_setting_the_clock_kills_no_worker(other: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What psutil says of a process's beginning moves with the clock of the machine."""
    stored = str(holder_of(other))
    whole = ingest.leases.psutil.Process.create_time
    monkeypatch.setattr(ingest.leases.psutil.Process, "create_time", lambda self: whole(self) + 3600.0)
    assert is_alive(stored, utc_now() - timedelta(days=1))
    assert is_alive(stored, utc_now() + timedelta(days=1))


def test_a_machine_that_was_started_anew_has_none_of_its_workers(other: int) -> None:
    alive = holder_of(other)
    assert is_alive(str(alive), utc_now())
    assert not is_alive(str(replace(alive, boot="an earlier start")), utc_now())


def test_a_heartbeat_from_the_future_is_believed_no_longer_than_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's clock was set back by a day, and the worker elsewhere has died."""
    stored = str(Holder("elsewhere", os.getpid(), this_process().began, "a", "its start"))
    ahead = utc_now() + timedelta(days=1)
    moment = 1000.0
    monkeypatch.setattr(ingest.leases.time, "monotonic", lambda: moment)
    assert is_alive(stored, ahead)
    moment += DEAD_AFTER.total_seconds() - 1
    assert is_alive(stored, ahead)
    moment += 2
    assert not is_alive(stored, ahead)
    # One that still beats lives.
    assert is_alive(stored, ahead + timedelta(seconds=1))


def test_a_job_goes_on_when_its_pause_is_taken_back_in_time(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker has heard of the pause and stops; the job must not rest for ever all the same."""
    gate = hold_embedder(workspace, monkeypatch)
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number}.txt").write_text(f"Valve {number} opens.")
    jobs = Jobs(workspace, wake=ensure_worker)
    job = jobs.submit("default", [given_path(folder)], label="folder")
    assert gate.reached.wait(PATIENCE)
    heard = wishes_heard(monkeypatch)
    assert jobs.pause(job)
    assert next(heard) == "pause"
    assert jobs.resume(job)
    gate.open.set()
    assert jobs.wait(job, PATIENCE)
    assert (jobs.get(job.id).state, jobs.get(job.id).counts) == ("done", {"added": 400})


def wishes_heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Wishes in the order in which the worker hears of them; waits for the next."""
    import queue

    from ingest.job_leases import Lease

    heard: queue.Queue[str] = queue.Queue()
    whole = Lease.record

    def record(*given: object) -> str:
        wish = whole(*given)  # type: ignore[arg-type]
        if wish:
            heard.put(wish)
        return wish

    monkeypatch.setattr(Lease, "record", record)
    return iter(lambda: heard.get(timeout=PATIENCE), "")


@pytest.mark.parametrize(
    ("wishes", "given", "error", "found"),
    [
        (["pause"], "paused", "", "paused"),
        (["pause", "resume"], "paused", "", "waiting"),
        (["pause", "cancel"], "paused", "", "cancelled"),
        (["pause"], "waiting", "", "paused"),
        ([], "paused", "The disk is full.", "paused"),
        (["cancel"], "done", "", "done"),
    ],
)
def test_the_last_wish_counts(
    workspace: Workspace, wishes: list[str], given: str, error: str, found: str
) -> None:
    jobs = Jobs(workspace)
    job = jobs.submit("default", [], label="x")
    lease = claim(open_database(workspace.settings.data_dir), new_holder())
    assert lease is not None
    for wish in wishes:
        assert getattr(jobs, wish)(job)
        lease.record(None, [])
    lease.give_back(given, error, None, [])
    after = jobs.get(job.id)
    assert (after.state, after.error, after.wish) == (found, error, "")
    assert isinstance(after.ended_at, datetime) is (found in ("cancelled", "done"))
