"""The one retrieval path: modes, stages, filters, odd queries, fallbacks."""

from __future__ import annotations

import math

import pytest
from corpus import fill

from rag.errors import DocumentNotFound, SettingsError
from rag.rerankers import RERANKERS
from rag.retrieve import fuse, retrieve
from rag.settings import Settings, with_overrides
from rag.types import Chunk, Hit, Scope
from rag.workspace import Workspace


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace)
    return workspace


def hit(identifier: str, **ranks: int) -> Hit:
    chunk = Chunk(identifier, "d", "d", "text", "", "", "", None, 0, 4)
    return Hit(chunk, scores=dict.fromkeys(ranks, 1.0), ranks=dict(ranks))


def test_fusion_by_hand() -> None:
    # b: 1/61 + 1/62; a: 1/61; c: 1/62.
    fused = fuse(
        {"vector": [hit("b", vector=1), hit("c", vector=2)], "text": [hit("a", text=1), hit("b", text=2)]}, 60
    )
    assert [own.chunk.id for own in fused] == ["b", "a", "c"]
    assert fused[0].scores["fused"] == pytest.approx(1 / 61 + 1 / 62)
    assert fused[0].ranks == {"vector": 1, "text": 2, "fused": 1, "rerank": None}
    assert fused[1].scores["vector"] is None


@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
@pytest.mark.parametrize("reranker", ["none", "late-interaction", "late-interaction-exact"])
def test_each_mode_and_reranker_finds_the_words(filled: Workspace, mode: str, reranker: str) -> None:
    settings = with_overrides(filled.settings, {"mode": mode, "reranker": reranker, "k": 2})
    found = retrieve("relief valve boiler 7", table=filled.table("default"), settings=settings)
    assert found.hits[0].chunk.document == "boiler.md"
    assert len(found.hits) <= 2
    assert [own.rank for own in found.hits] == list(range(1, len(found.hits) + 1))
    best = found.hits[0]
    assert set(best.scores) == {"vector", "text", "fused", "rerank"} == set(best.ranks)
    assert (best.scores["vector"] is None) == (mode == "text")
    assert (best.scores["text"] is None) == (mode == "vector")
    assert best.ranks["rerank"] == 1
    scores = [own.scores["rerank"] or 0.0 for own in found.hits]
    assert scores == sorted(scores, reverse=True)
    assert all(math.isfinite(score) for score in scores)


def test_milliseconds_of_each_stage(filled: Workspace) -> None:
    found = retrieve("pump", table=filled.table("default"), settings=filled.settings)
    assert set(found.milliseconds) == {"embed", "vector", "text", "fuse", "rerank", "total"}
    assert (
        found.milliseconds["total"]
        >= sum(value for name, value in found.milliseconds.items() if name != "total") - 0.01
    )


@pytest.mark.parametrize(
    "query", ["🍎", "what (is) AND: the + 'valve' \"", "x " * 4000, "the", "\ud800", "\0"]
)
def test_no_query_is_an_error(filled: Workspace, query: str) -> None:
    retrieve(query, table=filled.table("default"), settings=filled.settings)


def test_blank_queries_find_nothing(filled: Workspace) -> None:
    found = retrieve(" \n", table=filled.table("default"), settings=filled.settings)
    assert found.hits == found.candidates == []


def test_filters_by_document_and_tag(filled: Workspace) -> None:
    filters = filled.filters("default", Scope(documents=("leave.txt",)))
    found = retrieve(
        "valve trees leave", table=filled.table("default"), settings=filled.settings, filters=filters
    )
    assert {own.chunk.document for own in found.hits} == {"staff/leave.txt"}
    with pytest.raises(DocumentNotFound):
        filled.filters("default", Scope(documents=("nowhere.txt",)))


def test_a_reranker_without_its_model_gives_way_and_says_so(filled: Workspace) -> None:
    settings = with_overrides(
        filled.settings, {"reranker": "cross-encoder", "reranking.cross_encoder": "nobody/no-such-model"}
    )
    found = retrieve("parental leave", table=filled.table("default"), settings=settings)
    assert found.reranker == "late-interaction"
    assert "nobody/no-such-model is not on this machine" in found.notes[0]
    assert found.hits[0].chunk.document == "staff/leave.txt"


def test_an_unknown_reranker_is_refused(filled: Workspace) -> None:
    with pytest.raises(SettingsError, match=RERANKERS[0]):
        retrieve(
            "x",
            table=filled.table("default"),
            settings=with_overrides(filled.settings, {"reranker": "magic"}),
        )


def test_candidates_bound_what_each_search_fetches(filled: Workspace) -> None:
    settings = with_overrides(filled.settings, {"candidates": 1})
    found = retrieve("leave", table=filled.table("default"), settings=settings)
    assert len(found.candidates) <= 2


def test_meaning_finds_what_words_do_not(real_workspace: Workspace, real_settings: Settings) -> None:
    fill(real_workspace)
    found = retrieve(
        "At what pressure does the safety device release?",
        table=real_workspace.table("default"),
        settings=real_settings,
    )
    assert "8.8 bar" in found.hits[0].chunk.text
