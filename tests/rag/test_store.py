"""The table through its public door, on real LanceDB."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rag.embedders import get_embedder
from rag.errors import CollectionNotFound, EmbedderMismatch, ModelNotAvailable, StoreError
from rag.late_interaction import pack_signs
from rag.retrieve import retrieve
from rag.settings import EmbeddingSettings, Settings
from rag.store import CollectionTable, Store
from rag.types import Chunk, Filters

DOCUMENT = {letter: letter * 64 for letter in "abcdef"}


def chunk(document: str, number: int, text: str, tags: tuple[str, ...] = ()) -> Chunk:
    return Chunk(
        id=f"{document}{number}", document_id=DOCUMENT[document], document=f"{document}.txt", text=text,
        header="Head", title="Head", headings="", page=number, start=number * 100,
        end=number * 100 + len(text), mime_type="text/plain", tags=tags,
    )  # fmt: skip


def add(table: CollectionTable, *chunks: Chunk, replaced: tuple[str, ...] = ()) -> None:
    vectors, tokens = table.embedder.embed_with_tokens([own.embedded_text for own in chunks])
    table.replace_documents(chunks, vectors, [pack_signs(own) for own in tokens], replaced=replaced)


@pytest.fixture
def store(settings: Settings) -> Store:
    return Store(settings.data_dir, settings.embedding, get_embedder(settings.embedding))


@pytest.fixture
def table(store: Store) -> CollectionTable:
    made = store.open_or_create("default")
    add(
        made,
        chunk("a", 1, "the relief valve opens", ("boiler",)),
        chunk("a", 2, "pump P-118B draws power"),
        chunk("b", 1, "parental leave lasts 26 weeks", ("it's", "staff")),
    )
    return made


def test_chunks_come_back_as_they_went_in(table: CollectionTable) -> None:
    [first, second] = table.chunks(DOCUMENT["a"])
    assert first == chunk("a", 1, "the relief valve opens", ("boiler",))
    assert second.page == 2
    assert table.chunk_counts() == {DOCUMENT["a"]: 2, DOCUMENT["b"]: 1}


def test_replacing_is_one_commit_and_leaves_nothing_behind(table: CollectionTable) -> None:
    before = table.version
    add(table, chunk("c", 1, "a newer text"), chunk("b", 9, "leave, rewritten"), replaced=(DOCUMENT["a"],))
    assert table.version == before + 1
    assert table.chunk_counts() == {DOCUMENT["b"]: 1, DOCUMENT["c"]: 1}
    assert [own.text for own in table.chunks(DOCUMENT["b"])] == ["leave, rewritten"]


def test_adding_the_same_again_changes_no_count(table: CollectionTable) -> None:
    add(table, chunk("b", 1, "parental leave lasts 26 weeks"))
    assert table.count() == 3


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "the",
        '"parental leave"',
        '"',
        "a AND: the + 'v' \" OR (",
        "🍎",
        "\0",
        "\ud800",
        "x " * 4000,
        "don't -pump",
    ],
)
def test_any_text_is_a_query(table: CollectionTable, query: str) -> None:
    hits = table.text_search(query, 5)
    assert [hit.ranks["text"] for hit in hits] == list(range(1, len(hits) + 1))


def test_codes_and_quoted_words_are_found(table: CollectionTable) -> None:
    assert table.text_search("P-118B", 1)[0].chunk.id == "a2"
    assert table.text_search('"parental leave"', 1)[0].chunk.id == "b1"


def test_vector_search_gives_cosines(table: CollectionTable) -> None:
    [vector] = table.embedder.embed(["Head\nparental leave lasts 26 weeks"])
    [best, *_] = table.vector_search(vector, 3, extra=("vector", "token_bits"))
    assert best.chunk.id == "b1"
    assert best.scores["vector"] == pytest.approx(1, abs=1e-4)
    assert best.vector is not None
    assert best.vector @ vector == pytest.approx(1, abs=1e-4)
    assert best.token_bits


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(documents=(DOCUMENT["b"],)), {"b1"}),
        (Filters(documents=(DOCUMENT["a"], DOCUMENT["b"])), {"a1", "a2", "b1"}),
        (Filters(tags=("it's",)), {"b1"}),
        (Filters(tags=("boiler", "staff")), {"a1", "b1"}),
        (Filters(documents=(DOCUMENT["a"],), tags=("staff",)), set()),
        (Filters(mime_types=("text/x-'sql", "text/plain")), {"a1", "a2", "b1"}),
        (Filters(mime_types=("application/pdf",)), set()),
        (Filters(mime_types=("text/plain",), tags=("staff",)), {"b1"}),
        (Filters(mime_types=("x') OR ('1'='1",)), set()),
        (Filters(documents=("' OR 1=1 --",)), set()),
        (Filters(tags=("') OR array_has(tags, 'boiler",)), set()),
    ],
)
def test_filters_are_values_never_code(table: CollectionTable, filters: Filters, expected: set[str]) -> None:
    vector = np.ones(table.embedder.dimension, np.float32)
    assert {hit.chunk.id for hit in table.vector_search(vector, 10, filters)} == expected
    found = {hit.chunk.id for hit in table.text_search("relief pump leave", 10, filters)}
    assert found == expected
    assert table.count(filters) == len(expected)


def test_deleting_and_renaming(table: CollectionTable) -> None:
    table.rename_document(DOCUMENT["a"], "new 'name'.txt")
    assert {own.document for own in table.chunks(DOCUMENT["a"])} == {"new 'name'.txt"}
    table.delete_documents([DOCUMENT["a"]])
    assert table.chunk_counts() == {DOCUMENT["b"]: 1}
    table.delete_documents([])
    assert table.count() == 1


def test_collections(store: Store, table: CollectionTable) -> None:
    store.open_or_create("other")
    assert store.collections() == ["default", "other"]
    store.drop("other")
    assert store.collections() == ["default"]
    with pytest.raises(CollectionNotFound, match="python -m ingest"):
        store.open("other")


@pytest.mark.parametrize("name", ["", "../up", "a b", "-x", "x" * 101, "ü"])
def test_names_that_cannot_be_folders_are_refused(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="cannot name a collection"):
        store.open_or_create(name)


def test_another_embedder_may_read_and_not_add(
    store: Store, table: CollectionTable, settings: Settings
) -> None:
    minilm = EmbeddingSettings()
    other = Store(settings.data_dir, minilm, get_embedder(minilm))
    with pytest.raises(EmbedderMismatch, match=r"'hash'.*'all-MiniLM-L6-v2'.*library page"):
        other.open_or_create("default")
    # Reading goes on, with the embedder that made it.
    assert other.open("default").embedder.name == "hash"
    assert other.open("default").count() == table.count() > 0


def test_an_embedder_that_is_gone_is_named(store: Store, table: CollectionTable, settings: Settings) -> None:
    minilm = EmbeddingSettings()
    other = Store(settings.data_dir, minilm, get_embedder(minilm))

    def gone(_: object) -> None:
        raise ModelNotAvailable("The folder is not there.")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("rag.recorded_embedder.get_embedder", gone)
        with pytest.raises(EmbedderMismatch, match=r"'hash', which cannot be used here.*not there"):
            other.open("default")


def test_the_table_embeds_by_itself(table: CollectionTable, settings: Settings) -> None:
    """Rows and string searches of a program that knows only LanceDB and the registered function."""
    import lancedb

    foreign = lancedb.connect(str(settings.data_dir / "tables")).open_table("default")
    fields = [
        own
        for own in foreign.schema
        if own.name in ("id", "embedded_text", "text", "document_id", "document", "start", "end")
    ]
    row = {
        "id": "z",
        "embedded_text": "volcano ash",
        "text": "volcano ash",
        "document_id": "z",
        "document": "z",
        "start": 0,
        "end": 11,
    }
    foreign.add(pa.Table.from_pylist([row], schema=pa.schema(fields)))
    assert foreign.search("volcano ash").limit(1).to_list()[0]["id"] == "z"
    # Our handle sees the other's row at once, and makes its token bits when they are first needed.
    vector = table.embedder.embed(["volcano ash"])[0]
    assert table.vector_search(vector, 1, extra=("token_bits",))[0].token_bits is None
    found = retrieve("volcano ash", table=table, settings=settings)
    assert found.hits[0].chunk.id == "z"
    assert table.vector_search(vector, 1, extra=("token_bits",))[0].token_bits == found.hits[0].token_bits


def test_one_table_serves_many_threads(table: CollectionTable) -> None:
    failures: list[BaseException] = []

    def run(work: Any, *arguments: Any) -> None:
        try:
            for _ in range(5):
                work(*arguments)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    vector = np.ones(table.embedder.dimension, np.float32)
    threads = [
        *(threading.Thread(target=run, args=(table.vector_search, vector, 5)) for _ in range(2)),
        *(threading.Thread(target=run, args=(table.text_search, "leave", 5)) for _ in range(2)),
        *(threading.Thread(target=run, args=(add, table, chunk(own, 1, f"text {own}"))) for own in "cde"),
        threading.Thread(target=run, args=(table.optimize,)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert table.chunk_counts() == {DOCUMENT["a"]: 2, **{DOCUMENT[own]: 1 for own in "bcde"}}
