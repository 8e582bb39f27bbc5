"""The vector index: none while looking at all is quick, then built, renewed and dropped by upkeep itself."""

from __future__ import annotations

import logging
from datetime import timedelta

import numpy as np
import pytest

from rag.late_interaction import pack_signs
from rag.maintenance import Maintenance, read_records
from rag.store import CollectionTable
from rag.types import Chunk, Filters, Vector
from rag.workspace import Workspace

AT_ONCE = timedelta(milliseconds=1)
KINDS = 12


def add(table: CollectionTable, numbers: range) -> dict[str, Vector]:
    """One document a number, with vectors in KINDS noisy clusters; returns them by passage."""
    size = table.embedder.dimension
    centres = np.random.default_rng(1).standard_normal((KINDS, size))
    noise = np.random.default_rng(numbers.start).standard_normal((len(numbers), size))
    vectors = (centres[[number % KINDS for number in numbers]] + noise).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    chunks = [
        Chunk(f"c{number}", f"{number:064x}", f"{number}.txt", "text", "", "", "", None, 0, 4)
        for number in numbers
    ]
    table.replace_documents(chunks, vectors, [pack_signs(vectors[:1])] * len(chunks))
    return {chunk.id: vector for chunk, vector in zip(chunks, vectors, strict=True)}


def nearest(table: CollectionTable, vector: Vector) -> list[str]:
    return [hit.chunk.id for hit in table.vector_search(vector, 10)]


@pytest.fixture
def maintenance(workspace: Workspace) -> Maintenance:
    return Maintenance(workspace.store, workspace.settings.data_dir)


@pytest.fixture
def slow_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where looking at 500 passages takes too long."""
    monkeypatch.setattr("rag.vector_index.FEWEST_ROWS", 500)
    monkeypatch.setattr("rag.vector_index.MOST_SCAN_MS", 0.0)


def test_a_small_table_has_none(workspace: Workspace, maintenance: Maintenance) -> None:
    table = workspace.store.open_or_create("default")
    add(table, range(600))
    (run,) = maintenance.run(keep=AT_ONCE)
    assert (run.vectors.indexed, run.vectors.rows, run.vectors.recall) == (False, 600, 1.0)


def test_a_quick_scan_needs_none(
    workspace: Workspace, maintenance: Maintenance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.vector_index.FEWEST_ROWS", 500)
    monkeypatch.setattr("rag.vector_index.MOST_SCAN_MS", 1e9)
    add(workspace.store.open_or_create("default"), range(600))
    (run,) = maintenance.run(keep=AT_ONCE)
    assert not run.vectors.indexed
    assert run.vectors.scan_ms > 0


@pytest.mark.usefixtures("slow_scan")
def test_a_large_table_gets_one_that_finds_what_looking_at_all_finds(
    workspace: Workspace, maintenance: Maintenance
) -> None:
    table = workspace.store.open_or_create("default")
    add(table, range(2000))
    question = np.random.default_rng(7).standard_normal(table.embedder.dimension).astype(np.float32)
    all_looked_at = nearest(table, question)
    (run,) = maintenance.run(keep=AT_ONCE)
    assert run.vectors.indexed
    assert run.vectors.recall >= 0.98
    assert nearest(table, question) == all_looked_at
    only = Filters(documents=(f"{17:064x}",))
    assert [hit.chunk.id for hit in table.vector_search(question, 10, only)] == ["c17"]
    assert read_records(workspace.settings.data_dir)["default"].vectors == run.vectors


@pytest.mark.usefixtures("slow_scan")
def test_new_passages_are_found_at_once_and_a_grown_table_is_indexed_anew(
    workspace: Workspace, maintenance: Maintenance
) -> None:
    table = workspace.store.open_or_create("default")
    add(table, range(600))
    assert maintenance.run(keep=AT_ONCE)[0].vectors.rows == 600
    added = add(table, range(600, 700))
    assert nearest(table, added["c650"])[0] == "c650"
    assert maintenance.run(keep=AT_ONCE)[0].vectors.rows == 600
    assert table.upkeep.health().unindexed_rows == 0
    added = add(table, range(700, 1300))
    assert maintenance.run(keep=AT_ONCE)[0].vectors.rows == 1300
    assert nearest(table, added["c1299"])[0] == "c1299"


@pytest.mark.usefixtures("slow_scan")
def test_a_table_that_has_shrunk_loses_it(workspace: Workspace, maintenance: Maintenance) -> None:
    table = workspace.store.open_or_create("default")
    added = add(table, range(600))
    assert maintenance.run(keep=AT_ONCE)[0].vectors.indexed
    table.delete_documents(f"{number:064x}" for number in range(400))
    assert not maintenance.run(keep=AT_ONCE)[0].vectors.indexed
    assert len(nearest(table, added["c500"])) == 10


@pytest.mark.usefixtures("slow_scan")
def test_one_that_misses_too_many_is_dropped_and_not_built_each_time(
    workspace: Workspace,
    maintenance: Maintenance,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("rag.vector_index.LEAST_RECALL", 1.1)
    add(workspace.store.open_or_create("default"), range(600))
    with caplog.at_level(logging.WARNING):
        first = maintenance.run(keep=AT_ONCE)[0].vectors
        assert not first.indexed
        assert "dropped" in caplog.text
        caplog.clear()
        assert maintenance.run(keep=AT_ONCE)[0].vectors == first
        assert caplog.text == ""
