"""Adding, removing, tagging, going back at the same moment: table and list of documents stay of one mind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from corpus import fill

import ingest.pipeline
from ingest.documents import (
    remove_collection,
    remove_documents,
    rename_collection,
    tag_document,
    tag_documents,
)
from ingest.pipeline import Pipeline
from ingest.revision import read_again
from ingest.sources import Source, bytes_source
from rag.catalog import Catalog
from rag.collection_tables import LONGEST_NAME, checked_collection_name
from rag.errors import WriterBusy
from rag.kept_versions import keep_version, restore_version
from rag.settings import with_overrides
from rag.store import CollectionTable
from rag.types import Filters
from rag.workspace import Workspace, open_workspace

OLD, NEW = "The relief valve opens at 8.8 bar.", "The relief valve opens at 9.9 bar."


@pytest.fixture
def impatient(workspace: Workspace) -> Workspace:
    """A data folder with a.txt, in which whoever must wait for another writer says so soon."""
    fill(workspace, {"a.txt": OLD})
    return open_workspace(with_overrides(workspace.settings, {"ingest.lock_seconds": 1}))


def text(name: str, content: str, workspace: Workspace) -> list[Source]:
    return list(bytes_source(name, content.encode(), workspace.settings.ingest))


def add(workspace: Workspace, name: str, content: str) -> list[str]:
    return [result.status for result in Pipeline("default", workspace).run(text(name, content, workspace))]


def agreed(workspace: Workspace) -> dict[str, int]:
    """Names and passages of the documents, which table and list must tell alike."""
    records = [each for each in workspace.catalog.documents("default") if each.status == "ready"]
    counts = workspace.table("default").chunk_counts()
    assert counts == {record.document_id: record.chunks for record in records}
    return {record.name: record.chunks for record in records}


def meanwhile(
    monkeypatch: pytest.MonkeyPatch, owner: type, name: str, act: Callable[[], object]
) -> list[str]:
    """Let another writer `act` once, just before a method is carried out; returns what it was told."""
    original = getattr(owner, name)
    told: list[str] = []
    begun: list[bool] = []

    def disturbed(*given: object, **named: object) -> object:
        if not begun:
            begun.append(True)
            try:
                act()
            except WriterBusy as error:
                told.append(str(error))
        return original(*given, **named)

    monkeypatch.setattr(owner, name, disturbed)
    return told


def test_the_same_bytes_come_under_another_name_while_the_first_is_removed(
    impatient: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = meanwhile(monkeypatch, CollectionTable, "delete_documents", lambda: add(impatient, "b.txt", OLD))
    assert remove_documents(impatient, "default", ["a.txt"]) == 1
    assert "try again" in told[0]
    assert add(impatient, "b.txt", OLD) == ["added"]
    assert agreed(impatient) == {"b.txt": 1}


def test_a_document_is_removed_while_its_new_version_is_committed(
    impatient: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove() -> None:
        remove_documents(impatient, "default", ["a.txt"])

    told = meanwhile(monkeypatch, Catalog, "put_many", remove)
    assert add(impatient, "a.txt", NEW) == ["updated"]
    assert told
    assert agreed(impatient) == {"a.txt": 1}
    remove()
    assert agreed(impatient) == {}


@pytest.mark.parametrize(
    "change",
    [
        lambda own: remove_documents(own, "default", ["a.txt"]),
        lambda own: remove_collection(own, "default"),
        lambda own: rename_collection(own, "default", "other"),
        lambda own: tag_document(own, "default", "a.txt", ["valves"]),
        lambda own: tag_documents(own, "default", ["a.txt"], add=["valves"]),
        lambda own: restore_version(own, "default", "spring"),
    ],
    ids=["remove", "remove-collection", "rename", "tag", "tag-many", "restore"],
)
def test_nothing_changes_while_another_writes(
    impatient: Workspace, change: Callable[[Workspace], object]
) -> None:
    keep_version(impatient, "default", "spring")
    add(impatient, "b.txt", NEW)
    before = impatient.catalog.documents("default")
    with impatient.writing("default"), pytest.raises(WriterBusy):
        change(impatient)
    assert impatient.catalog.documents("default") == before
    assert agreed(impatient) == {"a.txt": 1, "b.txt": 1}
    change(impatient)


def begin_to_add(workspace: Workspace, name: str, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a document and be killed when its passages are in the table."""

    def killed(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Catalog, "put_many", killed)
        with pytest.raises(KeyboardInterrupt):
            add(workspace, name, content)


def test_what_a_killed_process_had_begun_is_finished_before_the_collection_is_renamed(
    impatient: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_to_add(impatient, "b.txt", NEW, monkeypatch)
    rename_collection(impatient, "default", "other")
    assert {record.name for record in impatient.catalog.documents("other")} == {"a.txt", "b.txt"}
    assert not list((impatient.settings.data_dir / "commits").glob("*.json"))


def test_what_a_killed_process_had_begun_does_not_bring_a_removed_document_back(
    impatient: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_to_add(impatient, "a.txt", NEW, monkeypatch)
    remove_documents(impatient, "default", ["a.txt"])
    assert add(impatient, "b.txt", "Pumps draw 3 kW.") == ["added"]
    assert agreed(impatient) == {"b.txt": 1}


def test_an_original_removed_while_the_same_bytes_come_in_elsewhere_is_told_of(
    impatient: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never a document whose citations open nothing."""
    embedder = impatient.store.embedder
    encode = type(embedder).embed_with_signs

    def removed_meanwhile(*given: object, **named: object) -> object:
        remove_documents(impatient, "default", ["a.txt"])
        return encode(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(type(embedder), "embed_with_signs", removed_meanwhile)
    [result] = Pipeline("other", impatient).run(text("b.txt", OLD, impatient))
    assert (result.status, "Add it again" in (result.error or "")) == ("failed", True)
    monkeypatch.undo()
    [result] = Pipeline("other", impatient).run(text("b.txt", OLD, impatient))
    assert result.status == "added"
    assert impatient.blobs.has(result.document_id)


def test_tags_given_while_a_job_runs_are_on_the_new_passages(impatient: Workspace) -> None:
    pipeline = Pipeline("default", impatient)
    tag_document(impatient, "default", "a.txt", ["valves"])
    list(pipeline.run(text("a.txt", NEW, impatient)))
    hits = impatient.table("default").text_search("valve", 5, Filters(tags=("valves",)))
    assert [hit.chunk.text for hit in hits] == [NEW]


def test_what_comes_after_the_collection_was_read_again_enters_its_new_table(
    impatient: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest.pipeline, "COMMIT_SECONDS", 0.01)
    replaced = threading.Event()

    def sources() -> Iterator[Source]:
        yield from text("b.txt", NEW, impatient)
        replaced.wait()
        yield from text("c.txt", "Pumps draw 3 kW.", impatient)

    names = []
    for result in Pipeline("default", impatient).run(sources()):
        names.append(result.file)
        if not replaced.is_set():
            read_again(impatient, "default")
            replaced.set()
    assert names == ["b.txt", "c.txt"]
    assert agreed(impatient) == {"a.txt": 1, "b.txt": 1, "c.txt": 1}


def test_a_collection_with_a_long_name_in_any_script(workspace: Workspace) -> None:
    name = checked_collection_name("文" * LONGEST_NAME)
    workspace.catalog.create_collection(name)
    fill(workspace, {"a.txt": OLD}, name)
    assert remove_documents(workspace, name, ["a.txt"]) == 1
    remove_collection(workspace, name)
