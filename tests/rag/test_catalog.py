"""The ledger of files: replacing keeps what people added, and names resolve only when unambiguous."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from rag.catalog import Catalog, DocumentRecord
from rag.database import close_databases, open_database
from rag.errors import CollectionNotFound, DocumentNotFound, StoreError

DIGEST = "a" * 64


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    yield Catalog(open_database(tmp_path))
    close_databases()


def record(name: str, collection: str = "papers", **values: object) -> DocumentRecord:
    return replace(DocumentRecord(collection=collection, name=name), **values)


def test_every_field_comes_back(catalog: Catalog) -> None:
    added = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    stored = record(
        "reports/2024 – Übersicht.pdf",
        document_id=DIGEST,
        status="failed",
        error="Page 3 is broken.",
        pages=12,
        chunks=34,
        bytes=5_000_000_000,
        title="日本語",
        mime_type="application/pdf",
        language="ja",
        warnings=("One.", "Two."),
        tags=("a", "b"),
        recipe="minilm/256/24/1",
        owner="ada",
        added_at=added,
    )
    before = datetime.now(UTC)
    catalog.put(stored)
    found = catalog.get("papers", stored.name)
    assert found is not None
    assert found == replace(stored, updated_at=found.updated_at)
    assert before <= found.updated_at <= datetime.now(UTC)


def test_absent(catalog: Catalog) -> None:
    assert catalog.get("papers", "a.pdf") is None
    assert catalog.documents("papers") == []
    assert catalog.names("papers") == {}
    assert catalog.collections() == []
    assert not catalog.has_collection("papers")
    assert catalog.remove("papers", ["a.pdf"]) == 0


def test_replacing_keeps_when_it_was_added_and_its_tags(catalog: Catalog) -> None:
    early = datetime(2020, 1, 1, tzinfo=UTC)
    catalog.put(record("a.pdf", added_at=early, tags=("old",), chunks=1))
    catalog.set_tags("papers", "a.pdf", [" kept ", "", "also", "kept"])
    catalog.put(record("a.pdf", tags=("new",), chunks=2, status="empty"))
    found = catalog.resolve("papers", "a.pdf")
    assert (found.added_at, found.tags, found.chunks, found.status) == (early, ("kept", "also"), 2, "empty")


def test_of_two_records_of_one_name_the_later_counts(catalog: Catalog) -> None:
    catalog.put_many([record("a.pdf", chunks=1), record("b.pdf"), record("a.pdf", chunks=2)])
    assert [(each.name, each.chunks) for each in catalog.documents("papers")] == [("a.pdf", 2), ("b.pdf", 0)]


def test_put_many_spans_collections_and_is_all_or_none(catalog: Catalog) -> None:
    catalog.put_many([record("a.pdf"), record("a.pdf", collection="letters")])
    assert [each.name for each in catalog.collections()] == ["letters", "papers"]
    with pytest.raises(StoreError, match="status 'lost' is unknown"):
        catalog.put_many([record("b.pdf"), record("c.pdf", status="lost")])
    assert catalog.get("papers", "b.pdf") is None


@pytest.mark.parametrize("name", ["", "  ", "a\0b", "caf\udce9.pdf"])
def test_names_that_cannot_be_stored_are_refused(catalog: Catalog, name: str) -> None:
    with pytest.raises(StoreError, match="document name"):
        catalog.put(record(name))
    with pytest.raises(StoreError, match="collection name"):
        catalog.create_collection(name)


def test_text_that_no_database_keeps_does_not_lose_the_record(catalog: Catalog) -> None:
    catalog.put(record("a.pdf", title="x\0\ud800y 😀", error="caf\udce9", warnings=("w\udce9",)))
    found = catalog.resolve("papers", "a.pdf")
    assert (found.title, found.error) == ("x\ufffd\ufffdy 😀", "caf\ufffd")


def test_the_same_bytes_under_two_names(catalog: Catalog) -> None:
    catalog.put_many(
        [
            record("b.pdf", document_id=DIGEST),
            record("a.pdf", document_id=DIGEST),
            record("c.pdf", document_id="c" * 64),
            record("unreadable.pdf", status="failed"),
            record("elsewhere.pdf", collection="letters", document_id=DIGEST),
        ]
    )
    assert [each.name for each in catalog.by_document_id("papers", DIGEST)] == ["a.pdf", "b.pdf"]
    assert catalog.names("papers") == {DIGEST: ("a.pdf", "b.pdf"), "c" * 64: ("c.pdf",)}


def test_summaries(catalog: Catalog) -> None:
    catalog.create_collection("empty")
    catalog.put_many(
        [
            record("a", chunks=3),
            record("b", chunks=4),
            record("c", status="failed"),
            record("d", status="empty"),
        ]
    )
    empty, papers = catalog.collections()
    assert (empty.name, empty.documents, empty.chunks, empty.failed) == ("empty", 0, 0, 0)
    assert (papers.name, papers.documents, papers.chunks, papers.failed) == ("papers", 3, 7, 1)
    assert timedelta(0) <= datetime.now(UTC) - papers.updated_at < timedelta(minutes=1)
    assert papers.updated_at.tzinfo is UTC


def test_creating_again_changes_nothing(catalog: Catalog) -> None:
    catalog.create_collection("papers")
    before = catalog.collections()
    catalog.create_collection("papers")
    assert catalog.collections() == before
    assert catalog.has_collection("papers")


def test_removing(catalog: Catalog) -> None:
    catalog.put_many([record("a"), record("b"), record("a", collection="letters")])
    before = catalog.collections()[1].updated_at
    assert catalog.remove("papers", ["a", "a", "missing"]) == 1
    assert catalog.get("papers", "a") is None
    assert catalog.get("letters", "a") is not None
    assert catalog.collections()[1].updated_at > before
    catalog.remove_collection("papers")
    assert catalog.documents("papers") == []
    with pytest.raises(CollectionNotFound, match=r"no collection 'papers'.*'letters'"):
        catalog.remove_collection("papers")


def test_tagging_what_is_not_there(catalog: Catalog) -> None:
    with pytest.raises(DocumentNotFound, match=r"a\.pdf"):
        catalog.set_tags("papers", "a.pdf", ["x"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2023/report.pdf", "2023/report.pdf"),
        ("notes.md", "notes.md"),
        ("plan.txt", "2024/plan.txt"),
        ("PLAN.TXT", "2024/plan.txt"),
        ("letter.docx", "old.zip!post/letter.docx"),
        ("index.html", "site.zip!index.html"),
        ("post/Letter.docx", "old.zip!post/letter.docx"),
        ("Mixed.txt", "a/Mixed.txt"),
        ("résumé.pdf", "jobs/Re\u0301sume\u0301.pdf"),
    ],
)
def test_resolving(catalog: Catalog, given: str, expected: str) -> None:
    names = ["2023/report.pdf", "2024/report.pdf", "notes.md", "old/notes.md", "2024/plan.txt"]
    names += ["old.zip!post/letter.docx", "site.zip!index.html", "a/Mixed.txt", "b/mixed.txt"]
    names += ["jobs/Re\u0301sume\u0301.pdf"]
    catalog.put_many([record(name) for name in names])
    assert catalog.resolve("papers", given).name == expected


def test_resolving_refuses_with_what_to_do(catalog: Catalog) -> None:
    catalog.put_many([record(f"{year}/report.pdf") for year in range(2010, 2020)])
    with pytest.raises(DocumentNotFound, match=r"'2010/report\.pdf'.* and 5 more .*more of the path"):
        catalog.resolve("papers", "report.pdf")
    with pytest.raises(DocumentNotFound, match=r"'2010/report\.pdf'.* and 5 more"):
        catalog.resolve("papers", "REPORT.pdf")
    with pytest.raises(DocumentNotFound, match=r"Did you mean '20../report\.pdf'"):
        catalog.resolve("papers", "reprot.pdf")
    with pytest.raises(DocumentNotFound, match="The library lists"):
        catalog.resolve("papers", "")
    with pytest.raises(CollectionNotFound, match="'papers'"):
        catalog.resolve("paper", "report.pdf")


def test_threads_putting_the_same_key(catalog: Catalog) -> None:
    failures: list[Exception] = []

    def work(chunks: int) -> None:
        try:
            for _ in range(10):
                catalog.put(record("a.pdf", chunks=chunks))
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shows it
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(catalog.documents("papers")) == 1


def test_ten_thousand_documents(catalog: Catalog) -> None:
    many = [record(f"{number:05}.pdf", document_id=f"{number:064x}") for number in range(10_000)]
    catalog.put_many(many)
    catalog.put_many(many[:1200])
    for method in (catalog.names, catalog.documents):
        sent: list[str] = []
        engine = catalog._engine
        note = lambda *given, sent=sent: sent.append(given[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", note)
        assert len(method("papers")) == 10_000
        event.remove(engine, "before_cursor_execute", note)
        # One query, however long the list.
        assert len([statement for statement in sent if statement.startswith("SELECT")]) == 1
    assert catalog.remove("papers", [each.name for each in many]) == 10_000
