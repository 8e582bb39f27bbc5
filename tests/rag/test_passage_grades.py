"""Grades given to passages: kept, changed, taken back, and still there when passages are cut anew."""

from __future__ import annotations

from dataclasses import replace

import pytest
from corpus import fill

from ingest.documents import stored_sources
from ingest.pipeline import Pipeline
from rag.compare import Comparison, Variant, compare
from rag.database import open_database
from rag.errors import QuestionsError
from rag.evaluate import evaluate
from rag.judged_tasks import judged_tasks
from rag.passage_grades import OWN_SET, grade_passage, grades_of
from rag.question_sets import QuestionSets
from rag.settings import with_overrides
from rag.types import Citation
from rag.workspace import Workspace, open_workspace

LONG = " ".join(f"Sentence {number} tells of harbour {number} and its ships." for number in range(60))
QUESTION = "ships of harbour 30"


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace, {"long.md": LONG, "other.md": "Of birds."})
    return workspace


def made(workspace: Workspace) -> Comparison:
    plain = with_overrides(workspace.settings, {"mode": "text", "reranker": "none"})
    return compare(QUESTION, [Variant("a", plain), Variant("b", plain)], workspace.table("default"))


def passages(workspace: Workspace) -> list[Citation]:
    return [passage.citation for passage in made(workspace).passages]


def sets_of(workspace: Workspace) -> QuestionSets:
    return QuestionSets(open_database(workspace.settings.data_dir))


def test_a_grade_is_kept_changed_and_taken_back(filled: Workspace) -> None:
    sets, found = sets_of(filled), passages(filled)

    def graded() -> list[str]:
        return grades_of(sets_of(filled), "default", QUESTION, found)

    grade_passage(sets, "default", QUESTION, found[0], "relevant")
    grade_passage(sets, "default", QUESTION, found[1], "not")
    assert graded()[:2] == ["relevant", "not"]
    grade_passage(sets, "default", QUESTION, found[0], "partly")
    assert graded()[:2] == ["partly", "not"]
    assert len(sets.judgements("default", OWN_SET, QUESTION)) == 2
    grade_passage(sets, "default", QUESTION, found[0], "")
    assert graded()[:2] == ["", "not"]
    assert grades_of(sets, "default", "another question", found) == [""] * len(found)
    grade_passage(sets, "default", QUESTION, found[1], "")
    [own] = sets.sets("default")
    assert own.questions == 0, "a question without a judgement asks for nothing"
    with pytest.raises(QuestionsError, match="relevant, partly, not"):
        grade_passage(sets, "default", QUESTION, found[0], "splendid")


def test_a_part_of_a_passage_does_not_speak_for_the_whole(filled: Workspace) -> None:
    sets, found = sets_of(filled), passages(filled)
    whole = found[0]
    quarter = replace(whole, end=whole.start + (whole.end - whole.start) // 4)
    grade_passage(sets, "default", QUESTION, whole, "relevant")
    grade_passage(sets, "default", QUESTION, quarter, "not")
    assert grades_of(sets, "default", QUESTION, [whole, quarter]) == ["relevant", "not"]
    grade_passage(sets, "default", QUESTION, replace(whole, end=whole.end - 5), "partly")
    assert grades_of(sets, "default", QUESTION, [whole]) == ["partly"], "nearly the same place is the same"


def test_grades_survive_that_passages_are_cut_anew(filled: Workspace) -> None:
    sets, before = sets_of(filled), passages(filled)
    best = before[0]
    grade_passage(sets, "default", QUESTION, best, "relevant")
    for tokens in (64, 400):
        cut = open_workspace(with_overrides(filled.settings, {"chunking.max_tokens": tokens}))
        records = [cut.catalog.resolve("default", "long.md")]
        results = list(Pipeline("default", cut).run(stored_sources(records, cut.blobs)))
        assert [result.status for result in results] == ["updated"]
        after = passages(cut)
        assert {(own.start, own.end) for own in after}.isdisjoint({(best.start, best.end)})
        graded = grades_of(sets, "default", QUESTION, after)
        inside = [own.start < best.end and own.end > best.start for own in after]
        assert "relevant" in graded
        assert all(inside[place] for place, grade in enumerate(graded) if grade)
        tasks = judged_tasks(cut, "default", sets.questions(sets.named("default", OWN_SET).id))
        plain = with_overrides(cut.settings, {"mode": "text", "reranker": "none"})
        [result] = evaluate(tasks, [Variant("a", plain)], cut.table("default"))
        rank = graded.index("relevant") + 1
        assert result.metrics["mrr@10"] == pytest.approx(1 / rank, abs=1e-4)
        # Marked anew, the new place stands for the old one.
        place = graded.index("relevant")
        grade_passage(sets, "default", QUESTION, after[place], "partly")
        assert grades_of(sets, "default", QUESTION, after)[place] == "partly"
        best = after[place]
        grade_passage(sets, "default", QUESTION, best, "relevant")
