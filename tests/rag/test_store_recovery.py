"""Tables that another process has left half made, or is at work on."""

from __future__ import annotations

import logging

import lancedb
import numpy as np
import pytest

from rag.embedders import get_embedder
from rag.errors import CollectionNotFound, StoreError
from rag.late_interaction import pack_signs
from rag.settings import Settings
from rag.store import ATTEMPTS, CollectionTable, Store
from rag.text_fields import BASES
from rag.types import Chunk


def opened(settings: Settings) -> Store:
    """The store as a process opens it that has seen none of its tables yet."""
    return Store(settings.data_dir, settings.embedding, get_embedder(settings.embedding))


def add(table: CollectionTable, text: str) -> None:
    chunk = Chunk("c", "d" * 64, "d.txt", text, "", "", "", None, 0, len(text))
    vectors, tokens = table.embedder.embed_with_tokens([text])
    table.replace_documents([chunk], vectors, [pack_signs(own) for own in tokens])


def test_a_table_has_its_key_from_the_first_version_on(settings: Settings) -> None:
    opened(settings).open_or_create("default")
    table = lancedb.connect(str(settings.data_dir / "tables")).open_table("default")
    table.checkout(1)
    assert any(b"unenforced-primary-key" in name for name in table.schema.field("id").metadata)


def test_a_folder_without_a_table_is_none_until_one_is_made(settings: Settings) -> None:
    (settings.data_dir / "tables" / "default.lance").mkdir(parents=True)
    with pytest.raises(CollectionNotFound):
        opened(settings).open("default")
    add(opened(settings).open_or_create("default"), "the relief valve")
    assert opened(settings).open("default").count() == 1


def test_indexes_that_were_never_made_are_made_at_opening(settings: Settings) -> None:
    opened(settings).open_or_create("default")
    table = lancedb.connect(str(settings.data_dir / "tables")).open_table("default")
    for index in table.list_indices():
        table.drop_index(index.name)
    again = opened(settings).open("default")
    add(again, "the relief valve")
    assert [hit.chunk.text for hit in again.text_search("valves", 5)] == ["the relief valve"]
    table.checkout_latest()
    assert {name for index in table.list_indices() for name in index.columns} == set(BASES)


def test_a_table_that_cannot_be_made_is_an_error_in_words(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.store.ATTEMPTS", 1)
    settings.data_dir.mkdir()
    (settings.data_dir / "tables").mkdir()
    (settings.data_dir / "tables" / "default.lance").write_bytes(b"a file, where a folder should be")
    with pytest.raises(StoreError, match="could not be written"):
        opened(settings).open_or_create("default")


def test_upkeep_gives_way_to_those_who_write(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    table = opened(settings).open_or_create("default")
    add(table, "the relief valve")
    attempts: list[int] = []

    def preempted(*_: object, **__: object) -> None:
        attempts.append(1)
        raise RuntimeError("Retryable commit conflict for version 16")

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setattr(lancedb.table.LanceTable, "optimize", preempted)
        table.optimize()
    assert len(attempts) == ATTEMPTS
    assert "left to another process" in caplog.text
    table.optimize()

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(lancedb.table.LanceTable, "optimize", broken)
    with pytest.raises(RuntimeError, match="on fire"):
        table.optimize()
    assert table.vector_search(np.ones(table.embedder.dimension, np.float32), 5)
