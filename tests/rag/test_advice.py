"""What to do about figures: use one, keep what is in use, or ask more questions, and how many."""

from __future__ import annotations

import pytest
from measured_rows import row

from rag.advice import advice
from rag.verdict import figures_of, lead_of

RIGHT, WRONG = row(1), row(3)


def advised(*rows: list[dict[str, object]], in_use: int | None = None) -> str:
    figures = figures_of(["A", "B", "C", "D"][: len(rows)], rows)
    return advice(figures, lead_of(figures, rows), in_use)


def test_a_sure_winner_is_to_be_used_or_kept() -> None:
    rows = ([WRONG] * 12, [RIGHT] * 12)
    assert advised(*rows) == "Use B."
    assert advised(*rows, in_use=0) == "Use B."
    assert advised(*rows, in_use=1) == "It is in use already: keep it."


def test_a_winner_that_keeps_people_waiting_says_so() -> None:
    slow, quick = [row(1, 1500.0)] * 12, [row(3, 20.0)] * 12
    assert advised(slow, quick) == "Use A. It is slower, though: 1.5 s a question, B 20 ms."
    assert advised([row(1, 90.0)] * 12, quick) == "Use A.", "nobody notices a tenth of a second"


def test_few_questions_and_one_setting_settle_nothing() -> None:
    assert "too few questions" in advised([WRONG] * 4, [RIGHT] * 4)
    assert "add a second one" in advised([RIGHT] * 12)
    assert advised([], []) == ""


def test_without_a_sure_winner_what_is_in_use_may_stay() -> None:
    first, other = [RIGHT] * 6 + [WRONG] * 6, [RIGHT] * 9 + [WRONG] * 3
    said = advised(first, other, in_use=0)
    assert said.startswith("So far nothing speaks for a change from A, which is in use.")
    assert "any of them will do" in advised(first, other)


def test_what_is_surely_behind_is_never_called_good_enough() -> None:
    best, level, worse = [RIGHT] * 15 + [WRONG] * 5, [RIGHT] * 15 + [WRONG] * 5, [WRONG] * 20
    said = advised(best, level, worse, in_use=2)
    assert said.startswith("Use A rather than C, which is in use: 15 against 0 of 20 is hardly chance.")
    assert "any but C will do" in advised(best, level, worse)
    assert "nothing speaks for a change from B" in advised(best, level, worse, in_use=1)
    quick = [row(3, 0.1)] * 20
    assert "C is the quickest" not in advised(best, level, quick)


@pytest.mark.parametrize(("better", "needed"), [(3, "about"), (0, "even hundreds")])
def test_how_many_questions_settle_it(better: int, needed: str) -> None:
    first = [RIGHT] * 6 + [WRONG] * 6
    other = [RIGHT] * (6 + better) + [WRONG] * (6 - better)
    said = advised(first, other)
    assert needed in said
    if better:
        # Three better of twelve have a chance of 1/4, 1.15 deviations: (1.96 / 1.15)^2 times as many.
        assert "about 40 questions" in said
        # A third setting makes two comparisons, so each has to be surer: (2.24 / 1.15)^2.
        assert "about 50 questions" in advised(other, first, first)
