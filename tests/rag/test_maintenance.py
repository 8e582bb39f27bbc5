"""Maintenance: what it gains, who does it, when it is due, and what happens when it cannot be done."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE

import lancedb
import numpy as np
import pytest
from corpus import fill

from rag.errors import FolderBusy
from rag.folder_lease import lease
from rag.late_interaction import pack_signs
from rag.maintenance import (
    LEAST_UNINDEXED,
    LONGEST_WAIT,
    MOST_FRAGMENTS,
    MOST_VERSIONS,
    PURPOSE,
    STATE_FILE,
    Maintenance,
    Schedule,
    UpkeepRecord,
    next_run,
    pays,
    read_records,
)
from rag.settings import Settings
from rag.store import CollectionTable
from rag.table_upkeep import KEEP_VERSIONS, TableHealth
from rag.types import Chunk
from rag.workspace import Workspace

#: Not zero, of which LanceDB warns: it is for tests, in which nobody else reads.
AT_ONCE = timedelta(milliseconds=1)
ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def add_documents(table: CollectionTable, numbers: range, *, at_once: int = 1) -> None:
    """Documents of one passage each, `at_once` in a commit."""
    for first in range(numbers.start, numbers.stop, at_once):
        texts = [f"valve {number} opens at {number % 9} bar" for number in range(first, first + at_once)]
        chunks = [
            Chunk(
                f"c{first + i}", f"{first + i:064x}", f"{first + i}.txt", text, "", "", "", None, 0, len(text)
            )
            for i, text in enumerate(texts)
        ]
        vectors, tokens = table.embedder.embed_with_tokens(texts)
        table.replace_documents(chunks, vectors, [pack_signs(own) for own in tokens])


@pytest.fixture
def maintenance(workspace: Workspace) -> Maintenance:
    return Maintenance(workspace.store, workspace.settings.data_dir)


@pytest.mark.parametrize("count", [80, pytest.param(1000, marks=pytest.mark.slow)])
def test_single_ingests_end_as_tidy_as_one_bulk_load(
    workspace: Workspace, maintenance: Maintenance, count: int
) -> None:
    single, bulk = (workspace.store.open_or_create(name) for name in ("single", "bulk"))
    add_documents(single, range(count))
    add_documents(bulk, range(count), at_once=count)
    before = single.upkeep.health()
    assert (before.fragments, before.unindexed_rows) == (count, count)
    runs = {run.collection: run for run in maintenance.run(keep=AT_ONCE)}
    after, fresh = runs["single"].after, runs["bulk"].after
    assert runs["single"].failure == ""
    assert after.rows == count
    assert after.unindexed_rows == 0
    assert after.fragments <= 10
    assert after.size <= 1.3 * fresh.size
    assert {hit.chunk.id for hit in single.text_search("71", 3)} == {"c71"}


def test_readers_of_the_last_hour_keep_their_files(workspace: Workspace, maintenance: Maintenance) -> None:
    table = workspace.store.open_or_create("default")
    add_documents(table, range(30))
    other = lancedb.connect(str(workspace.settings.data_dir / "tables")).open_table("default")
    maintenance.run()
    assert other.count_rows() == 30
    assert len(other.search().limit(50).to_arrow()) == 30


def test_only_one_owner_at_a_time_and_a_dead_one_is_none(
    workspace: Workspace, maintenance: Maintenance
) -> None:
    fill(workspace)
    folder = workspace.settings.data_dir
    code = (
        "import sys; from pathlib import Path; from rag.folder_lease import lease\n"
        "with lease(Path(sys.argv[1]), sys.argv[2]): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(folder), PURPOSE], cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(FolderBusy, match=f"in process {holder.pid}"):
            maintenance.run()
        assert read_records(folder) == {}
        holder.kill()
    assert [run.failure for run in maintenance.run()] == [""]


def test_after_adding_it_tidies_only_when_that_pays(workspace: Workspace, maintenance: Maintenance) -> None:
    table = workspace.store.open_or_create("default")
    add_documents(table, range(5))
    assert maintenance.after_adding(table) is None
    add_documents(table, range(5, 5 + LEAST_UNINDEXED), at_once=LEAST_UNINDEXED)
    with lease(workspace.settings.data_dir, PURPOSE):
        assert maintenance.after_adding(table) is None, "somebody else is at it"
    run = maintenance.after_adding(table)
    assert run is not None
    assert run.after.unindexed_rows == 0


def test_a_failure_is_noted_and_loses_nothing(
    workspace: Workspace, maintenance: Maintenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is on fire")

    table = workspace.store.open_or_create("default")
    fill(workspace)
    maintenance.run()
    good = read_records(workspace.settings.data_dir)["default"]
    assert good.last_run is not None
    with monkeypatch.context() as patched:
        patched.setattr(lancedb.table.LanceTable, "optimize", broken)
        add_documents(table, range(MOST_FRAGMENTS))
        assert maintenance.after_adding(table) is not None
        (run,) = maintenance.run()
    assert "on fire" in run.failure
    (report,) = maintenance.reports(datetime.now(UTC))
    assert "on fire" in report.record.failure
    assert report.record.failed_at is not None
    assert report.next_run is not None
    assert report.next_run > datetime.now(UTC), "one broken table is not tried every minute"
    assert [run.failure for run in maintenance.run()] == [""]
    (report,) = maintenance.reports(datetime.now(UTC))
    assert report.record.failure == ""


def test_a_tag_of_another_program_does_not_stop_folding(
    workspace: Workspace, maintenance: Maintenance
) -> None:
    table = workspace.store.open_or_create("default")
    add_documents(table, range(10))
    foreign = lancedb.connect(str(workspace.settings.data_dir / "tables")).open_table("default")
    foreign.tags.create("theirs", foreign.version)
    add_documents(table, range(10, 30))
    (run,) = maintenance.run(keep=AT_ONCE)
    assert "theirs" in run.failure
    assert run.after.unindexed_rows == 0
    assert run.after.fragments < run.before.fragments
    foreign.checkout("theirs")
    assert foreign.count_rows() == 10


def test_unreadable_notes_count_as_none(
    workspace: Workspace, maintenance: Maintenance, caplog: pytest.LogCaptureFixture
) -> None:
    fill(workspace)
    (workspace.settings.data_dir / STATE_FILE).write_text("{broken", encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert read_records(workspace.settings.data_dir) == {}
    assert "cannot be read" in caplog.text
    maintenance.run()
    assert set(read_records(workspace.settings.data_dir)) == {"default"}


def test_a_table_of_another_embedder_is_reported_and_the_others_go_on(settings: Settings) -> None:
    from dataclasses import replace

    from rag.hash_embedder import HashEmbedder
    from rag.store import Store

    class Other(HashEmbedder):
        name = "other"

    theirs = Store(settings.data_dir, settings.embedding, Other())
    theirs.open_or_create("theirs")
    ours = Store(settings.data_dir, replace(settings.embedding, batch_size=8), HashEmbedder())
    add_documents(ours.open_or_create("ours"), range(MOST_FRAGMENTS))
    maintenance = Maintenance(ours, settings.data_dir)
    problems = {each.collection: each.problem for each in maintenance.reports(datetime.now(UTC))}
    assert problems["ours"] == ""
    assert "'other'" in problems["theirs"]
    assert [run.collection for run in maintenance.run_due(datetime.now(UTC))] == ["ours"]


HEALTHY = TableHealth(rows=1000, fragments=2, versions=2, unindexed_rows=0, size=1)
RAN = UpkeepRecord(last_run=NOW - timedelta(hours=2), seconds=1.0, version=7)


@pytest.mark.parametrize(
    ("health", "version", "record", "due"),
    [
        (HEALTHY, 7, RAN, None),
        (HEALTHY, 8, RAN, NOW - timedelta(hours=2) + LONGEST_WAIT),
        (HEALTHY, 7, UpkeepRecord(), NOW + LONGEST_WAIT),
        ({"rows": 0}, 7, UpkeepRecord(), None),
        ({"fragments": MOST_FRAGMENTS}, 8, RAN, NOW),
        ({"unindexed_rows": LEAST_UNINDEXED}, 8, RAN, NOW),
        (
            {"unindexed_rows": LEAST_UNINDEXED, "rows": 100_000},
            8,
            RAN,
            NOW - timedelta(hours=2) + LONGEST_WAIT,
        ),
        ({"versions": MOST_VERSIONS}, 7, RAN, NOW),
        (
            {"versions": MOST_VERSIONS},
            7,
            UpkeepRecord(NOW - timedelta(minutes=5), 1.0, 7),
            NOW - timedelta(minutes=5) + KEEP_VERSIONS,
        ),
        (
            {"fragments": MOST_FRAGMENTS},
            8,
            UpkeepRecord(NOW, 1.0, 7, "it failed", NOW),
            NOW + KEEP_VERSIONS,
        ),
    ],
)
def test_when_maintenance_is_due(
    health: TableHealth | dict[str, int], version: int, record: UpkeepRecord, due: datetime | None
) -> None:
    from dataclasses import replace

    state = replace(HEALTHY, **health) if isinstance(health, dict) else health
    assert next_run(state, version, record, NOW) == due
    if due == NOW and state.versions < MOST_VERSIONS:
        assert pays(state)


@pytest.fixture
def schedule(maintenance: Maintenance, monkeypatch: pytest.MonkeyPatch) -> Iterator[Schedule]:
    monkeypatch.setattr("rag.maintenance.LOOK_EVERY", timedelta(seconds=0.01))
    made = Schedule(lambda: maintenance)
    yield made
    made.stop()


def test_the_schedule_tidies_by_itself_and_survives_trouble(
    workspace: Workspace, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    table = workspace.store.open_or_create("default")
    add_documents(table, range(MOST_FRAGMENTS))
    run_due = Maintenance.run_due
    looks: list[str] = []
    tidied = threading.Event()

    def look(self: Maintenance, now: datetime) -> object:
        looks.append("look")
        if len(looks) == 1:
            raise KeyError("unforeseen")
        done = run_due(self, now)
        if done:
            tidied.set()
        return done

    monkeypatch.setattr(Maintenance, "run_due", look)
    schedule.start()
    assert tidied.wait(20)
    assert table.upkeep.health().fragments < 10
    assert np.isfinite(read_records(workspace.settings.data_dir)["default"].seconds)
