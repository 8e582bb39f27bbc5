"""Metrics against cases computed by hand; the arithmetic stands beside each."""

from __future__ import annotations

from math import log2

import pytest
import pytrec_eval
from hypothesis import given, settings, strategies

from rag.metrics import (
    first_right,
    hit_at,
    ndcg_at,
    percentile,
    precision_at,
    rank_biased_overlap,
    recall_at,
    reciprocal_rank,
)


def ranking(*found: set[int]) -> list[frozenset[int]]:
    return [frozenset(own) for own in found]


def test_hits_and_reciprocal_rank() -> None:
    found = ranking(set(), {0}, {0, 1})
    assert [hit_at(found, k) for k in (1, 2, 3)] == [0.0, 1.0, 1.0]
    assert reciprocal_rank(found, 10) == 1 / 2
    assert reciprocal_rank(found, 1) == 0.0


def test_recall_counts_each_unit_once() -> None:
    found = ranking({0}, {0}, {2})
    assert recall_at(found, 4, 10) == 2 / 4
    assert recall_at(found, 4, 2) == 1 / 4
    assert recall_at([], 0, 10) == 0.0


def test_ndcg_by_hand() -> None:
    # Units 0 and 1 found at ranks 2 and 3; the repeat at rank 4 counts nothing.
    found = ranking(set(), {0}, {1}, {0})
    gained = 1 / log2(3) + 1 / log2(4)
    ideal = 1 / log2(2) + 1 / log2(3)
    assert ndcg_at(found, [1, 1], 10) == pytest.approx(gained / ideal)


def test_ndcg_uses_linear_gain() -> None:
    # Gains 3 and 1: the better one second. (1 + 3 / log2(3)) / (3 + 1 / log2(3))
    assert ndcg_at(ranking({1}, {0}), [3, 1], 10) == pytest.approx((1 + 3 / log2(3)) / (3 + 1 / log2(3)))


def test_ndcg_of_what_answers_in_part_by_hand() -> None:
    # The place that answers in part comes first: (0.5 + 1 / log2(3)) / (1 + 0.5 / log2(3))
    assert ndcg_at(ranking({1}, {0}), [1.0, 0.5], 10) == pytest.approx(
        (0.5 + 1 / log2(3)) / (1 + 0.5 / log2(3))
    )


def test_ndcg_of_a_hit_that_finds_several_by_hand() -> None:
    # Both at rank 2, where the ideal has them at 1 and 2: (2 / log2(3)) / (1 + 1 / log2(3))
    together = ndcg_at(ranking(set(), {0, 1}), [1, 1], 10)
    assert together == pytest.approx((2 / log2(3)) / (1 + 1 / log2(3)))
    assert together > ndcg_at(ranking(set(), {0}, {1}), [1, 1], 10), "sooner is better"


def test_ndcg_cuts_at_k_and_never_exceeds_one() -> None:
    assert ndcg_at(ranking(set(), {0}), [1], 1) == 0.0
    assert ndcg_at(ranking({0, 1, 2}), [1, 1, 1], 10) == 1.0
    assert ndcg_at([], [], 10) == 0.0
    assert ndcg_at([], [1], 10) == ndcg_at(ranking({0}), [0.0], 10) == 0.0
    # Eleven units, ten ranks: the ideal is cut at ten.
    assert ndcg_at(ranking(*({unit} for unit in range(10))), [1] * 11, 10) == pytest.approx(1.0)


def test_percentiles_interpolate() -> None:
    assert percentile([4, 1, 3, 2], 0.5) == 2.5
    assert percentile([5], 0.95) == 5
    assert percentile([], 0.5) == 0.0


def test_precision_and_first_right_by_hand() -> None:
    found = ranking(set(), {0}, {0, 1})
    assert precision_at(found, 2) == 1 / 2
    assert precision_at(found, 5) == 2 / 5, "places left empty count as wrong"
    assert first_right(found) == 2
    assert first_right(ranking(set(), set())) is None


@settings(max_examples=60, deadline=None)
@given(
    grades=strategies.lists(strategies.integers(1, 3), min_size=1, max_size=6),
    places=strategies.permutations(range(12)),
)
def test_figures_agree_with_trec_eval(grades: list[int], places: list[int]) -> None:
    """Where each passage finds one thing at most, which is all that trec_eval knows."""
    gold = {f"d{unit}": grade for unit, grade in enumerate(grades)}
    order = places[:10]
    run = {f"d{place}": float(-rank) for rank, place in enumerate(order)}
    evaluator = pytrec_eval.RelevanceEvaluator(
        {"q": gold}, {"ndcg_cut.10", "recip_rank", "recall.10", "P.5", "success.1,5"}
    )
    theirs = evaluator.evaluate({"q": run})["q"]
    own = ranking(*({place} if place < len(grades) else set() for place in order))
    assert ndcg_at(own, grades, 10) == pytest.approx(theirs["ndcg_cut_10"])
    assert reciprocal_rank(own, 10) == pytest.approx(theirs["recip_rank"])
    assert recall_at(own, len(grades), 10) == pytest.approx(theirs["recall_10"])
    assert precision_at(own, 5) == pytest.approx(theirs["P_5"])
    assert hit_at(own, 1) == theirs["success_1"]
    assert hit_at(own, 5) == theirs["success_5"]


def test_how_alike_two_orders_are_by_hand() -> None:
    # Agreement at depth 1 is 0, at depth 2 it is 1: (0.1 / 0.9) (0 + 1 x 0.81) + 1 x 0.81.
    assert rank_biased_overlap("ab", "ba") == pytest.approx(0.9)
    assert rank_biased_overlap("abc", "abc") == pytest.approx(1.0)
    assert rank_biased_overlap("abc", "xyz") == 0.0
    # The beginning of a longer list agrees with it as far as it goes.
    assert rank_biased_overlap("a", "ab") == rank_biased_overlap("ab", "a") == pytest.approx(1.0)
    # Of a, b and a, c half is common at depth 2: (0.1 / 0.9) (0.9 + 0.5 x 0.81) + 0.5 x 0.81.
    assert rank_biased_overlap("ab", "ac") == pytest.approx(0.55)
    assert rank_biased_overlap("abc", "abd") > rank_biased_overlap("abc", "dbc"), "first places count most"
    assert (rank_biased_overlap("", ""), rank_biased_overlap("", "a")) == (1.0, 0.0)
