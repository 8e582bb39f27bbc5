"""Several files read at the same time (ingest.parse_processes): as many, in order, and none lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.parsing import Parsers
from ingest.pipeline import Pipeline
from ingest.sources import path_sources
from rag.settings import IngestSettings, Settings, with_overrides
from rag.workspace import open_workspace

ROOT = Path(__file__).parents[2]
PROCESSES = 3


def test_as_many_files_are_read_at_once_as_the_setting_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))
    (tmp_path / "met").mkdir()
    order = tmp_path / "order"
    order.write_text(f"meet {tmp_path / 'met'} {PROCESSES}")
    parsers = Parsers(IngestSettings(parse_processes=PROCESSES, parse_seconds=60), "hostile_loader")
    try:
        with ThreadPoolExecutor(PROCESSES) as threads:
            # None comes back before all are being read.
            read = list(threads.map(lambda _: parsers.parse(order, "order.x"), range(PROCESSES)))
        assert len({reading.document.text for reading in read}) == PROCESSES
        assert len(parsers.process_ids) == PROCESSES
    finally:
        parsers.close()


def test_what_is_read_side_by_side_arrives_in_order_and_whole(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number:02}.txt").write_text(f"Valve {number} opens. " * (1 + number % 7))
    (folder / "30.txt").write_text("Valve 29 opens. " * (1 + 29 % 7))
    (folder / "31.pdf").write_bytes(b"%PDF-1.7\nno")
    several = with_overrides(settings, {"ingest.parse_processes": PROCESSES})
    workspace = open_workspace(several)
    sources = list(path_sources([folder], several.ingest))
    for expected in ("added", "unchanged"):
        results = list(Pipeline("default", workspace).run(sources))
        assert sorted(result.file for result in results) == sorted(source.name for source in sources)
        statuses = {result.file: result.status for result in results}
        assert statuses.pop("31.pdf") == "failed"
        assert set(statuses.values()) == {expected}
    records = [record for record in workspace.catalog.documents("default") if record.status == "ready"]
    assert len(records) == 60
    # Two names hold the same bytes, which are there once.
    assert workspace.table("default").chunk_counts() == {
        record.document_id: record.chunks for record in records
    }
    assert len({record.document_id for record in records}) == 59
