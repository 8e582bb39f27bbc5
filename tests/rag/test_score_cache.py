"""Scores remembered: bounded, counted, and never another result than without."""

from __future__ import annotations

from pathlib import Path

import pytest
from corpus import fill

from rag.rerankers import score_cache
from rag.rerankers.score_cache import ScoreCache
from rag.retrieve import retrieve
from rag.settings import with_overrides
from rag.workspace import Workspace


def lengths(texts: list[str]) -> list[float]:
    return [float(len(text)) for text in texts]


def test_only_what_is_new_is_read() -> None:
    cache = ScoreCache(10)
    read: list[str] = []

    def reading(texts: list[str]) -> list[float]:
        read.extend(texts)
        return lengths(texts)

    assert cache.scores("r", "q", ["a", "bb", "a"], reading) == [1.0, 2.0, 1.0]
    assert cache.scores("r", "q", ["bb", "ccc"], reading) == [2.0, 3.0]
    assert read == ["a", "bb", "ccc"]
    figures = cache.figures()
    assert (figures.wanted, figures.found, figures.kept) == (5, 1, 3)
    assert figures.hit_rate == pytest.approx(0.2)


@pytest.mark.parametrize("other", [("s", "q"), ("r", "p")])
def test_another_reranker_or_question_is_another_score(other: tuple[str, str]) -> None:
    cache = ScoreCache(10)
    cache.scores("r", "q", ["a"], lambda texts: [1.0])
    assert cache.scores(*other, ["a"], lambda texts: [2.0]) == [2.0]


def test_what_was_used_longest_ago_is_forgotten() -> None:
    cache = ScoreCache(2)
    cache.scores("r", "q", ["a", "b"], lengths)
    cache.scores("r", "q", ["a"], lengths)
    cache.scores("r", "q", ["c"], lengths)
    assert cache.figures().kept == 2
    assert cache.scores("r", "q", ["a", "c"], lambda texts: pytest.fail(f"read {texts}")) == [1.0, 1.0]
    assert cache.scores("r", "q", ["b"], lambda texts: [9.0]) == [9.0]


@pytest.mark.parametrize("reranker", ["cross-encoder", "late-interaction-exact"])
def test_results_are_the_same_with_and_without(
    workspace: Workspace, tiny_cross_encoder: Path, reranker: str
) -> None:
    fill(workspace)
    changes = {"reranker": reranker, "reranking.cross_encoder": str(tiny_cross_encoder)}
    settings = with_overrides(workspace.settings, changes | {"reranking.cached_scores": 777})
    without = with_overrides(settings, {"reranking.cached_scores": 0})
    cache = score_cache(777)
    cache.clear()

    def ask(chosen: object) -> list[tuple[str, float]]:
        found = retrieve("relief valve", table=workspace.table("default"), settings=chosen)  # type: ignore[arg-type]
        return [(hit.chunk.id, hit.scores["rerank"] or 0.0) for hit in found.candidates]

    plain = ask(without)
    assert cache.figures().wanted == 0
    assert ask(settings) == plain
    assert ask(settings) == plain, "and from memory"
    assert cache.figures().found == len(plain)
