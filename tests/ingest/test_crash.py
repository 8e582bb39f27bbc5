"""Ingestion killed at random and at the worst moments, and started again: nothing lost, nothing twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.pipeline import Pipeline
from ingest.progress import FileResult
from ingest.sources import path_sources
from rag.settings import Settings
from rag.workspace import Workspace, open_workspace

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
DOCUMENTS = 200
#: Seconds from the beginning within which a process is killed.
LONGEST = 2.0

#: Commits a few documents at a time, so that there is much to be killed in the middle of.
PROGRAM = """
import os, sys
import ingest.pipeline, rag.catalog, rag.store, rag.commit_log
from ingest.__main__ import main
ingest.pipeline.POOL_CHUNKS = ingest.pipeline.COMMIT_CHUNKS = 16
sys.stdout.write("begin\\n"); sys.stdout.flush()
{}
sys.exit(main(sys.argv[1:]))
"""
DIE = "lambda *given, **named: os._exit(9)"


def started(folder: Path, data: Path, extra: str = "") -> subprocess.Popen[str]:
    environment = os.environ | {"ASKANCE_DATA_DIR": str(data), "ASKANCE_EMBEDDING_MODEL": "hash"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(extra), str(folder), "--json"],
        cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip


def write(folder: Path, numbers: range, edition: int) -> None:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        (folder / f"{number}.md").write_text(
            f"# Valve {number}\n\n## One\n\nEdition {edition} of {number}.\n\n## Two\n\nOpens at {edition}.\n"
        )


def kill_after(running: subprocess.Popen[str], seconds: float) -> dict[str, str]:
    """Kill the process some time after it has begun; what it had reported by then, by file."""
    with running:
        assert running.stdout is not None
        assert running.stdout.readline() == "begin\n"
        try:
            running.wait(seconds)
        except subprocess.TimeoutExpired:
            running.kill()
        reported = [json.loads(line) for line in running.stdout if line.endswith("}\n")]
    return {row["file"]: row["document_id"] for row in reported}


def ingested(workspace: Workspace, folder: Path) -> list[FileResult]:
    pipeline = Pipeline("default", workspace)
    return list(pipeline.run(path_sources([folder], workspace.settings.ingest)))


def assert_acknowledged_stays(workspace: Workspace, reported: dict[str, str]) -> None:
    """What was reported as in is in the table and in the catalog, whatever happened afterwards."""
    counts = workspace.table("default").chunk_counts()
    held = {record.name: record.document_id for record in workspace.catalog.documents("default")}
    for name, document_id in reported.items():
        assert held[name] == document_id
        assert counts[document_id] == 2


def assert_whole(workspace: Workspace, documents: int) -> None:
    """Table, catalog and blobs hold the same documents, each whole and once."""
    table = workspace.table("default")
    records = workspace.catalog.documents("default")
    assert len(records) == documents
    assert {record.status for record in records} == {"ready"}
    assert table.chunk_counts() == {record.document_id: 2 for record in records}
    ids = [chunk.id for record in records for chunk in table.chunks(record.document_id)]
    assert len(ids) == len(set(ids)) == table.count() == 2 * documents
    for record in records:
        parsed = workspace.blobs.get_parsed(record.document_id)
        assert parsed is not None
        assert workspace.blobs.verify(record.document_id)
        assert all(
            parsed.text[each.start : each.end] == each.text for each in table.chunks(record.document_id)
        )


def survive(tmp_path: Path, settings: Settings, moments: int, seed: int) -> None:
    choice = random.Random(seed)
    folder, data = tmp_path / "documents", settings.data_dir
    write(folder, range(DOCUMENTS), 0)
    whole = open_workspace(settings)
    for moment in range(moments):
        if moment % 3 == 2:
            # Some documents change, so that there is something to replace.
            first = choice.randrange(DOCUMENTS - 80)
            write(folder, range(first, first + 80), moment)
        reported = kill_after(started(folder, data), choice.uniform(0.1, LONGEST))
        if reported:
            assert_acknowledged_stays(whole, reported)
    ingested(whole, folder)
    assert_whole(whole, DOCUMENTS)
    assert {result.status for result in ingested(whole, folder)} == {"unchanged"}


def test_killed_at_random_moments(tmp_path: Path, settings: Settings) -> None:
    survive(tmp_path, settings, moments=10, seed=20240501)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_killed_at_many_more_moments(tmp_path: Path, settings: Settings, seed: int) -> None:
    survive(tmp_path, settings, moments=10, seed=seed)


@pytest.mark.parametrize(
    ("moment", "finished"),
    [
        (f"rag.store.CollectionTable.replace_documents = {DIE}", False),
        (f"rag.catalog.Catalog.put_many = {DIE}", True),
        (f"rag.commit_log.CommitLog.settle = {DIE}", True),
    ],
)
def test_killed_between_table_and_catalog(
    tmp_path: Path, settings: Settings, moment: str, finished: bool
) -> None:
    """A changed document is there as it was or as it is, and never neither, even if its file is gone."""
    folder, data = tmp_path / "documents", settings.data_dir
    workspace = open_workspace(settings)
    write(folder, range(4), 0)
    ingested(workspace, folder)
    old = workspace.catalog.get("default", "2.md")
    write(folder, range(2, 3), 1)
    assert kill_after(started(folder, data, moment), PATIENCE).get("2.md") is None
    for file in folder.iterdir():
        file.unlink()
    (folder / "other.md").write_text("# Other\n\n## One\n\nA text.\n\n## Two\n\nAnother.\n")
    ingested(workspace, folder)
    assert_whole(workspace, 5)
    now = workspace.catalog.get("default", "2.md")
    assert old is not None
    assert now is not None
    assert (now.document_id != old.document_id) is finished
    assert not (data / "commits" / "default.json").exists()


def test_passages_lost_from_the_table_are_told_of_and_come_back(tmp_path: Path, settings: Settings) -> None:
    workspace = open_workspace(settings)
    folder = tmp_path / "documents"
    write(folder, range(2), 0)
    first = ingested(workspace, folder)
    workspace.table("default").delete_documents([first[0].document_id])
    write(tmp_path / "elsewhere", range(7, 8), 0)
    ingested(workspace, tmp_path / "elsewhere")
    record = workspace.catalog.get("default", first[0].file)
    assert record is not None
    assert record.status == "failed"
    assert "no longer in the table" in record.error
    ingested(workspace, folder)
    assert_whole(workspace, 3)


def test_half_written_files_are_cleared_away(settings: Settings, tmp_path: Path) -> None:
    workspace = open_workspace(settings)
    write(tmp_path / "documents", range(1), 0)
    ingested(workspace, tmp_path / "documents")
    old, young = (settings.data_dir / "blobs" / f".incoming-{age}" for age in ("old", "young"))
    for file in (old, young):
        file.write_bytes(b"half")
    os.utime(old, (1, 1))
    ingested(workspace, tmp_path / "documents")
    assert not old.exists()
    assert young.exists()
