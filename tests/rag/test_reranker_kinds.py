"""What each kind of reranker does, by hand-made cases: weights, variety, members, rules."""

from __future__ import annotations

import numpy as np
import pytest

from rag.errors import SettingsError
from rag.hash_embedder import HashEmbedder
from rag.rerankers import destinations, get_reranker, problem_with
from rag.rerankers.ensemble import EnsembleReranker, member_names
from rag.rerankers.first_stage import LinearReranker, WeightedRankFusion
from rag.rerankers.query_aware import QueryAwareReranker
from rag.settings import Settings, with_overrides
from rag.types import Chunk, Hit, Query


def hit(name: str, *, vector: float | None = None, text: float | None = None, **ranks: int) -> Hit:
    chunk = Chunk(name, "d", "d", name, "", "", "", None, 0, len(name))
    return Hit(chunk, scores={"vector": vector, "text": text, "fused": 0.0}, ranks=dict(ranks))


def query(text: str = "valve", vector: tuple[float, ...] = (1.0, 0.0)) -> Query:
    return Query(text, np.array(vector, np.float32), np.array([vector], np.float32))


def test_weighted_scores_by_hand() -> None:
    hits = [hit("a", vector=0.9, text=2.0), hit("b", vector=0.5, text=6.0), hit("c", text=4.0)]
    # Meaning: 1, 0, not found; words: 0, 1, 0.5.
    assert LinearReranker(0.25).score(query(), hits) == pytest.approx([0.25, 0.75, 0.375])


def test_weighted_ranks_by_hand() -> None:
    hits = [hit("a", vector=1, text=3), hit("b", text=1)]
    hits[0].ranks.update(vector=1, text=3)
    hits[1].ranks.update(vector=None, text=1)
    expected = [0.25 / 61 + 0.75 / 63, 0.75 / 61]
    assert WeightedRankFusion(0.25, 60).score(query(), hits) == pytest.approx(expected)


def test_varied_passes_over_what_repeats(settings: Settings) -> None:
    near, same, other = (1.0, 0.05), (1.0, 0.06), (0.3, 1.0)
    hits = [hit("near", vector=0.9), hit("same", vector=0.89), hit("other", vector=0.3)]
    for own, direction in zip(hits, (near, same, other), strict=True):
        unit = np.array(direction, np.float32)
        own.vector = unit / np.linalg.norm(unit)

    def order(balance: float) -> list[str]:
        chosen = with_overrides(settings, {"reranker": "mmr", "reranking.mmr_balance": balance})
        scores = get_reranker(chosen, HashEmbedder(dimension=8)).score(query(), hits)
        return [hits[place].chunk.id for place in np.argsort(scores)[::-1]]

    assert order(1.0) == ["near", "same", "other"]
    assert order(0.3) == ["near", "other", "same"]


class Fixed:
    needs: tuple[str, ...] = ("vector",)
    effort = "quick"

    def __init__(self, name: str, scores: list[float]) -> None:
        self.name, self._scores = name, scores

    def score(self, query: Query, hits: list[Hit]) -> list[float]:
        return self._scores


def test_several_together_count_alike_whatever_their_scale() -> None:
    hits = [hit("a"), hit("b"), hit("c")]
    large, small = Fixed("large", [1000.0, 0.0, 2000.0]), Fixed("small", [0.3, 0.2, 0.1])
    together = EnsembleReranker([large, small])  # type: ignore[list-item]
    u = 1.5**0.5
    assert together.score(query(), hits) == pytest.approx([u / 2, -u / 2, 0.0], abs=1e-6)
    assert together.needs == ("vector",)


@pytest.mark.parametrize("text", ["", "linear", "linear+linear", "linear+ensemble", "linear+nobody"])
def test_what_is_no_ensemble_is_refused_in_words(settings: Settings, text: str) -> None:
    with pytest.raises(SettingsError, match=r"reranking\.ensemble"):
        member_names(text, ("linear", "mmr", "ensemble"))
    chosen = with_overrides(settings, {"reranker": "ensemble", "reranking.ensemble": text})
    assert "Join with +" in problem_with("ensemble", chosen)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What does error E0423 mean?", "linear"),
        ('who said "to be or not to be"', "linear"),
        ("relief valve", "linear"),
        ("When does the relief valve of the boiler open?", "late-interaction"),
        ("How many people lived there in the 1990s?", "late-interaction"),
    ],
)
def test_the_kind_of_question_chooses(settings: Settings, question: str, expected: str) -> None:
    chosen = get_reranker(with_overrides(settings, {"reranker": "query-aware"}), HashEmbedder())
    assert isinstance(chosen, QueryAwareReranker)
    assert chosen.chosen(question).name == expected


def test_who_else_sees_the_question_is_told(settings: Settings) -> None:
    def told(**changes: str) -> tuple[str, ...]:
        named = {
            f"reranking.{name}" if name == "ensemble" else name: value for name, value in changes.items()
        }
        return destinations(with_overrides(settings, named))

    assert told(reranker="late-interaction") == ()
    assert told(reranker="cohere") == ("Cohere",)
    assert told(reranker="ensemble", ensemble="linear+voyage") == ("Voyage",)
    assert told(reranker="llm") == (), "there is no chat model to send to"
    assert told(reranker="llm", model="openai") == ("https://api.openai.com/v1",)
    assert told(reranker="llm", model="ollama") == (), "it runs on this machine"
