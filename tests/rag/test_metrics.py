"""Metrics against cases computed by hand; the arithmetic stands beside each."""

from __future__ import annotations

from math import log2

import pytest

from rag.metrics import hit_at, ndcg_at, percentile, recall_at, reciprocal_rank


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


def test_ndcg_cuts_at_k_and_never_exceeds_one() -> None:
    assert ndcg_at(ranking(set(), {0}), [1], 1) == 0.0
    assert ndcg_at(ranking({0, 1, 2}), [1, 1, 1], 10) == 1.0
    assert ndcg_at([], [], 10) == 0.0
    # Eleven units, ten ranks: the ideal is cut at ten.
    assert ndcg_at(ranking(*({unit} for unit in range(10))), [1] * 11, 10) == pytest.approx(1.0)


def test_percentiles_interpolate() -> None:
    assert percentile([4, 1, 3, 2], 0.5) == 2.5
    assert percentile([5], 0.95) == 5
    assert percentile([], 0.5) == 0.0
