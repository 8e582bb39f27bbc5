"""Several collections searched as one, with one embedder and with different ones."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from corpus import TEXTS, fill

import rag.embedders as embedders
from rag.__main__ import main
from rag.answer import ask
from rag.chat import Chats
from rag.compare import Variant, compare
from rag.errors import CollectionNotFound, DocumentNotFound
from rag.hash_embedder import HashEmbedder
from rag.near_copies import place_of
from rag.retrieve import retrieve
from rag.settings import Settings, with_overrides
from rag.store import Store
from rag.turns import scope_of
from rag.types import Copy, Scope, SearchResult
from rag.workspace import Workspace, open_workspace

MEMOS = {
    "winch.md": "# Winch\n\nThe relief valve of the winch opens at 40 bar.\n",
    "staff/leave.txt": TEXTS["staff/leave.txt"],
}


@pytest.fixture
def workspace(settings: Settings) -> Workspace:
    own = open_workspace(with_overrides(settings, {"answer.decline_below": 0.0}))
    fill(own, TEXTS, "reports")
    fill(own, MEMOS, "memos")
    own.catalog.create_collection("empty")
    return own


def search(workspace: Workspace, question: str, *collections: str, **changes: object) -> SearchResult:
    settings = with_overrides(workspace.settings, changes)
    return retrieve(question, table=workspace.searched(collections), settings=settings)


@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
def test_passages_of_all_collections_stand_in_one_order_and_say_where_they_are_from(
    workspace: Workspace, mode: str
) -> None:
    found = search(workspace, "relief valve opens at bar", "reports", "memos", "empty", mode=mode)
    places = [(hit.collection, hit.chunk.document) for hit in found.hits]
    assert {("reports", "boiler.md"), ("memos", "winch.md")} <= set(places[:3])
    assert [hit.rank for hit in found.hits] == list(range(1, len(found.hits) + 1))
    for stage in {"hybrid": ("vector", "text"), "vector": ("vector",), "text": ("text",)}[mode]:
        ranks = sorted(rank for hit in found.candidates if (rank := hit.ranks[stage]))
        assert ranks == list(range(1, len(ranks) + 1))


def test_the_same_bytes_in_two_collections_are_found_once(workspace: Workspace) -> None:
    found = search(workspace, "How long does parental leave last?", "memos", "reports")
    leave = [hit for hit in found.candidates if hit.chunk.document == "staff/leave.txt"]
    assert [hit.collection for hit in leave] == ["memos"]
    assert [place_of(copy) for copy in leave[0].also_in] == ["staff/leave.txt, in reports"]


def test_copies_are_named_with_their_collections(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = "The yearly fee of the reading room is 40 euros, and members pay it at the desk in the hall."
    fill(workspace, {"fees.md": f"# Fees\n\n{copied}\n", "again.md": f"# Once more\n\n{copied}\n"}, "reports")
    fill(workspace, {"memo.md": f"# Memo\n\n{copied}\n"}, "memos")
    question = "What is the yearly fee of the reading room?"
    found = search(workspace, question, "reports", "memos")
    [fee] = [hit for hit in found.hits if copied in hit.chunk.text]
    places = [place_of(copy) for copy in (Copy(fee.chunk, fee.collection), *fee.also_in)]
    assert sorted(places) == ["again.md, in reports", "fees.md, in reports", "memo.md, in memos"]
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "0")
    for command in ("search", "ask", "compare"):
        for order in (["reports", "memos"], ["memos", "reports"]):
            several = [part for name in order for part in ("--collection", name)]
            assert main([command, question, *several]) == 0
            said = capsys.readouterr().out
            assert "Also in " in said
            assert all(place in said for place in places)


def test_the_same_bytes_under_different_embedders_are_named_once(wider: Workspace) -> None:
    fill(wider, {"crane.md": "The relief valve of the crane opens at 12 bar."}, "reports")
    found = search(wider, "relief valve of the crane", "reports", "wide")
    [crane] = [hit for hit in found.hits if hit.chunk.document == "crane.md"]
    assert (crane.collection, [copy.collection for copy in crane.also_in]) == ("reports", ["wide"])


def test_one_query_is_embedded_for_all(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    embed = HashEmbedder.embed_with_tokens

    def counting(self: HashEmbedder, texts: list[str], *, query: bool = False) -> object:
        asked.append(list(texts))
        return embed(self, texts, query=query)

    monkeypatch.setattr(HashEmbedder, "embed_with_tokens", counting)
    search(workspace, "relief valve", "reports", "memos")
    assert asked == [["relief valve"]]


def test_a_small_collection_is_not_drowned_by_a_large_one(workspace: Workspace) -> None:
    """BM25 weighs a word by how rare it is, so in a collection of two passages nothing weighs much."""
    fill(workspace, {f"pump{number}.txt": f"Pump {number} hums along." for number in range(60)}, "large")
    fill(workspace, {"one.txt": "Sprocket Q is brass."}, "small")
    fill(
        workspace,
        {"many.txt": "The sprocket is mentioned among very many other words of no weight."},
        "large",
    )
    found = search(workspace, "brass sprocket Q", "large", "small", mode="text", reranker="none")
    assert found.hits[0].chunk.document == "one.txt"


def test_restrictions_hold_in_every_collection(workspace: Workspace) -> None:
    collections = ("reports", "memos")
    table = workspace.searched(collections)

    def documents(scope: Scope) -> set[str]:
        filters = workspace.filters("reports", replace(scope, collections=("memos",)))
        found = retrieve("relief valve leave", table=table, settings=workspace.settings, filters=filters)
        return {f"{hit.collection}/{hit.chunk.document}" for hit in found.hits}

    assert documents(Scope(documents=("winch.md",))) == {"memos/winch.md"}
    assert documents(Scope(documents=("winch.md", "boiler.md"))) == {"memos/winch.md", "reports/boiler.md"}
    assert documents(Scope(kinds=("Text",))) == {"reports/staff/leave.txt"}
    with pytest.raises(DocumentNotFound):
        documents(Scope(documents=("nowhere.md",)))


def test_unknown_and_empty_collections(workspace: Workspace) -> None:
    with pytest.raises(CollectionNotFound, match="nowhere"):
        workspace.searched(["reports", "nowhere"])
    with pytest.raises(CollectionNotFound):
        workspace.searched(["empty"])
    assert workspace.searched(["empty", "memos"]).name == "memos"


@pytest.fixture
def wider(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A folder in which the collection `wide` was made by an embedder of another dimension."""

    class Wide(HashEmbedder):
        def __init__(self) -> None:
            super().__init__(128)
            self.name = "wide"

    other = Wide()
    monkeypatch.setattr(embedders, "HashEmbedder", HashEmbedder)
    store = Store(workspace.settings.data_dir, workspace.settings.embedding, other, workspace.tables)
    fill(
        replace(workspace, store=store),
        {"crane.md": "The relief valve of the crane opens at 12 bar."},
        "wide",
    )
    made = store.open("wide")
    monkeypatch.setitem(workspace.store._tables, workspace.tables.table_of("wide"), made)
    return workspace


def test_collections_of_different_embedders_are_fused_by_rank(wider: Workspace) -> None:
    found = search(wider, "relief valve opens at bar", "reports", "wide", k=4)
    assert {hit.collection for hit in found.hits[:2]} == {"reports", "wide"}
    dimension = wider.table("reports").embedder.dimension
    assert found.query.vector.shape == (dimension,)
    for hit in found.hits:
        assert len(hit.token_bits or b"") % (dimension // 8) == 0
        assert hit.vector is None or np.shape(hit.vector) == (dimension,)
    # All that follows works on the hits of both.
    reply = ask(
        "At what pressure does the relief valve of the crane open?",
        table=wider.searched(["reports", "wide"]),
        settings=wider.settings,
    )
    assert "".join(reply)
    assert "wide" in {citation.collection for citation in reply.citations}


def test_settings_are_compared_over_several_collections(workspace: Workspace) -> None:
    variants = [
        Variant(mode, with_overrides(workspace.settings, {"mode": mode})) for mode in ("text", "hybrid")
    ]
    made = compare("relief valve opens", variants, workspace.searched(["reports", "memos"]))
    assert {passage.citation.collection for passage in made.passages} == {"reports", "memos"}


def test_a_conversation_remembers_its_collections_and_outlives_one(workspace: Workspace) -> None:
    chats = Chats()
    conversation = workspace.history.start("reports")
    scope = Scope(collections=("memos",))

    def answered() -> object:
        live = chats.live(conversation.id)
        if live:
            list(live.reply.follow())
        return workspace.history.turns(conversation.id)[-1]

    chats.ask(workspace, conversation.id, "What opens at 40 bar on the winch?", scope=scope)
    answered()
    [turn] = workspace.history.turns(conversation.id)
    assert scope_of(turn) == scope
    assert ("memos", "winch.md") in {(own.collection, own.document) for own in turn.citations}
    workspace.catalog.remove_collection("memos")
    chats.ask(workspace, conversation.id, "What opens at 8.8 bar?", scope=scope)
    answered()
    last = workspace.history.turns(conversation.id)[-1]
    assert (last.status, {own.document for own in last.citations}) == ("done", {"boiler.md"})


def test_the_command_line_takes_several(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "0")
    several = ["--collection", "reports", "--collection", "memos"]
    assert main(["search", "relief valve", *several, "--json"]) == 0
    hits = json.loads(capsys.readouterr().out)["hits"]
    assert {hit["collection"] for hit in hits} == {"reports", "memos"}
    assert main(["ask", "What opens at 40 bar on the winch?", *several]) == 0
    assert "winch.md, in memos" in capsys.readouterr().out
    assert main(["compare", "relief valve", *several, "--json"]) == 0
    assert "winch.md" in capsys.readouterr().out
    assert main(["search", "valve", "--collection", "memos", "--collection", "nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err
