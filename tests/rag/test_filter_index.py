"""Indexes of authors, tags and dates find what looking at every row finds, and are not made for few rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import lancedb
import pytest
from authored import PUMP, add_authored

from rag.late_interaction import pack_signs
from rag.store import CollectionTable
from rag.types import Chunk, Filters
from rag.workspace import Workspace

FILTERS = (
    Filters(authors=("Li Wei",)),
    Filters(authors=("Ines Marchetti", "O'Brien, Pat")),
    Filters(tags=("works",)),
    Filters(since=date(2023, 5, 17), until=date(2024, 3, 4)),
    Filters(since=date(2024, 3, 5), authors=("Ines Marchetti",)),
    Filters(until=date(1999, 1, 1)),
)


@pytest.fixture
def table(workspace: Workspace) -> CollectionTable:
    add_authored(workspace)
    own = workspace.store.open("default")
    record = workspace.catalog.documents("default")[0]
    own.set_tags({record.document_id: ("works", "1999")})
    return own


def indexed(workspace: Workspace) -> set[str]:
    raw: Any = lancedb.connect(str(workspace.settings.data_dir / "tables")).open_table("default")
    return {index.columns[0] for index in raw.list_indices() if index.index_type in ("BTree", "LabelList")}


def found(table: CollectionTable) -> list[set[str]]:
    vector = table.embedder.embed([PUMP], query=True)[0]
    by_meaning = [{hit.chunk.id for hit in table.vector_search(vector, 50, own)} for own in FILTERS]
    by_words = [{hit.chunk.id for hit in table.text_search(PUMP, 50, own)} for own in FILTERS]
    return [*by_meaning, *by_words]


def test_few_rows_are_looked_at_one_by_one(workspace: Workspace, table: CollectionTable) -> None:
    table.optimize()
    assert indexed(workspace) == set()


def test_with_indexes_a_search_finds_the_same(
    workspace: Workspace, table: CollectionTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.filter_index.LEAST_ROWS", 1)
    before = found(table)
    assert any(before)
    table.optimize()
    assert indexed(workspace) == {"authors", "tags", "dated"}
    assert found(table) == before
    assert table.upkeep.health().unindexed_rows == 0


def test_passages_that_come_later_are_found_before_the_next_upkeep(
    table: CollectionTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.filter_index.LEAST_ROWS", 1)
    table.optimize()
    later = Chunk(
        "later", "f" * 64, "later.txt", PUMP, "", "", "", None, 0, len(PUMP),
        tags=("works",), authors=("Li Wei",), dated=date(2024, 1, 1),
    )  # fmt: skip
    vectors, tokens = table.embedder.embed_with_tokens([PUMP])
    table.replace_documents([later], vectors, [pack_signs(own) for own in tokens])
    for own in (FILTERS[0], FILTERS[2], FILTERS[3]):
        assert "later" in {hit.chunk.id for hit in table.text_search(PUMP, 50, own)}
    table.set_tags({later.document_id: ("other",)})
    assert "later" not in {hit.chunk.id for hit in table.text_search(PUMP, 50, FILTERS[2])}
    table.delete_documents([later.document_id])
    assert "later" not in {hit.chunk.id for hit in table.text_search(PUMP, 50, FILTERS[0])}
