"""A collection read again under other settings: searched as it was until the new table takes its place."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from corpus import TEXTS, fill

from ingest import revision
from ingest.documents import remove_documents, tag_documents
from ingest.progress import Progress
from ingest.rereadings import Rereadings
from ingest.revision import give_up, has_begun, outdated_documents, read_again, remove_retired
from rag.commit_log import CommitLog
from rag.errors import StoreError
from rag.hash_embedder import HashEmbedder
from rag.kept_versions import forget_version, keep_version
from rag.retrieve import retrieve
from rag.settings import with_overrides
from rag.store import Store
from rag.types import Filters
from rag.workspace import Workspace, open_workspace

LONG = {"long.txt": " ".join(f"Sentence {number} of the report is about pumps." for number in range(60))}


def found(workspace: Workspace, question: str, **filters: tuple[str, ...]) -> list[str]:
    table = workspace.table("default")
    hits = retrieve(question, table=table, settings=workspace.settings, filters=Filters(**filters)).hits
    return [hit.chunk.document for hit in hits]


@pytest.fixture
def smaller(workspace: Workspace) -> Workspace:
    """The filled workspace under settings that cut smaller passages."""
    fill(workspace, TEXTS | LONG)
    return open_workspace(with_overrides(workspace.settings, {"chunking.max_tokens": 64}))


@pytest.fixture
def other_embedder(workspace: Workspace) -> Workspace:
    """The filled workspace as it is under settings that name another embedder."""
    fill(workspace)
    wide = HashEmbedder(96)
    wide.name = "hash-wide"
    store = Store(workspace.settings.data_dir, workspace.settings.embedding, wide, workspace.tables)
    return replace(workspace, store=store)


def outdated(workspace: Workspace) -> int:
    return len(outdated_documents(workspace, workspace.catalog.documents("default")))


def test_smaller_passages_take_the_place_of_the_larger(workspace: Workspace, smaller: Workspace) -> None:
    assert outdated(workspace) == 0
    assert outdated(smaller) == len(TEXTS) + 1
    before = smaller.catalog.resolve("default", "long.txt")
    tag_documents(smaller, "default", ["long.txt"], add=["pumps"])
    assert read_again(smaller, "default") is True
    after = smaller.catalog.resolve("default", "long.txt")
    assert after.chunks > before.chunks
    assert (after.tags, after.added_at) == (("pumps",), before.added_at)
    assert outdated(smaller) == 0
    assert smaller.table("default").count(Filters(documents=(after.document_id,))) == after.chunks
    assert set(found(smaller, "report about pumps", tags=("pumps",))) == {"long.txt"}
    assert not has_begun(smaller, "default")
    # The collection has the table that was its revision's; what is said of it names the collection.
    assert smaller.table("default").name == "default"


def test_the_old_table_goes_after_a_while(smaller: Workspace) -> None:
    old = smaller.table("default")
    read_again(smaller, "default")
    assert remove_retired(smaller) == 0
    # A search that began before the swap still comes to its end.
    assert old.text_search("pumps", 5)
    assert remove_retired(smaller, 0) == 1
    tables = smaller.settings.data_dir / "tables"
    assert [folder.name for folder in tables.glob("*.lance")] == [
        f"{smaller.tables.table_of('default')}.lance"
    ]
    assert smaller.tables.hidden() == []
    assert found(smaller, "parental leave")[0] == "staff/leave.txt"


def test_another_embedder_is_searched_with_the_old_one_until_the_swap(other_embedder: Workspace) -> None:
    assert other_embedder.table("default").embedder.name == "hash"
    assert found(other_embedder, "parental leave")[0] == "staff/leave.txt"
    seen: list[list[str]] = []

    class Watched(Progress):
        def stage(self, name: str, stage: str) -> None:
            super().stage(name, stage)
            seen.append(found(other_embedder, "parental leave"))

    assert read_again(other_embedder, "default", progress=Watched()) is True
    assert len(seen) > 4
    assert {names[0] for names in seen} == {"staff/leave.txt"}
    assert other_embedder.table("default").embedder.name == "hash-wide"
    assert found(other_embedder, "parental leave")[0] == "staff/leave.txt"


def test_a_failure_leaves_the_collection_as_it_was(smaller: Workspace) -> None:
    record = smaller.catalog.resolve("default", "boiler.md")
    smaller.blobs.remove(record.document_id)
    before = smaller.table("default").chunk_counts()
    with pytest.raises(StoreError, match=r"originals of 'boiler\.md' are not kept.*nothing was changed"):
        read_again(smaller, "default")
    assert smaller.table("default").chunk_counts() == before
    assert has_begun(smaller, "default")
    give_up(smaller, "default")
    assert not has_begun(smaller, "default")
    assert smaller.blobs.has(smaller.catalog.resolve("default", "long.txt").document_id)
    assert smaller.table("default").chunk_counts() == before


def test_stopped_it_goes_on_where_it_was(smaller: Workspace) -> None:
    cancelled = threading.Event()

    class Stopping(Progress):
        def stage(self, name: str, stage: str) -> None:
            super().stage(name, stage)
            if stage == "done":
                cancelled.set()

    before = smaller.table("default").chunk_counts()
    assert read_again(smaller, "default", progress=Stopping(), cancelled=cancelled) is False
    assert smaller.table("default").chunk_counts() == before
    [hidden] = smaller.tables.hidden("default")
    done = {record.name for record in smaller.catalog.documents(hidden.name)}
    assert done
    progress = Progress()
    assert read_again(smaller, "default", progress=progress) is True
    assert not done & set(progress.files)
    assert outdated(smaller) == 0


def test_documents_that_come_and_go_meanwhile(smaller: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    writing = Workspace.writing
    changes = iter([True])

    def busy(workspace: Workspace, collection: str) -> CommitLog:
        # Reading again asks for the collection's lock when it is about to replace the table.
        if collection == "default" and next(changes, False):
            fill(smaller, {"late.txt": "The late document on turbines."})
            remove_documents(smaller, "default", ["boiler.md"])
        return writing(workspace, collection)

    monkeypatch.setattr(Workspace, "writing", busy)
    assert read_again(smaller, "default") is True
    records = smaller.catalog.documents("default")
    assert {record.name for record in records} == {*TEXTS, *LONG, "late.txt"} - {"boiler.md"}
    assert set(smaller.table("default").chunk_counts()) == {record.document_id for record in records}
    assert found(smaller, "turbines")[0] == "late.txt"


def test_begun_with_one_embedder_and_gone_on_with_another(
    smaller: Workspace, other_embedder_store: Store
) -> None:
    cancelled = threading.Event()
    cancelled.set()
    read_again(smaller, "default", cancelled=cancelled)
    wide = replace(smaller, store=other_embedder_store)
    assert read_again(wide, "default") is True
    assert wide.table("default").embedder.name == "hash-wide"


@pytest.fixture
def other_embedder_store(workspace: Workspace) -> Store:
    wide = HashEmbedder(96)
    wide.name = "hash-wide"
    return Store(workspace.settings.data_dir, workspace.settings.embedding, wide, workspace.tables)


def test_in_the_background(smaller: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    rereadings = Rereadings()
    started = rereadings.start(smaller, "default")
    assert started.ended.wait(60)
    assert (started.state, started.error) == ("done", "")
    assert outdated(smaller) == 0
    rereadings.forget("default")
    assert rereadings.of("default") is None

    def broken(*_: object, **__: object) -> bool:
        raise StoreError("The disk is full. Free some space.")

    monkeypatch.setattr("ingest.rereadings.read_again", broken)
    failed = rereadings.start(smaller, "default")
    assert failed.ended.wait(60)
    assert (failed.state, failed.error) == ("failed", "The disk is full. Free some space.")
    assert revision.GRACE_SECONDS > 0


def test_versions_kept_by_name_are_not_lost(workspace: Workspace, smaller: Workspace) -> None:
    keep_version(workspace, "default", "spring")
    with pytest.raises(StoreError, match=r"spring.*untag"):
        read_again(smaller, "default")
    forget_version(workspace, "default", "spring")
    assert read_again(smaller, "default") is True
