"""Evaluations in the background: the same figures as at once, kept, stopped, gone on with."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from corpus import fill

from rag.compare import Variant
from rag.database import close_databases
from rag.errors import QuestionsError, SettingsError
from rag.evaluate import Task, evaluate, parse_variant
from rag.evaluation_runs import Evaluations, question_sets
from rag.judged_tasks import judged_tasks
from rag.question_making import make_questions
from rag.question_sets import JudgedQuestion
from rag.settings import with_overrides
from rag.several_tables import Searched
from rag.workspace import Workspace

FIGURES = ("hit@1", "hit@5", "mrr@10", "ndcg@10", "recall@10", "precision@5", "rank", "tokens")


@pytest.fixture
def asked(workspace: Workspace) -> Workspace:
    """Documents with a set of questions made from them."""
    fill(workspace)
    question_sets(workspace).add("default", "made", make_questions(workspace, "default", 6))
    return workspace


def variants(workspace: Workspace) -> list[Variant]:
    return [
        parse_variant(text, workspace.settings)
        for text in ("words:mode=text,reranker=none", "both:mode=hybrid,reranker=late-interaction")
    ]


def begun(workspace: Workspace) -> tuple[Evaluations, str]:
    evaluations = Evaluations()
    identifier = evaluations.start(workspace, "default", "made", variants(workspace))
    assert evaluations.wait(identifier, 60)
    return evaluations, identifier


def test_the_background_gives_the_figures_of_evaluate(asked: Workspace) -> None:
    evaluations, identifier = begun(asked)
    found = evaluations.get(asked, identifier)
    assert found.state == "done"
    assert len(found.lines) == len(found.questions) > 1
    tasks = judged_tasks(asked, "default", found.questions)
    at_once = evaluate(tasks, variants(asked), asked.table("default"))
    for place, result in enumerate(at_once):
        for line, row in zip(found.lines, result.rows, strict=True):
            assert {name: line[place][name] for name in FIGURES} == {name: row[name] for name in FIGURES}


class Gate:
    """Holds the second measurement up until it is opened; `asked` are question and setting of each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import rag.evaluation_runs as runs

        self.reached, self._open = threading.Event(), threading.Event()
        self.asked: list[tuple[str, str]] = []
        self._measured = runs.measured
        monkeypatch.setattr(runs, "measured", self._slowly)

    def _slowly(self, task: Task, variant: Variant, table: Searched) -> dict[str, Any]:
        self.asked.append((task.id, variant.name))
        if len(self.asked) == 2:
            self.reached.set()
            assert self._open.wait(30)
        return self._measured(task, variant, table)

    def open(self) -> None:
        self._open.set()


def test_a_stopped_one_goes_on_where_it_was(asked: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluations, gate = Evaluations(), Gate(monkeypatch)
    identifier = evaluations.start(asked, "default", "made", variants(asked))
    assert gate.reached.wait(30)
    evaluations.stop(identifier)
    gate.open()
    assert evaluations.wait(identifier, 30)
    stopped = evaluations.get(asked, identifier)
    assert (stopped.state, len(stopped.lines)) == ("stopped", 1), "the question begun is finished"
    evaluations.resume(asked, identifier)
    assert evaluations.wait(identifier, 30)
    done = evaluations.get(asked, identifier)
    assert done.state == "done"
    assert len(gate.asked) == len(set(gate.asked)) == 2 * len(done.questions), "nothing is measured twice"


def test_one_that_is_told_to_go_on_before_it_has_stopped_goes_on(
    asked: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluations, gate = Evaluations(), Gate(monkeypatch)
    identifier = evaluations.start(asked, "default", "made", variants(asked))
    assert gate.reached.wait(30)
    evaluations.stop(identifier)
    resuming = threading.Thread(target=evaluations.resume, args=(asked, identifier))
    resuming.start()
    gate.open()
    resuming.join(30)
    assert evaluations.wait(identifier, 30)
    assert evaluations.get(asked, identifier).state == "done"


def test_one_does_not_go_on_with_another_reranking(asked: Workspace) -> None:
    import rag.evaluation_runs as runs

    evaluations, identifier = begun(asked)
    found = evaluations.get(asked, identifier)
    runs._set_state(runs.open_database(asked.settings.data_dir), identifier, "stopped")
    faster = with_overrides(asked.settings, {"reranking.cached_scores": 0})
    assert [found.ranks_as_then(place, faster) for place in (0, 1)] == [True, True]
    other = with_overrides(asked.settings, {"reranking.cross_encoder": "another/model"})
    assert [found.ranks_as_then(place, other) for place in (0, 1)] == [True, False]
    with pytest.raises(QuestionsError, match="'both' ranks were changed since"):
        evaluations.resume(replace(asked, settings=other), identifier)
    evaluations.resume(asked, identifier)
    assert evaluations.wait(identifier, 30)
    assert evaluations.get(asked, identifier).state == "done"


def test_one_left_by_a_restart_is_stopped_and_can_go_on(asked: Workspace) -> None:
    import rag.evaluation_runs as runs

    evaluations, identifier = begun(asked)
    runs._set_state(runs.open_database(asked.settings.data_dir), identifier, "running")
    close_databases()
    later = Evaluations()
    assert [own.state for own in later.listed(asked, "default")] == ["stopped"]
    later.resume(asked, identifier)
    assert later.wait(identifier, 30)
    assert later.get(asked, identifier).state == "done"
    later.delete(asked, identifier)
    assert later.listed(asked, "default") == []
    with pytest.raises(QuestionsError, match="was deleted"):
        evaluations.get(asked, identifier)


def test_an_evaluation_follows_its_renamed_collection(asked: Workspace) -> None:
    evaluations, identifier = begun(asked)
    asked.tables.rename("default", "other")
    assert [own.id for own in evaluations.listed(asked, "other")] == [identifier]


def test_what_cannot_be_measured_is_refused(asked: Workspace) -> None:
    evaluations = Evaluations()
    with pytest.raises(SettingsError, match="1 to 4"):
        evaluations.start(asked, "default", "made", [])
    with pytest.raises(QuestionsError, match="no question set"):
        evaluations.start(asked, "default", "other", variants(asked))
    question_sets(asked).add("default", "empty", [JudgedQuestion("why?", "judged", ())])
    with pytest.raises(QuestionsError, match="marked as relevant"):
        evaluations.start(asked, "default", "empty", variants(asked))
