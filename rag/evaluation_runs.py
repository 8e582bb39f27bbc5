"""Settings measured over a question set in the background: kept as they go, stopped, gone on with, reopened.

Question by question, every setting in turn, so that one stopped early compares all of them fairly. Each
question goes through `rag.evaluate.measured`, as on the command line. Nothing is drawn here.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from rag.compare import MOST, Variant
from rag.database import open_database, read, utc_now, write
from rag.errors import AskanceError, QuestionsError, SettingsError
from rag.evaluate import Task, measured, warm_up
from rag.judged_places import lost_text
from rag.judged_tasks import made_ready
from rag.question_sets import JudgedQuestion, QuestionSets
from rag.question_tables import EvaluationLineRow, EvaluationRow
from rag.ranking_settings import ranking_digest
from rag.reachable import restricted
from rag.settings import Settings, with_overrides
from rag.several_tables import Searched
from rag.types import Filters, Scope
from rag.workspace import Workspace

logger = logging.getLogger(__name__)

#: Longest wait for a stopped evaluation's last question before it goes on.
LAST_QUESTION_SECONDS = 60.0


@dataclass(frozen=True)
class Evaluation:
    """Settings measured over questions.

    `set_collection` is the collection that the set was kept with, `scope` what the questions were asked of,
    `left_out` how many of the set it rules out, `lost` how many passages are no longer in their documents.
    `lines[position][variant]` are the figures of `rag.evaluate.measured`, for the questions that every
    setting was asked. `variants` are (name, changes), `rankings` the `ranking_digest` of each then ("" for
    older ones). `state` is running, stopped, done or failed.
    """

    id: str
    collection: str
    set_name: str
    set_collection: str
    state: str
    error: str
    variants: tuple[tuple[str, dict[str, Any]], ...]
    questions: tuple[JudgedQuestion, ...]
    created_at: datetime
    scope: Scope = Scope()  # noqa: RUF009 (frozen)
    left_out: int = 0
    lost: int = 0
    lines: tuple[tuple[dict[str, Any], ...], ...] = field(default=())
    rankings: tuple[str, ...] = ()

    def ranks_as_then(self, place: int, settings: Settings) -> bool:
        """Whether a variant's changes to these settings rank as they did when it was measured."""
        then = self.rankings[place]
        return then in ("", ranking_digest(with_overrides(settings, self.variants[place][1])))


def question_sets(workspace: Workspace) -> QuestionSets:
    """The question sets of a data folder."""
    return QuestionSets(open_database(workspace.settings.data_dir))


def collections_gone(workspace: Workspace, found: Evaluation) -> list[str]:
    """The collections that an evaluation was asked of and that were deleted since."""
    return [
        name
        for name in (found.collection, *found.scope.collections)
        if not (workspace.catalog.has_collection(name) or workspace.store.has_table(name))
    ]


class Evaluations:
    """The evaluations of all data folders, and the threads of this process that make them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, tuple[threading.Event, threading.Thread]] = {}

    def start(
        self,
        workspace: Workspace,
        collection: str,
        set_name: str,
        variants: Sequence[Variant],
        scope: Scope = Scope(),  # noqa: B008 (frozen)
        *,
        set_collection: str = "",
    ) -> str:
        """Begin in a thread of its own; gives the evaluation's id. `set_collection` keeps the set, where that
        is another of the collections asked.

        Raises QuestionsError for a set without a question that can be measured in the scope, SettingsError
        for more than four settings or none.
        """
        if not 1 <= len(variants) <= MOST:
            raise SettingsError(f"{len(variants)} settings cannot be measured together. Give 1 to {MOST}.")
        sets = question_sets(workspace)
        kept = sets.named(set_collection or collection, set_name)
        questions = [
            own for own in sets.questions(kept.id) if any(judgement.grade > 0 for judgement in own.judgements)
        ]
        if not questions:
            raise QuestionsError(
                f"No question of {set_name!r} has a passage marked as relevant or partly relevant. Mark one, "
                "or import questions."
            )
        ready = made_ready(workspace, kept.collection, questions)
        there = [(own, task) for own, task in zip(questions, ready.tasks, strict=True) if task is not None]
        if not there:
            raise QuestionsError(f"No question of {set_name!r} can be asked. {lost_text(ready.lost)}")
        left = restricted([task for _, task in there], *_searched(workspace, collection, scope))
        asked = [own for (own, _), task in zip(there, left, strict=True) if task is not None]
        if not asked:
            raise QuestionsError(
                f"The filter leaves out the right passage of every question of {set_name!r}. Take something "
                "out of it, or choose other questions."
            )
        row = EvaluationRow(
            id=secrets.token_urlsafe(9),
            collection=collection,
            set_name=set_name,
            set_collection=kept.collection,
            state="running",
            error="",
            variants=[
                {"name": own.name, "changes": own.changes, "ranking": ranking_digest(own.settings)}
                for own in variants
            ],
            questions=[own.as_dict() for own in asked],
            scope=scope.as_dict(),
            left_out=len(there) - len(asked),
            lost=ready.lost,
            created_at=utc_now(),
        )
        identifier = row.id
        write(open_database(workspace.settings.data_dir), lambda session: session.add(row))
        self._begin(workspace, identifier)
        return identifier

    def resume(self, workspace: Workspace, identifier: str) -> None:
        """Go on with one that was stopped, here or by a restart; what is measured stays.

        Raises QuestionsError when a collection that was asked is no longer there, or when settings that
        decide a ranking are others now.
        """
        found = self.get(workspace, identifier)
        gone = collections_gone(workspace, found)
        if gone:
            raise QuestionsError(
                f"This evaluation cannot go on: it was asked of {' and '.join(map(repr, gone))}, which was "
                "deleted since. What is measured stays; measure again over what is there now."
            )
        other = [
            name
            for place, (name, _) in enumerate(found.variants)
            if not found.ranks_as_then(place, workspace.settings)
        ]
        if other:
            raise QuestionsError(
                f"This evaluation cannot go on: settings that decide how {other[0]!r} ranks were changed "
                "since, and one figure would stand for two rankings. Set them back, or measure again."
            )
        with self._lock:
            known = self._under_way.get(identifier)
        if known is not None and known[0].is_set():
            # What was stopped is at its last question; its end must not be taken for that of what goes on.
            self.wait(identifier, LAST_QUESTION_SECONDS)
        _set_state(open_database(workspace.settings.data_dir), identifier, "running")
        self._begin(workspace, identifier)

    def stop(self, identifier: str) -> None:
        """Ask one to stop after the question that it is at."""
        with self._lock:
            if identifier in self._under_way:
                self._under_way[identifier][0].set()

    def wait(self, identifier: str, seconds: float) -> bool:
        """Wait until one is no longer under way in this process; whether it is not."""
        with self._lock:
            known = self._under_way.get(identifier)
        if known is None:
            return True
        known[1].join(seconds)
        return not known[1].is_alive()

    def get(self, workspace: Workspace, identifier: str) -> Evaluation:
        """One evaluation as far as it is; raises QuestionsError for an unknown one."""
        found = load(open_database(workspace.settings.data_dir), identifier)
        return self._seen(found)

    def listed(self, workspace: Workspace, collection: str) -> list[Evaluation]:
        """The evaluations of a collection, newest first, without their lines."""
        wanted = (
            select(EvaluationRow)
            .where(EvaluationRow.collection == collection)
            .order_by(EvaluationRow.created_at.desc())
        )
        engine = open_database(workspace.settings.data_dir)
        found = read(engine, lambda session: [_evaluation(row, ()) for row in session.scalars(wanted)])
        return [self._seen(own) for own in found]

    def delete(self, workspace: Workspace, identifier: str) -> None:
        """Remove one; one under way stops first."""
        self.stop(identifier)
        self.wait(identifier, 60)
        write(
            open_database(workspace.settings.data_dir),
            lambda session: session.execute(delete(EvaluationRow).where(EvaluationRow.id == identifier)),
        )

    def _begin(self, workspace: Workspace, identifier: str) -> None:
        with self._lock:
            known = self._under_way.get(identifier)
            if known is not None and known[1].is_alive():
                return
            stopped = threading.Event()
            thread = threading.Thread(
                target=_run, args=(workspace, identifier, stopped), name="evaluation", daemon=True
            )
            self._under_way[identifier] = (stopped, thread)
        thread.start()

    def _seen(self, found: Evaluation) -> Evaluation:
        """As it is: one said to be running that no thread of this process makes was left by a restart."""
        with self._lock:
            known = self._under_way.get(found.id)
        if found.state == "running" and (known is None or not known[1].is_alive()):
            return replace(found, state="stopped")
        return found


@lru_cache(maxsize=1)
def get_evaluations() -> Evaluations:
    """The evaluations that this process makes, and those kept."""
    return Evaluations()


def load(engine: Engine, identifier: str) -> Evaluation:
    """An evaluation with its lines as kept; raises QuestionsError for an unknown one."""

    def work(session: Session) -> Evaluation:
        row = session.get(EvaluationRow, identifier)
        if row is None:
            raise QuestionsError("This evaluation was deleted. Choose another, or measure again.")
        lines = select(EvaluationLineRow).where(EvaluationLineRow.evaluation_id == identifier)
        return _evaluation(row, session.scalars(lines).all())

    return read(engine, work)


def measure(workspace: Workspace, identifier: str, stopped: threading.Event) -> bool:
    """Measure what is not measured yet; whether all of it is."""
    engine = open_database(workspace.settings.data_dir)
    own = load(engine, identifier)
    table, filters = _searched(workspace, own.collection, own.scope)
    variants = [
        Variant(name, with_overrides(workspace.settings, changes), changes) for name, changes in own.variants
    ]
    # A document that was removed or changed meanwhile leaves its question in place, as one not found.
    ready = made_ready(workspace, own.set_collection, own.questions)
    every = [
        task or Task(str(number), question.text, ())
        for number, (question, task) in enumerate(zip(own.questions, ready.tasks, strict=True), start=1)
    ]
    tasks = [
        under or replace(task, filters=filters)
        for task, under in zip(every, restricted(every, table, filters), strict=True)
    ]
    done = len(own.lines)
    for variant in variants if done < len(tasks) else ():
        warm_up(tasks[done : done + 1], variant, table)
    for position in range(done, len(tasks)):
        if stopped.is_set():
            return False
        figures = [measured(tasks[position], variant, table) for variant in variants]
        _keep(engine, identifier, position, figures)
    return True


def _searched(workspace: Workspace, collection: str, scope: Scope) -> tuple[Searched, Filters]:
    return workspace.searched([collection, *scope.collections]), workspace.filters(collection, scope)


def _keep(engine: Engine, identifier: str, position: int, figures: Sequence[dict[str, Any]]) -> None:
    def work(session: Session) -> None:
        if session.get(EvaluationRow, identifier) is None:
            return
        for variant, own in enumerate(figures):
            session.merge(
                EvaluationLineRow(
                    evaluation_id=identifier,
                    position=position,
                    variant=variant,
                    figures={**own, "notes": list(own["notes"])},
                )
            )

    write(engine, work)


def _run(workspace: Workspace, identifier: str, stopped: threading.Event) -> None:
    engine = open_database(workspace.settings.data_dir)
    try:
        whole = measure(workspace, identifier, stopped)
    except AskanceError as error:
        _set_state(engine, identifier, "failed", str(error))
    except BaseException as error:
        logger.exception("evaluation %s failed", identifier)
        said = f"Unexpected {type(error).__name__}: {error}. See the log; go on with it to try again."
        _set_state(engine, identifier, "failed", said)
    else:
        _set_state(engine, identifier, "done" if whole else "stopped")


def _set_state(engine: Engine, identifier: str, state: str, error: str = "") -> None:
    def work(session: Session) -> None:
        row = session.get(EvaluationRow, identifier)
        if row is not None:
            row.state, row.error = state, error

    write(engine, work)


def _evaluation(row: EvaluationRow, lines: Sequence[EvaluationLineRow]) -> Evaluation:
    by_place = {(line.position, line.variant): line.figures for line in lines}
    places = range(len(row.variants))
    whole: list[tuple[dict[str, Any], ...]] = []
    while places and all((len(whole), place) in by_place for place in places):
        whole.append(tuple(by_place[len(whole), place] for place in places))
    return Evaluation(
        id=row.id,
        collection=row.collection,
        set_name=row.set_name,
        set_collection=row.set_collection,
        state=row.state,
        error=row.error,
        variants=tuple((own["name"], own["changes"]) for own in row.variants),
        questions=tuple(JudgedQuestion.from_dict(own) for own in row.questions),
        created_at=row.created_at,
        scope=Scope.from_dict(row.scope),
        left_out=row.left_out,
        lost=row.lost,
        lines=tuple(whole),
        rankings=tuple(own.get("ranking", "") for own in row.variants),
    )
