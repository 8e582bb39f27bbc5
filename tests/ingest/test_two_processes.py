"""Several processes at work on one data folder at the same moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from rag.settings import Settings
from rag.workspace import open_workspace

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0

#: Imports first and waits for the others, so that they truly begin together.
STARTER = """
import sys, time
from pathlib import Path
import lancedb, rag.embedding_function, ingest.loaders.markdown
from ingest.__main__ import main
ready, go, *arguments = sys.argv[1:]
Path(ready).touch()
while not Path(go).exists():
    time.sleep(0.002)
sys.exit(main(arguments))
"""


def ingest_together(tmp_path: Path, data: Path, *folders: Path) -> list[dict[str, dict[str, Any]]]:
    """Run one process a folder, all starting at once; every one must end well."""
    environment = os.environ | {"ASKANCE_DATA_DIR": str(data), "ASKANCE_EMBEDDING_MODEL": "hash"}
    go = tmp_path / f"go-{time.monotonic_ns()}"
    marks = [tmp_path / f"ready-{number}-{go.name}" for number in range(len(folders))]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", STARTER, str(mark), str(go), str(folder), "--json"],
            cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for mark, folder in zip(marks, folders, strict=True)
    ]  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE
        while not all(mark.exists() for mark in marks):
            assert time.monotonic() < deadline
            assert all(process.poll() is None for process in running)
            time.sleep(0.01)
        go.touch()
        outputs = [process.communicate(timeout=PATIENCE) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
    for process, (_, errors) in zip(running, outputs, strict=True):
        assert process.returncode == 0, errors
    rows = [[json.loads(line) for line in output.splitlines()] for output, _ in outputs]
    return [{row["file"]: row for row in own} for own in rows]


def write(folder: Path, letter: str, note: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(25):
        (folder / f"{letter}{number}.md").write_text(
            f"# {letter} {number}\n\nValve {number} of {letter}, {note}.\n\n## More\n\nPump {number}.\n"
        )
    return folder


def assert_whole(settings: Settings, documents: int) -> None:
    """Two passages a document, no row twice, table and ledger agree, and words are found."""
    workspace = open_workspace(settings)
    table = workspace.table("default")
    records = workspace.catalog.documents("default")
    assert len(records) == documents
    assert {record.status for record in records} == {"ready"}
    assert table.chunk_counts() == {record.document_id: 2 for record in records}
    ids = [chunk.id for record in records for chunk in table.chunks(record.document_id)]
    assert len(ids) == len(set(ids)) == table.count()
    assert len(table.text_search("valve", 1000)) == documents


@pytest.fixture
def data(settings: Settings) -> Path:
    return settings.data_dir


def test_the_same_files_at_once_become_no_row_twice(tmp_path: Path, data: Path, settings: Settings) -> None:
    folder = write(tmp_path / "docs", "a", "first")
    results = ingest_together(tmp_path, data, folder, folder)
    assert all(len(rows) == 25 for rows in results)
    assert {row["status"] for rows in results for row in rows.values()} <= {"added", "updated", "unchanged"}
    assert_whole(settings, 25)


@pytest.mark.slow
def test_other_and_changed_files_at_once_lose_nothing(tmp_path: Path, data: Path, settings: Settings) -> None:
    one, other = write(tmp_path / "one", "a", "first"), write(tmp_path / "other", "b", "first")
    ingest_together(tmp_path, data, one, other)
    assert_whole(settings, 50)
    write(one, "a", "second")
    write(other, "b", "second")
    results = ingest_together(tmp_path, data, one, other, one)
    assert {row["status"] for rows in results for row in rows.values()} <= {"updated", "unchanged"}
    assert_whole(settings, 50)
    found = open_workspace(settings).table("default").text_search("second", 1000)
    assert len(found) == 50


@pytest.mark.slow
def test_a_process_that_is_killed_leaves_whole_documents(
    tmp_path: Path, data: Path, settings: Settings
) -> None:
    """Killed after its first results, again and again; the last run completes the work."""
    folder = tmp_path / "docs"
    for part in range(12):
        write(folder / f"{part:02}", f"p{part}-", "x " * 40)
    environment = os.environ | {"ASKANCE_DATA_DIR": str(data), "ASKANCE_EMBEDDING_MODEL": "hash"}
    command = [sys.executable, "-m", "ingest", str(folder), "--json"]
    for _ in range(3):
        running = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        assert running.stdout is not None
        assert running.stdout.readline()
        running.kill()
        running.communicate()
        workspace = open_workspace(settings)
        counts = workspace.table("default").chunk_counts()
        assert set(counts.values()) == {2}
        assert {record.document_id for record in workspace.catalog.documents("default")} <= set(counts)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert_whole(settings, 300)
