"""The sentence above the figures: who wins, by how much, and whether that may be chance."""

from __future__ import annotations

import csv
from typing import Any

from measured_rows import row

from rag.verdict import as_csv, best_of, differences_first, figures_of, verdict


def said(*rows: list[dict[str, Any]]) -> str:
    names = ["A", "B", "C", "D"][: len(rows)]
    return verdict(figures_of(names, rows), rows)


def test_a_small_difference_may_be_chance() -> None:
    first = [row(1)] * 6 + [row(2)] * 6
    other = [row(1)] * 9 + [row(2)] * 3
    assert said(first, other) == (
        "B finds the right passage first in 9 of 12 questions, A in 6. With 12 questions this may be chance."
    )


def test_a_large_difference_is_hardly_chance() -> None:
    first = [row(3)] * 10 + [row(1)] * 2
    assert said(first, [row(1)] * 12) == (
        "B finds the right passage first in 12 of 12 questions, A in 2. "
        "A difference this large over 12 questions is hardly chance."
    )


def test_more_comparisons_need_more_evidence() -> None:
    # Six better alone has a chance of 2/64; three comparisons make it more than 0.05.
    first = [row(2)] * 6 + [row(1)] * 6
    best = [row(1)] * 12
    assert "hardly chance" in said(first, best)
    assert "may be chance" in said(first, best, first, first)


def test_no_difference_names_the_fastest() -> None:
    assert said([row(1, 40.0)] * 3, [row(1, 10.0)] * 3) == (
        "All settings find the right passage first in 3 of 3 questions: no difference. "
        "B is the fastest of them."
    )


def test_those_behind_a_tie_are_counted_too() -> None:
    assert said([row(1, 40.0)] * 3, [row(1, 10.0)] * 3, [row(2)] * 3) == (
        "A and B find the right passage first in 3 of 3 questions, C in 0. Of the best, B is the fastest."
    )


def test_one_setting_and_none_measured() -> None:
    assert said([row(1), row(None)]) == "A finds the right passage first in 1 of 2 questions."
    assert said([], []) == "Nothing is measured yet."


def test_figures_and_order_by_hand() -> None:
    first = [row(1, 10.0), row(None, 30.0), row(2, 20.0)]
    other = [row(1, 5.0), row(1, 5.0), row(4, 5.0)]
    figures = figures_of(["A", "B"], [first, other])
    assert (figures[0].first, figures[0].among_five, figures[0].p50_ms) == (1, 2, 20.0)
    assert figures[0].means["mrr@10"] == 0.5
    assert figures[0].chance == {}
    assert figures[1].chance["hit@1"] == 1.0, "one differing question says nothing"
    assert best_of(figures) == 1
    assert differences_first([first, other]) == [1, 2, 0]


def test_a_spreadsheet_runs_nothing_of_the_export() -> None:
    table = list(csv.reader(as_csv(["=A"], [[row(1, question="=cmd|'x'!A1")]], "@b").splitlines()))
    assert table[0][:3] == ["question", "setting", "rank"]
    assert table[1][:3] == ["'=cmd|'x'!A1", "'=A", "1"]
    assert (table[0][-1], table[1][-1]) == ("asked of", "'@b")
