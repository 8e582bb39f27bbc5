"""Intervals and the paired test against cases worked out by hand."""

from __future__ import annotations

import pytest

from rag.certainty import chance_of_difference, interval


def test_an_interval_holds_the_mean_and_narrows_with_more_questions() -> None:
    few, many = [1.0, 0.0, 1.0, 1.0], [1.0, 0.0, 1.0, 1.0] * 25
    low, high = interval(few)
    assert 0.0 <= low < 0.75 < high <= 1.0
    narrow_low, narrow_high = interval(many)
    # The standard error of a share of 0.75 over 100 questions is 0.0433; 1.96 of them on either side.
    assert narrow_low == pytest.approx(0.75 - 0.085, abs=0.02)
    assert narrow_high == pytest.approx(0.75 + 0.085, abs=0.02)
    assert interval(many) == (narrow_low, narrow_high), "the same values give the same figures"


def test_one_question_says_nothing_and_equal_values_little() -> None:
    assert interval([1.0]) == (0.0, 1.0)
    assert interval([]) == (0.0, 1.0)
    # All of n right: the share whose n-th power is .025.
    assert interval([1.0] * 2) == pytest.approx((0.025 ** (1 / 2), 1.0))
    assert interval([1.0] * 40) == pytest.approx((0.025 ** (1 / 40), 1.0))
    assert interval([0.0] * 40) == pytest.approx((0.0, 1 - 0.025 ** (1 / 40)))
    low, high = interval([0.5] * 3)
    assert 0 < low < 0.5 < high < 1


def test_the_chance_of_a_difference_by_hand() -> None:
    # Five questions, all better by the same: 2 of the 2**5 ways of the signs are as extreme.
    assert chance_of_difference([0.0] * 5, [1.0] * 5) == pytest.approx(2 / 32)
    # Questions without a difference change nothing.
    assert chance_of_difference([0.0] * 5 + [1.0] * 9, [1.0] * 14) == pytest.approx(2 / 32)
    # One better, one worse: nothing is known.
    assert chance_of_difference([0.0, 1.0], [1.0, 0.0]) == 1.0
    assert chance_of_difference([1.0, 0.0], [1.0, 0.0]) == 1.0
    assert chance_of_difference([0.0], [1.0]) == 1.0
