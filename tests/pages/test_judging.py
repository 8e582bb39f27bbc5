"""Marking passages on the compare page: shown in all columns, kept, taken back, and what nonsense does."""

from __future__ import annotations

from typing import Any

import pytest
from compare_page import QUESTION, compare, opened, report, shown, texts

from rag.database import open_database
from rag.passage_grades import OWN_SET
from rag.question_sets import Judgement, QuestionSets
from rag.settings import load_settings

pytestmark = pytest.mark.usefixtures("filled")


def judgements() -> tuple[Judgement, ...]:
    sets = QuestionSets(open_database(load_settings().data_dir))
    return sets.judgements("default", OWN_SET, QUESTION)


def test_marks_are_kept_shown_and_taken_back() -> None:
    page = compare(opened())
    assert "Mark passages" in texts(page.caption)
    assert {passage["grade"] for passage in shown(page)["passages"]} == {""}
    report(page, "judged", {"passage": 0, "grade": "relevant"})
    report(page, "judged", {"passage": 1, "grade": "partly"})
    assert [passage["grade"] for passage in shown(page)["passages"][:3]] == ["relevant", "partly", ""]
    assert f"2 passages marked. “{OWN_SET}” now has 1 question" in texts(page.caption)
    kept = judgements()
    assert [own.grade for own in kept] == [1.0, 0.5]
    assert kept[0].document == shown(page)["passages"][0]["document"]
    assert [own["grade"] for own in shown(compare(opened()))["passages"][:2]] == ["relevant", "partly"]
    report(page, "judged", {"passage": 0, "grade": ""})
    assert [passage["grade"] for passage in shown(page)["passages"][:2]] == ["", "partly"]
    assert len(judgements()) == 1


@pytest.mark.parametrize(
    "value",
    [{"passage": 999, "grade": "relevant"}, {"passage": 0, "grade": "x"}, {"passage": 0}, "x", None],
)
def test_reports_that_name_nothing_mark_nothing(value: Any) -> None:
    report(compare(opened()), "judged", value)
    assert judgements() == ()
