"""Question sets: questions about a collection, with places in its documents and how well each answers.

A judgement is a document and a span of its text (or a page, or the whole document), so it survives that
passages are cut anew. It is kept in the database; nothing here searches or asks a model.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from rag.database import read, utc_now, write
from rag.errors import QuestionsError
from rag.question_tables import QuestionSetRow, SetQuestionRow

#: Grades of a judgement, and what each adds to the gain.
RELEVANT, PARTLY, NOT = 1.0, 0.5, 0.0
GRADES = {"relevant": RELEVANT, "partly": PARTLY, "not": NOT}
#: What of a judgement are spans.
SPANS = ("answers", "elsewhere")
#: Where a question is from.
ORIGINS = {
    "imported": "imported",
    "judged": "judged by you",
    "rated": "from rated answers",
    "model": "written by the chat model",
    "headings": "made without a model, from sentences and headings",
}
#: A document's id, a page, and where a span of its text begins and ends.
Place = tuple[str, int | None, int | None, int | None]


@dataclass(frozen=True)
class Judgement:
    """A place in a document and its grade, from 0 to 1; see `grade_name`.

    `start` and `end` are offsets in the document's text; without them the page counts, and without that
    the whole document. `answers` are spans of answers inside, `elsewhere` spans that say the same (see
    `Unit`). `quote` is how the place begins.
    """

    document: str
    document_id: str
    page: int | None = None
    start: int | None = None
    end: int | None = None
    answers: tuple[tuple[int, int], ...] = ()
    grade: float = RELEVANT
    quote: str = ""
    elsewhere: tuple[tuple[int, int], ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The form kept in the database."""
        return asdict(self) | {name: list(map(list, getattr(self, name))) for name in SPANS}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Judgement:
        """Read back what `as_dict` wrote."""
        spans = {name: tuple((start, end) for start, end in stored.get(name, ())) for name in SPANS}
        return cls(**{**stored, **spans})

    @property
    def place(self) -> Place:
        """What two judgements of the same thing have in common."""
        return self.document_id, self.page, self.start, self.end

    def says_more_than(self, other: Judgement) -> bool:
        """Whether this one names a place in a document that the other names as a whole."""
        is_whole = other.page is None and other.start is None
        is_place = self.grade > NOT and (self.page is not None or self.start is not None)
        return is_whole and is_place and self.document_id == other.document_id


@dataclass(frozen=True)
class JudgedQuestion:
    """A question of a set; `origin` is a key of ORIGINS."""

    text: str
    origin: str
    judgements: tuple[Judgement, ...]

    def as_dict(self) -> dict[str, Any]:
        """The form kept with an evaluation and written into exports."""
        return {
            "text": self.text,
            "origin": self.origin,
            "judgements": [own.as_dict() for own in self.judgements],
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> JudgedQuestion:
        """Read back what `as_dict` wrote."""
        return cls(
            stored["text"], stored["origin"], tuple(Judgement.from_dict(own) for own in stored["judgements"])
        )


@dataclass(frozen=True)
class QuestionSet:
    """A set by name, with how many questions it has, and how many of them can be measured."""

    id: str
    collection: str
    name: str
    questions: int
    created_at: datetime


def grade_name(grade: float) -> str:
    """The key of GRADES that a grade counts as: all between "relevant" and "not" answers partly."""
    if grade >= RELEVANT:
        return "relevant"
    return "partly" if grade > NOT else "not"


class QuestionSets:
    """The question sets of a data folder."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def sets(self, collection: str) -> list[QuestionSet]:
        """The sets of a collection, newest first."""

        def work(session: Session) -> list[QuestionSet]:
            counted = (
                select(QuestionSetRow, func.count(SetQuestionRow.position))
                .outerjoin(SetQuestionRow, SetQuestionRow.set_id == QuestionSetRow.id)
                .where(QuestionSetRow.collection == collection)
                .group_by(QuestionSetRow.id)
                .order_by(QuestionSetRow.created_at.desc())
            )
            return [
                QuestionSet(row.id, row.collection, row.name, count, row.created_at)
                for row, count in session.execute(counted)
            ]

        return read(self._engine, work)

    def named(self, collection: str, name: str, *, beside: Sequence[str] = ()) -> QuestionSet:
        """The set of this name; of those `beside` it in turn, where the collection has none.

        Raises QuestionsError naming those that there are.
        """
        there = [kept for own in (collection, *beside) for kept in self.sets(own)]
        for own in there:
            if own.name == name:
                return own
        names = ", ".join(dict.fromkeys(repr(own.name) for own in there)) or "none yet"
        asked = " or ".join(map(repr, (collection, *beside)))
        raise QuestionsError(f"There is no question set {name!r} for {asked}. There are: {names}.")

    def questions(self, set_id: str) -> list[JudgedQuestion]:
        """The questions of a set in their order; empty for an unknown one."""
        wanted = (
            select(SetQuestionRow).where(SetQuestionRow.set_id == set_id).order_by(SetQuestionRow.position)
        )
        return read(self._engine, lambda session: [_question(row) for row in session.scalars(wanted)])

    def add(
        self, collection: str, name: str, questions: Sequence[JudgedQuestion], *, instead: bool = False
    ) -> QuestionSet:
        """Add questions to the set of this name, made where missing, or put them in place of all in it.

        A question that is there already, word for word, takes on the new judgements; one of a whole document
        gives way to what says more of it, and one of a document that was not there to what is imported anew.
        Raises QuestionsError without a name.
        """
        name = " ".join(name.split())
        if not name:
            raise QuestionsError("A question set needs a name. Type one.")

        def work(session: Session) -> None:
            row = _set(session, collection, name)
            if instead:
                session.execute(delete(SetQuestionRow).where(SetQuestionRow.set_id == row.id))
            for question in questions:
                _merge(session, row.id, question)

        write(self._engine, work)
        return self.named(collection, name)

    def judge(self, collection: str, name: str, question: str, judgement: Judgement) -> QuestionSet:
        """Keep what a person thinks of a passage for a question; a later judgement replaces it."""
        return self.add(collection, name, [JudgedQuestion(question, "judged", (judgement,))])

    def judgements(self, collection: str, name: str, question: str) -> tuple[Judgement, ...]:
        """What is known about one question in the set of this name; empty when nothing."""
        for own in self.sets(collection):
            if own.name == name:
                for asked in self.questions(own.id):
                    if asked.text == question:
                        return asked.judgements
        return ()

    def forget(self, collection: str, name: str, question: str, places: Sequence[Place]) -> None:
        """Take back the judgements of these places; a question left without any goes, too."""

        def work(session: Session) -> None:
            wanted = (
                select(SetQuestionRow)
                .join(QuestionSetRow, QuestionSetRow.id == SetQuestionRow.set_id)
                .where(QuestionSetRow.collection == collection, QuestionSetRow.name == name)
                .where(SetQuestionRow.text == question)
            )
            for row in session.scalars(wanted):
                kept = [own for own in _question(row).judgements if own.place not in places]
                row.judgements = [own.as_dict() for own in kept]
                if not kept:
                    session.delete(row)

        write(self._engine, work)

    def delete(self, set_id: str) -> None:
        """Remove a set with its questions; evaluations made with it stay."""
        write(
            self._engine,
            lambda session: session.execute(delete(QuestionSetRow).where(QuestionSetRow.id == set_id)),
        )


def _set(session: Session, collection: str, name: str) -> QuestionSetRow:
    wanted = select(QuestionSetRow).where(
        QuestionSetRow.collection == collection, QuestionSetRow.name == name
    )
    row = session.scalars(wanted).one_or_none()
    if row is None:
        row = QuestionSetRow(
            id=secrets.token_urlsafe(9), collection=collection, name=name, created_at=utc_now()
        )
        session.add(row)
        session.flush()
    return row


def _merge(session: Session, set_id: str, question: JudgedQuestion) -> None:
    there = session.scalars(
        select(SetQuestionRow).where(SetQuestionRow.set_id == set_id, SetQuestionRow.text == question.text)
    ).first()
    if there is not None:
        known = {own.place: own for own in _question(there).judgements if not _is_outdone(own, question)}
        known |= {own.place: own for own in question.judgements}
        there.judgements = [own.as_dict() for own in known.values()]
        return
    last = session.scalar(select(func.max(SetQuestionRow.position)).where(SetQuestionRow.set_id == set_id))
    session.add(
        SetQuestionRow(
            set_id=set_id,
            position=0 if last is None else last + 1,
            text=question.text,
            origin=question.origin,
            judgements=[own.as_dict() for own in question.judgements],
        )
    )
    session.flush()


def _is_outdone(own: Judgement, anew: JudgedQuestion) -> bool:
    is_missing = own.document_id.startswith("missing:")
    return (is_missing and anew.origin == "imported") or any(
        new.says_more_than(own) for new in anew.judgements
    )


def _question(row: SetQuestionRow) -> JudgedQuestion:
    return JudgedQuestion(row.text, row.origin, tuple(Judgement.from_dict(own) for own in row.judgements))
