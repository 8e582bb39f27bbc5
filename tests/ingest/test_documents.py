"""Documents already there: moved, copied, doubled, read again from what was kept, and removed."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from corpus import TEXTS, fill
from documents import encrypted_pdf
from sqlalchemy import event

from ingest.documents import (
    remove_collection,
    remove_documents,
    stored_sources,
    tag_document,
    tag_documents,
)
from ingest.pipeline import Pipeline
from ingest.progress import FileResult
from ingest.sources import Source, bytes_source
from rag.catalog import DocumentRecord
from rag.database import open_database
from rag.errors import CollectionNotFound, DocumentError, DocumentNotFound
from rag.retrieve import retrieve
from rag.types import Chunk, Filters, Scope
from rag.workspace import Workspace


def ingest(
    workspace: Workspace, sources: Sequence[Source], collection: str = "default", **options: object
) -> dict[str, FileResult]:
    pipeline = Pipeline(collection, workspace)
    return {result.file: result for result in pipeline.run(sources, **options)}  # type: ignore[arg-type]


def files(workspace: Workspace, **texts: str) -> list[Source]:
    return [
        source
        for name, text in texts.items()
        for source in bytes_source(f"{name}.txt", text.encode(), workspace.settings.ingest)
    ]


def found_in(workspace: Workspace, question: str) -> list[str]:
    table = workspace.table("default")
    return [hit.chunk.document for hit in retrieve(question, table=table, settings=workspace.settings).hits]


def test_removing_takes_passages_record_and_original(workspace: Workspace) -> None:
    fill(workspace)
    record = workspace.catalog.resolve("default", "boiler.md")
    assert remove_documents(workspace, "default", ["boiler.md", "never-there.md"]) == 1
    assert workspace.catalog.get("default", "boiler.md") is None
    assert record.document_id not in workspace.table("default").chunk_counts()
    assert not workspace.blobs.has(record.document_id)
    assert workspace.blobs.get_parsed(record.document_id) is None
    assert "boiler.md" not in found_in(workspace, "relief valve boiler")
    assert ingest(workspace, files(workspace, boiler=TEXTS["boiler.md"]))["boiler.txt"].status == "added"


def test_the_original_stays_while_another_collection_has_it(workspace: Workspace) -> None:
    fill(workspace)
    fill(workspace, collection="other")
    record = workspace.catalog.resolve("default", "boiler.md")
    remove_documents(workspace, "default", ["boiler.md"])
    assert workspace.blobs.has(record.document_id)
    remove_collection(workspace, "other")
    assert not workspace.blobs.has(record.document_id)
    assert workspace.store.collections() == ["default"]
    with pytest.raises(CollectionNotFound):
        remove_collection(workspace, "other")


def test_passages_go_by_a_name_that_is_still_there(workspace: Workspace) -> None:
    """The same bytes under two names: when the first name goes, hits must not cite it any more."""
    ingest(workspace, files(workspace, first="Leave lasts 26 weeks.", second="Leave lasts 26 weeks."))
    assert found_in(workspace, "how long is leave") == ["first.txt"]
    remove_documents(workspace, "default", ["first.txt"])
    assert found_in(workspace, "how long is leave") == ["second.txt"]
    remove_documents(workspace, "default", ["second.txt"])
    assert found_in(workspace, "how long is leave") == []


def test_a_name_that_gets_other_content_leaves_its_copy_a_name(workspace: Workspace) -> None:
    ingest(workspace, files(workspace, first="Leave lasts 26 weeks.", second="Leave lasts 26 weeks."))
    ingest(workspace, files(workspace, first="Pumps draw 3 kW."))
    assert found_in(workspace, "how long is leave")[0] == "second.txt"
    assert found_in(workspace, "what do pumps draw")[0] == "first.txt"
    ingest(workspace, files(workspace, third="Pumps draw 3 kW."))
    ingest(workspace, files(workspace, first=" "))
    assert found_in(workspace, "what do pumps draw")[0] == "third.txt"
    ingest(workspace, files(workspace, fourth="Pumps draw 3 kW.", third="Leave lasts 26 weeks."))
    assert found_in(workspace, "what do pumps draw")[0] == "fourth.txt"
    assert workspace.table("default").count() == 2


def test_a_file_renamed_while_its_old_name_gets_other_content(workspace: Workspace) -> None:
    ingest(workspace, files(workspace, plan="The old plan of the harbour."))
    results = ingest(
        workspace,
        files(workspace, plan="The new plan of the bridge.", plan_old="The old plan of the harbour."),
    )
    assert {name: result.status for name, result in results.items()} == {
        "plan.txt": "updated",
        "plan_old.txt": "added",
    }
    assert found_in(workspace, "harbour")[0] == "plan_old.txt"
    assert found_in(workspace, "bridge")[0] == "plan.txt"
    counts = workspace.table("default").chunk_counts()
    assert set(counts) == {record.document_id for record in workspace.catalog.documents("default")}


def test_two_names_of_one_document_get_other_contents_at_once(workspace: Workspace) -> None:
    ingest(workspace, files(workspace, one="The same words.", two="The same words."))
    ingest(workspace, files(workspace, one="Words of one.", two="Words of two."))
    counts = workspace.table("default").chunk_counts()
    assert set(counts) == {record.document_id for record in workspace.catalog.documents("default")}


def test_two_contents_for_one_name_in_one_run_leave_the_later(workspace: Workspace) -> None:
    results = ingest(workspace, [Source("a.txt", 1, lambda: b"Early."), Source("a.txt", 1, lambda: b"Late.")])
    assert results["a.txt"].status in ("added", "updated")
    [record] = workspace.catalog.documents("default")
    assert workspace.table("default").chunk_counts() == {record.document_id: 1}
    assert [chunk.text for chunk in workspace.table("default").chunks(record.document_id)] == ["Late."]


def test_a_file_that_failed_is_not_unchanged_because_its_twin_was_read(workspace: Workspace) -> None:
    """One was tried without the password, its copy with it: the first is then there, too."""
    locked = encrypted_pdf("The vault opens at nine.", "pass")
    assert ingest(workspace, [Source("one.pdf", 1, lambda: locked)])["one.pdf"].status == "failed"
    again = ingest(workspace, [Source("two.pdf", 1, lambda: locked)], password="pass")
    assert again["two.pdf"].status == "added"
    # The failed one holds no passages: they go with the other.
    remove_documents(workspace, "default", ["two.pdf"])
    assert workspace.table("default").count() == 0
    ingest(workspace, [Source("two.pdf", 1, lambda: locked)], password="pass")
    assert ingest(workspace, [Source("one.pdf", 1, lambda: locked)])["one.pdf"].status == "added"
    assert {record.status for record in workspace.catalog.documents("default")} == {"ready"}
    assert workspace.table("default").count() == 1


def tagged_with(workspace: Workspace, tag: str) -> set[str]:
    found = retrieve(
        "leave valve trees pumps",
        table=workspace.table("default"),
        settings=workspace.settings,
        filters=workspace.filters("default", Scope(tags=(tag,))),
    )
    return {hit.chunk.document for hit in found.hits}


def test_tags_are_found_by_and_stay_with_the_name(workspace: Workspace) -> None:
    fill(workspace)
    tag_document(workspace, "default", "boiler.md", ["heat", "it's old"])
    assert tagged_with(workspace, "it's old") == {"boiler.md"}
    assert tagged_with(workspace, "cold") == set()
    changed = [Source("boiler.md", 1, lambda: b"# Boiler\n\nThe new valve.")]
    assert ingest(workspace, changed)["boiler.md"].status == "updated"
    assert tagged_with(workspace, "heat") == {"boiler.md"}
    assert ingest(workspace, changed, force=True)["boiler.md"].status == "updated"
    assert tagged_with(workspace, "heat") == {"boiler.md"}
    # A copy without tags takes none away; with other content they stay with their name.
    copied = ingest(workspace, [Source("copy.md", 1, lambda: b"# Boiler\n\nThe new valve.")])
    assert copied["copy.md"].status == "added"
    assert tagged_with(workspace, "heat") == {"boiler.md"}
    same = TEXTS["staff/leave.txt"].encode()
    ingest(workspace, [Source("boiler.md", 1, lambda: same)])
    assert tagged_with(workspace, "heat") == {"staff/leave.txt"}
    ingest(workspace, [Source("second.txt", 1, lambda: same)])
    tag_document(workspace, "default", "second.txt", ["heat", "second"])
    remove_documents(workspace, "default", ["second.txt", "staff/leave.txt"])
    assert tagged_with(workspace, "second") == set()
    assert tagged_with(workspace, "heat") == {"boiler.md"}
    tag_document(workspace, "default", "boiler.md", [])
    assert tagged_with(workspace, "heat") == set()
    with pytest.raises(DocumentNotFound):
        tag_document(workspace, "default", "nowhere.md", ["x"])


def test_documents_are_read_again_from_what_was_kept(workspace: Workspace) -> None:
    fill(workspace)
    records = workspace.catalog.documents("default")
    before = workspace.table("default").chunk_counts()
    results = ingest(workspace, stored_sources(records, workspace.blobs), force=True)
    assert {result.status for result in results.values()} == {"updated"}
    assert workspace.table("default").chunk_counts() == before


def test_what_was_never_read_cannot_be_read_again_and_says_so(workspace: Workspace) -> None:
    def broken() -> bytes:
        raise DocumentError("away.txt cannot be read. Check it.")

    ingest(workspace, [Source("away.txt", 0, broken)])
    records = workspace.catalog.documents("default")
    [result] = ingest(workspace, stored_sources(records, workspace.blobs), force=True).values()
    assert result.status == "failed"
    assert "away.txt" in (result.error or "")
    assert "again" in (result.error or "")
    assert remove_documents(workspace, "default", ["away.txt"]) == 1


def test_removing_while_searching(workspace: Workspace) -> None:
    """Searches that run meanwhile see a document whole or not at all, and never fail."""
    numbered = {f"{number}.txt": f"Leave number {number} lasts {number} weeks. " * 40 for number in range(12)}
    fill(workspace, numbered)
    table = workspace.table("default")
    whole = table.chunk_counts()
    failures: list[BaseException] = []
    partly: list[dict[str, int]] = []
    ended = threading.Event()

    def search() -> None:
        try:
            while not ended.is_set():
                retrieve("how long is leave", table=table, settings=workspace.settings)
                seen = table.chunk_counts()
                if any(whole[document] != count for document, count in seen.items()):
                    partly.append(seen)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for name in numbered:
        remove_documents(workspace, "default", [name])
    ended.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert not partly
    assert table.count() == 0
    assert found_in(workspace, "leave") == []


def many(workspace: Workspace, number: int) -> list[str]:
    """Documents as the pipeline leaves them, put there directly, since reading so many takes a while."""
    table = workspace.store.open_or_create("default")
    names = [f"{place:05}.txt" for place in range(number)]
    ids = [hashlib.sha256(name.encode()).hexdigest() for name in names]
    chunks = [
        Chunk(f"{own}-0", own, name, name, "", "", "", None, 0, len(name))
        for own, name in zip(ids, names, strict=True)
    ]
    vectors = np.ones((number, table.embedder.dimension), np.float32)
    table.replace_documents(chunks, vectors, [b""] * number)
    workspace.catalog.put_many(
        DocumentRecord("default", name, own, chunks=1) for own, name in zip(ids, names, strict=True)
    )
    return names


def statements(workspace: Workspace, work: Callable[[], object]) -> list[str]:
    """The SQL statements that `work` sends."""
    seen: list[str] = []
    engine = open_database(workspace.settings.data_dir)

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return seen


def test_deleting_thousands_takes_one_commit_and_few_statements(workspace: Workspace) -> None:
    names = many(workspace, 3000)
    before = workspace.table("default").version
    sent = statements(workspace, lambda: remove_documents(workspace, "default", names[:2500]))
    assert workspace.table("default").version == before + 1
    # One for each five hundred names in each of three steps, and a handful around them.
    assert len(sent) < 40
    assert workspace.table("default").count() == 500
    assert [record.name for record in workspace.catalog.documents("default")] == names[2500:]


def test_tagging_thousands_takes_one_commit_and_searches_filter_by_it(workspace: Workspace) -> None:
    names = many(workspace, 1200)
    table = workspace.table("default")
    before = table.version
    tag_documents(workspace, "default", names[:1100], add=["archive"])
    assert table.version == before + 1
    assert len(table.text_search("txt", 2000, Filters(tags=("archive",)))) == 1100
    tag_documents(workspace, "default", names[:50], add=["kept"], remove=["archive"])
    assert len(table.text_search("txt", 2000, Filters(tags=("archive",)))) == 1050
    assert workspace.catalog.resolve("default", names[0]).tags == ("kept",)
