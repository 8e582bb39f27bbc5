"""Found small, read large: what is joined is the document's own text, and every token keeps its place."""

from __future__ import annotations

import pytest
from corpus import fill
from word_counter import WordCounter

from rag.context import fit
from rag.evidence import sentence_evidence
from rag.retrieve import retrieve
from rag.settings import Settings, with_overrides
from rag.several_tables import SeveralTables
from rag.types import Hit, Query
from rag.wider_passages import MOST_PIECES, as_read
from rag.workspace import Workspace, open_workspace

COUNTER = WordCounter()
TOPICS = (
    "pump valve gauge filter bracket hose clamp boiler ladder window meadow orchard harbour engine".split()
)
LONG = " ".join(
    f"The {topic} number {place} stands in hall {place + 3} and is looked at by Ines on day {place * 2}."
    for place, topic in enumerate(TOPICS)
)
QUESTION = "the ladder and the meadow"


@pytest.fixture
def filled(settings: Settings) -> Workspace:
    own = with_overrides(settings, {"chunking.max_tokens": 48, "chunking.overlap_tokens": 12})
    workspace = open_workspace(own)
    fill(workspace, {"halls.md": f"# Halls\n\n{LONG}\n\n## Yard\n\nThe meadow is mown.\n", "other.txt": LONG})
    return workspace


def read(workspace: Workspace, k: int = 2, **changes: object) -> tuple[list[Hit], list[Hit]]:
    overrides = {f"retrieval.{name}": value for name, value in changes.items()} | {"k": k}
    settings = with_overrides(workspace.settings, overrides)
    table = workspace.table("default")
    found = retrieve(QUESTION, table=table, settings=settings).hits
    return found, as_read(found, table, settings, COUNTER)


@pytest.mark.parametrize("changes", [{"neighbours": 0}, {"neighbours": 1}, {"neighbours": 3}])
def test_a_joined_passage_is_the_documents_text_and_its_words_are_where_they_are_said_to_be(
    filled: Workspace, changes: dict[str, object]
) -> None:
    found, wide = read(filled, k=20, **changes)
    assert any(hit.parts for hit in wide)
    embedder = filled.table("default").embedder
    for hit in wide:
        parsed = filled.blobs.get_parsed(hit.chunk.document_id)
        assert parsed is not None
        assert hit.chunk.text == parsed.text[hit.chunk.start : hit.chunk.end]
        assert len(hit.parts) <= MOST_PIECES
        spans = embedder.token_spans(hit.chunk.embedded_text)
        assert len(spans) * embedder.dimension // 8 == len(hit.token_bits or b"")
        vectors, tokens = embedder.embed_with_tokens([QUESTION], query=True)
        query = Query(QUESTION, vectors[0], tokens[0])
        for sentence in sentence_evidence(query, [hit], embedder):
            assert sentence.text == parsed.text[sentence.start : sentence.end]
            for start, end in sentence.words:
                assert parsed.text[start:end].casefold() in QUESTION
    assert {hit.chunk.id for hit in found} <= {own.id for hit in wide for own in (hit.chunk, *hit.parts)}


def test_the_order_is_that_of_the_best_of_each(filled: Workspace) -> None:
    found, wide = read(filled, k=6, neighbours=1)
    places = {hit.chunk.id: rank for rank, hit in enumerate(found)}
    assert [places[hit.chunk.id] for hit in wide] == sorted(places[hit.chunk.id] for hit in wide)
    assert wide[0].chunk.id == found[0].chunk.id


def test_no_passage_runs_into_another_section_or_document(filled: Workspace) -> None:
    _, wide = read(filled, k=8, neighbours=3)
    for hit in wide:
        assert len({(own.document_id, own.headings) for own in hit.parts}) <= 1


def test_it_can_be_turned_off(filled: Workspace) -> None:
    found, wide = read(filled, k=6, neighbours=0, join_neighbours=False)
    assert wide == found
    assert not any(hit.parts for hit in wide)


def test_neighbours_are_read_only_where_there_is_room(filled: Workspace) -> None:
    found, _ = read(filled, k=1)
    table = filled.table("default")
    narrow = with_overrides(filled.settings, {"answer.context_tokens": 100})
    assert as_read(found, table, narrow, COUNTER) == found
    wide = as_read(found, table, filled.settings, COUNTER)
    assert wide[0].parts
    context = fit("q", wide, (), settings=filled.settings.answer, counter=COUNTER)
    assert context.ledger.dropped == ()
    assert wide[0].chunk.text in context.messages[0].content


def test_of_several_collections_each_passage_has_its_own_neighbours(filled: Workspace) -> None:
    fill(filled, {"again.md": f"# Halls again\n\n{LONG.replace('Ines', 'Tomas')}\n"}, "second")
    tables = {name: filled.table(name) for name in ("default", "second")}
    several = SeveralTables(tables)
    found = retrieve(QUESTION, table=several, settings=with_overrides(filled.settings, {"k": 4})).hits
    wide = as_read(found, several, filled.settings, COUNTER)
    assert {hit.collection for hit in wide} == {"default", "second"}
    for hit in wide:
        parsed = filled.blobs.get_parsed(hit.chunk.document_id)
        assert parsed is not None
        assert hit.chunk.text == parsed.text[hit.chunk.start : hit.chunk.end]
    assert any(hit.parts for hit in wide)
