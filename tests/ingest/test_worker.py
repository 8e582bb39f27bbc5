"""Workers as processes: killed, stopped and competing; a job is always finished, and never done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from job_gates import PATIENCE
from sqlalchemy import update

from ingest.given import given_path
from ingest.job_leases import Figures, LeaseLost, claim
from ingest.job_views import Job
from ingest.jobs import Jobs
from ingest.leases import DEAD_AFTER, Holder, new_holder, retire, this_process
from rag.database import open_database, utc_now, write
from rag.job_tables import JobRow
from rag.workspace import Workspace

ROOT = Path(__file__).parents[2]
FILES = 40

#: A worker that commits every file by itself and waits for ever after the tenth.
HALTING = """
import os, sys, time
import ingest.pipeline
from ingest.__main__ import main
ingest.pipeline.COMMIT_CHUNKS = ingest.pipeline.POOL_CHUNKS = 1
whole, count = ingest.pipeline.Pipeline._commit, []
def commit(self, documents, progress):
    yield from whole(self, documents, progress)
    count.append(1)
    if len(count) == 10:
        open(sys.argv[1], "w").close()
        while not os.path.exists(sys.argv[1] + ".go"):
            time.sleep(0.01)
ingest.pipeline.Pipeline._commit = commit
sys.exit(main(["worker", "--once"]))
"""


@pytest.fixture
def jobs(workspace: Workspace) -> Jobs:
    return Jobs(workspace)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number:02}.md").write_text(f"# Valve {number}\n\nOpens at {number} bar.\n")
    return folder


class Processes:
    """Starts programs over the test's data folder and kills what is left at the end."""

    def __init__(self, data: Path) -> None:
        self._environment = os.environ | {"ASKANCE_DATA_DIR": str(data), "ASKANCE_EMBEDDING_MODEL": "hash"}
        self.running: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT, env=self._environment, text=True, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.running.append(process)
        return process

    def end(self) -> None:
        for process in self.running:
            process.kill()
            process.communicate()


@pytest.fixture
def processes(workspace: Workspace) -> Iterator[Processes]:
    own = Processes(workspace.settings.data_dir)
    yield own
    own.end()


def wait_for(file: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not file.exists():
        assert time.monotonic() < deadline
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.01)


def assert_whole(workspace: Workspace, jobs: Jobs, job: Job) -> None:
    after = jobs.get(job.id)
    assert (after.state, after.done, after.troubled) == ("done", FILES, 0)
    records = workspace.catalog.documents("default")
    assert len(records) == FILES
    assert workspace.table("default").chunk_counts() == {record.document_id: 1 for record in records}


def test_what_a_killed_worker_leaves_is_taken_over_at_once(
    workspace: Workspace, jobs: Jobs, folder: Path, tmp_path: Path, processes: Processes
) -> None:
    job = jobs.submit("default", [given_path(folder)], label="folder")
    first = processes.start("-c", HALTING, str(tmp_path / "mark"))
    wait_for(tmp_path / "mark", first)
    assert claim(open_database(workspace.settings.data_dir), new_holder()) is None
    assert not jobs.get(job.id).interrupted
    first.kill()
    first.wait()
    assert jobs.get(job.id).interrupted
    second = processes.start("-m", "ingest", "worker", "--once")
    # Far sooner than a heartbeat takes to grow old.
    assert second.wait(DEAD_AFTER.total_seconds() - 5) == 0
    assert_whole(workspace, jobs, job)
    # What was committed was not embedded again.
    assert jobs.get(job.id).counts["unchanged"] + jobs.get(job.id).counts["added"] == FILES


def test_a_wish_that_a_killed_worker_could_not_follow_is_followed(
    workspace: Workspace, jobs: Jobs, folder: Path, tmp_path: Path, processes: Processes
) -> None:
    job = jobs.submit("default", [given_path(folder)], label="folder")
    first = processes.start("-c", HALTING, str(tmp_path / "mark"))
    wait_for(tmp_path / "mark", first)
    assert jobs.pause(job)
    first.kill()
    first.wait()
    assert processes.start("-m", "ingest", "worker", "--once").wait(PATIENCE) == 0
    assert jobs.get(job.id).state == "paused"


def test_a_worker_that_is_told_to_stop_leaves_the_job_to_the_next(
    workspace: Workspace, jobs: Jobs, folder: Path, tmp_path: Path, processes: Processes
) -> None:
    job = jobs.submit("default", [given_path(folder)], label="folder")
    first = processes.start("-c", HALTING, str(tmp_path / "mark"))
    wait_for(tmp_path / "mark", first)
    first.send_signal(signal.SIGTERM)
    assert first.stderr is not None
    assert "Stopping" in first.stderr.readline()
    (tmp_path / "mark.go").touch()
    assert first.wait(PATIENCE) == 0
    rest = jobs.get(job.id)
    assert (rest.state, rest.interrupted) == ("waiting", False)
    assert 10 <= rest.done < FILES
    assert processes.start("-m", "ingest", "worker", "--once").wait(PATIENCE) == 0
    assert_whole(workspace, jobs, job)
    assert jobs.get(job.id).counts == {"added": FILES}


def test_two_workers_never_do_the_same_job(workspace: Workspace, jobs: Jobs, processes: Processes) -> None:
    submitted = [jobs.submit("default", [], label=str(number)) for number in range(30)]
    engine = open_database(workspace.settings.data_dir)
    holders = [new_holder(), new_holder()]
    taken: list[str] = []
    import threading

    def take(holder: Holder) -> None:
        while (lease := claim(engine, holder)) is not None:
            taken.append(lease.job.id)
            lease.give_back("done", "", Figures(), [])

    threads = [threading.Thread(target=take, args=(holder,)) for holder in holders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(taken) == sorted(job.id for job in submitted)


def test_whoever_lost_the_lease_writes_nothing_more(workspace: Workspace, jobs: Jobs) -> None:
    job = jobs.submit("default", [], label="x")
    engine = open_database(workspace.settings.data_dir)
    one, other = new_holder(), new_holder()
    lost = claim(engine, one)
    assert lost is not None
    assert claim(engine, other) is None
    retire(one)
    won = claim(engine, other)
    assert won is not None
    with pytest.raises(LeaseLost, match="another worker"):
        lost.record(Figures(files=7), [])
    with pytest.raises(LeaseLost):
        lost.give_back("failed", "late", Figures(), [])
    won.give_back("done", "", Figures(files=3), [])
    assert (jobs.get(job.id).state, jobs.get(job.id).files) == ("done", 3)


def test_a_lease_of_another_machine_is_taken_over_when_its_heartbeat_is_old(
    workspace: Workspace, jobs: Jobs
) -> None:
    job = jobs.submit("default", [], label="x")
    engine = open_database(workspace.settings.data_dir)
    assert claim(engine, Holder("elsewhere", os.getpid(), this_process().began, "a")) is not None
    assert claim(engine, new_holder()) is None
    old = utc_now() - DEAD_AFTER - timedelta(seconds=1)
    write(engine, lambda session: session.execute(update(JobRow).values(heartbeat_at=old)))
    assert jobs.get(job.id).interrupted
    assert claim(engine, new_holder()) is not None


def test_a_number_that_another_process_has_now_is_no_sign_of_life(workspace: Workspace, jobs: Jobs) -> None:
    jobs.submit("default", [], label="x")
    engine = open_database(workspace.settings.data_dir)
    own = this_process()
    assert claim(engine, Holder(own.host, os.getppid(), own.began - 10_000, "a", own.boot)) is not None
    assert claim(engine, new_holder()) is not None


def test_a_job_with_a_password_waits_for_the_process_that_knows_it(
    workspace: Workspace, jobs: Jobs, processes: Processes
) -> None:
    job = jobs.submit("default", [], label="x", password="sesame")
    assert processes.start("-m", "ingest", "worker", "--once").wait(PATIENCE) == 0
    assert jobs.get(job.id).state == "waiting"
    lease = claim(open_database(workspace.settings.data_dir), new_holder())
    assert lease is not None
    assert lease.job.id == job.id


def test_a_job_with_a_password_waits_for_its_process_on_another_machine_while_that_lives(
    workspace: Workspace, jobs: Jobs
) -> None:
    engine = open_database(workspace.settings.data_dir)
    elsewhere = Holder("elsewhere", os.getpid(), this_process().began, "a")
    first = jobs.submit("default", [], label="x")
    lease = claim(engine, elsewhere)
    assert lease is not None
    assert lease.job.id == first.id
    second = jobs.submit("default", [], label="y", password="sesame")
    reserved = update(JobRow).where(JobRow.id == second.id)
    write(engine, lambda session: session.execute(reserved.values(reserved_for=str(elsewhere.process))))
    assert claim(engine, new_holder()) is None
    old = utc_now() - DEAD_AFTER - timedelta(seconds=1)
    write(engine, lambda session: session.execute(reserved.values(heartbeat_at=old)))
    # It is busy with another job, and beats for this one, too.
    lease.record(Figures(), [])
    assert claim(engine, new_holder()) is None
    lease.give_back("done", "", Figures(), [])
    own = claim(engine, elsewhere)
    assert own is not None
    own.give_back("paused", "", Figures(), [])
    write(engine, lambda session: session.execute(reserved.values(state="waiting", heartbeat_at=old)))
    dead = claim(engine, new_holder())
    assert dead is not None
    assert dead.job.id == second.id
