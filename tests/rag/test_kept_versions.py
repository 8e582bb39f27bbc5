"""Versions kept by name: going back brings passages and list of documents back together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from corpus import TEXTS, fill

import rag.kept_versions
from ingest.documents import remove_collection, remove_documents, tag_document
from rag.errors import StoreError
from rag.kept_versions import LOOKS, forget_version, keep_version, kept_versions, restore_version
from rag.maintenance import Maintenance
from rag.table_upkeep import TableUpkeep
from rag.workspace import Workspace

AT_ONCE = timedelta(milliseconds=1)


def agree(workspace: Workspace, collection: str = "default") -> bool:
    """Whether table and list of documents tell of the same passages."""
    records = workspace.catalog.documents(collection)
    listed = {record.document_id: record.chunks for record in records if record.status == "ready"}
    return workspace.table(collection).chunk_counts() == listed


def test_going_back_brings_passages_documents_tags_and_originals(workspace: Workspace) -> None:
    fill(workspace)
    tag_document(workspace, "default", "boiler.md", ["heating"])
    before = workspace.catalog.documents("default")
    kept = keep_version(workspace, "default", "spring")
    assert (kept.documents, kept.passages) == (len(TEXTS), workspace.table("default").count())
    boiler = workspace.catalog.resolve("default", "boiler.md")
    remove_documents(workspace, "default", ["boiler.md"])
    fill(workspace, {"walrus.txt": "A walrus was seen in the harbour."})
    tag_document(workspace, "default", "orchard.html", ["trees"])
    assert workspace.blobs.has(boiler.document_id), "the kept version needs the original"
    # Maintenance clears away what nobody needs, and only that.
    Maintenance(workspace.store, workspace.settings.data_dir).run(keep=AT_ONCE)

    done = restore_version(workspace, "default", "spring")
    assert (done.left, done.returned, done.changed) == (("walrus.txt",), ("boiler.md",), ())
    assert workspace.catalog.documents("default") == before
    assert agree(workspace)
    table = workspace.table("default")
    assert table.text_search("relief valve", 1)[0].chunk.document == "boiler.md"
    assert table.text_search("walrus", 1) == []
    assert workspace.blobs.get(boiler.document_id).decode() == TEXTS["boiler.md"]

    back = restore_version(workspace, "default", done.undo)
    assert (back.left, back.returned) == (("boiler.md",), ("walrus.txt",))
    assert agree(workspace)
    assert table.text_search("walrus", 1)[0].chunk.document == "walrus.txt"
    assert [own.name for own in kept_versions(table)] == ["spring", done.undo, back.undo]


def test_what_files_say_of_themselves_comes_back(workspace: Workspace) -> None:
    mail = "From: Ada <ada@example.com>\nSubject: Pump\nDate: Wed, 01 May 2024 10:00:00 +0000\n\nIt leaks."
    fill(workspace, {"pump.eml": mail})
    [before] = workspace.catalog.documents("default")
    assert before.authors
    assert before.dated
    keep_version(workspace, "default", "spring")
    remove_documents(workspace, "default", ["pump.eml"])
    restore_version(workspace, "default", "spring")
    assert workspace.catalog.documents("default") == [before]


def test_a_version_whose_list_cannot_be_written_is_not_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(workspace)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(rag.kept_versions, "write_ledger", stopped)
        with pytest.raises(KeyboardInterrupt):
            keep_version(workspace, "default", "spring")
    assert keep_version(workspace, "default", "spring").documents == len(TEXTS)


def test_documents_with_other_content_are_named(workspace: Workspace) -> None:
    fill(workspace)
    keep_version(workspace, "default", "spring")
    remove_documents(workspace, "default", ["boiler.md"])
    fill(workspace, {"boiler.md": "The boiler was replaced."})
    assert restore_version(workspace, "default", "spring").changed == ("boiler.md",)


def test_an_interrupted_return_is_finished_by_repeating_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(workspace)
    keep_version(workspace, "default", "spring")
    fill(workspace, {"walrus.txt": "A walrus was seen in the harbour."})

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(rag.kept_versions, "put_back", stopped)
        with pytest.raises(KeyboardInterrupt):
            restore_version(workspace, "default", "spring")
    assert not agree(workspace)
    restore_version(workspace, "default", "spring")
    assert agree(workspace)


def test_a_kept_version_does_not_hold_later_ones_on_the_disk(workspace: Workspace) -> None:
    fill(workspace)
    keep_version(workspace, "default", "spring")
    for number in range(8):
        fill(workspace, {f"{number}.txt": f"Note {number} says nothing new."})
    (run,) = Maintenance(workspace.store, workspace.settings.data_dir).run(keep=AT_ONCE)
    assert run.failure == ""
    assert run.after.versions < 6 < run.before.versions
    assert restore_version(workspace, "default", "spring").version.documents == len(TEXTS)


def test_letting_go_frees_what_only_that_version_needed(workspace: Workspace) -> None:
    fill(workspace)
    keep_version(workspace, "default", "spring")
    boiler = workspace.catalog.resolve("default", "boiler.md").document_id
    staff = workspace.catalog.resolve("default", "leave.txt").document_id
    remove_documents(workspace, "default", ["boiler.md"])
    forget_version(workspace, "default", "spring")
    assert not workspace.blobs.has(boiler)
    assert workspace.blobs.has(staff)
    with pytest.raises(StoreError, match="kept under the name 'spring'"):
        restore_version(workspace, "default", "spring")


def test_a_removed_collection_takes_its_versions_along(workspace: Workspace) -> None:
    fill(workspace)
    keep_version(workspace, "default", "spring")
    boiler = workspace.catalog.resolve("default", "boiler.md").document_id
    remove_documents(workspace, "default", ["boiler.md"])
    remove_collection(workspace, "default")
    assert not workspace.blobs.has(boiler)
    fill(workspace)
    assert kept_versions(workspace.table("default")) == []


def test_names_are_checked_and_not_taken_twice(workspace: Workspace) -> None:
    fill(workspace)
    for name in ("", "../out", "a b", "main/x", "main", "x" * 81):
        with pytest.raises(StoreError, match="cannot name a version"):
            keep_version(workspace, "default", name)
    keep_version(workspace, "default", "spring")
    with pytest.raises(StoreError, match="already"):
        keep_version(workspace, "default", "spring")


def test_rows_of_other_programs_do_not_hinder(workspace: Workspace) -> None:
    fill(workspace)
    workspace.catalog.remove("default", ["boiler.md"])
    kept = keep_version(workspace, "default", "spring")
    assert kept.documents == len(TEXTS) - 1


def test_a_collection_that_changes_all_the_time_is_not_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(workspace)
    seen: list[str] = []

    def changing(self: TableUpkeep, name: str) -> frozenset[str]:
        seen.append(name)
        return frozenset(f"{number:064x}" for number in range(len(seen)))

    monkeypatch.setattr(TableUpkeep, "documents_at", changing)
    monkeypatch.setattr("rag.kept_versions.WAIT_SECONDS", 0)
    with pytest.raises(StoreError, match="all the time"):
        keep_version(workspace, "default", "spring")
    assert len(seen) == LOOKS
    assert kept_versions(workspace.table("default")) == []
