"""Conversations and their turns: what was asked, what was answered, from which passages.

It keeps what it is told: it asks no model, searches nothing, and checks no citation. A conversation
may outlive its collection; its quotes stay readable.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Row, delete, func, or_, select, update
from sqlalchemy.orm import Session

from rag.branches import BEGINNING, Place, shown_path
from rag.conversation_titles import title_from
from rag.courtesies import courtesy
from rag.database import ConversationRow, TurnRow, WaitingQuestionRow, read, utc_now, write
from rag.errors import AskedAlready, StoreError
from rag.judgements import AnswerJudgement, as_kept, from_kept
from rag.types import Citation

FINAL_STATUSES = ("done", "stopped", "failed")


@dataclass(frozen=True)
class Conversation:
    """A conversation with one collection. Times are aware UTC; `settings` are dotted overrides."""

    id: str
    title: str
    collection: str
    owner: str
    pinned: bool
    created_at: datetime
    updated_at: datetime
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Turn:
    """One question and its answer.

    `position` tells in which order turns were asked; removed ones leave gaps. `answered` is None until
    known. `status` is running, done, stopped or failed. `details` holds what was spent and noted.
    `rating` is None without one, 1 for up, 0 for down; `judgement` is its reason (rag/judgements.py).
    `versions` are the ids of all turns in its place, itself included, oldest first.
    """

    id: str
    conversation_id: str
    position: int
    question: str
    answer: str
    answered: bool | None
    status: str
    error: str
    citations: tuple[Citation, ...]
    details: dict[str, Any]
    rating: int | None
    created_at: datetime
    judgement: dict[str, Any] = field(default_factory=dict)
    versions: tuple[str, ...] = ()


class History:
    """The conversations in one database. Safe to use from threads and processes at once.

    Every method raises StoreError when the database refuses, and for an unknown id.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(self, collection: str, *, owner: str = "local", title: str = "") -> Conversation:
        """Begin a conversation; without a title it takes one from its first question, not from a greeting."""
        now = utc_now()
        conversation = Conversation(
            id=_new_id(),
            title=title.strip(),
            collection=collection,
            owner=owner,
            pinned=False,
            created_at=now,
            updated_at=now,
        )
        # The row is made inside, since a second attempt needs a fresh one.
        write(self._engine, lambda session: session.add(ConversationRow(**vars(conversation))))
        return conversation

    def conversations(self, owner: str = "local", *, query: str = "", limit: int = 200) -> list[Conversation]:
        """An owner's conversations: pinned ones first, then the last used first.

        A query keeps those with it in the title, a question or an answer, capitals or not.
        """
        statement = select(ConversationRow).where(ConversationRow.owner == owner)
        if query.strip():
            wanted = query.strip().lower()
            in_turns = select(TurnRow.conversation_id).where(
                or_(
                    func.lower(TurnRow.question).contains(wanted, autoescape=True),
                    func.lower(TurnRow.answer).contains(wanted, autoescape=True),
                )
            )
            statement = statement.where(
                or_(
                    func.lower(ConversationRow.title).contains(wanted, autoescape=True),
                    ConversationRow.id.in_(in_turns),
                )
            )
        statement = statement.order_by(
            ConversationRow.pinned.desc(), ConversationRow.updated_at.desc(), ConversationRow.id
        ).limit(limit)
        return read(
            self._engine, lambda session: [_as_conversation(row) for row in session.scalars(statement)]
        )

    def get(self, conversation_id: str) -> Conversation:
        """The conversation of this id."""
        return read(self._engine, lambda session: _as_conversation(_conversation(session, conversation_id)))

    def rename(self, conversation_id: str, title: str) -> None:
        """Give it another title; an empty one lets the next question give one."""
        self._change(conversation_id, title=title.strip())

    def pin(self, conversation_id: str, pinned: bool = True) -> None:
        """Keep it at the top of the list, or no longer."""
        self._change(conversation_id, pinned=pinned)

    def set_settings(self, conversation_id: str, settings: Mapping[str, Any]) -> None:
        """Replace the settings that this conversation overrides."""
        self._change(conversation_id, settings=dict(settings))

    def delete(self, conversation_id: str) -> None:
        """Remove it with all its turns."""
        write(self._engine, lambda session: session.delete(_conversation(session, conversation_id)))

    def add_turn(
        self,
        conversation_id: str,
        question: str,
        *,
        beside: str = "",
        instead: bool = False,
        waited: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> Turn:
        """Write down a question before it is answered, with what is known of it; its status is running.

        It follows the last turn shown, or becomes another version of the turn `beside` and is the one
        shown; `instead` removes that turn, and what followed it follows the new one. `waited` is the id of
        the question that waited for this (rag/waiting_questions.py) and waits no longer once the turn is
        written down. Raises AskedAlready when it does not wait any more.
        """

        def work(session: Session) -> Turn:
            conversation = _conversation(session, conversation_id)
            if waited:
                _wait_no_longer(session, waited)
            now = utc_now()
            places = _places(session, conversation_id)
            path = shown_path(places)
            parent = _turn(session, beside).parent_id if beside else path[-1][0].id if path else BEGINNING
            row = TurnRow(
                id=_new_id(),
                conversation_id=conversation_id,
                position=1 + max((own.position for own in places), default=-1),
                judgement={},
                parent_id=parent,
                chosen=1 + max((own.chosen for own in places if own.parent_id == parent), default=-1),
                question=question,
                answer="",
                answered=None,
                status="running",
                error="",
                citations=[],
                details=dict(details or {}),
                rating=None,
                created_at=now,
            )
            session.add(row)
            if beside and instead:
                _take_out(session, beside, row.id)
            conversation.updated_at = now
            if not conversation.title and not courtesy(question):
                conversation.title = title_from(question)
            session.flush()
            return _as_turn(row)

        return write(self._engine, work)

    def finish_turn(
        self,
        turn_id: str,
        *,
        answer: str,
        status: str,
        citations: Iterable[Citation] = (),
        answered: bool | None = None,
        error: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> Turn:
        """Write down what became of a question; `status` is done, stopped or failed.

        `details` must be plain data that JSON knows (numpy numbers are taken too).
        """
        if status not in FINAL_STATUSES:
            raise StoreError(f"A turn cannot end as {status!r}. Use one of {', '.join(FINAL_STATUSES)}.")
        stored = [citation.as_dict() for citation in citations]

        def work(session: Session) -> Turn:
            row = _turn(session, turn_id)
            row.answer = answer
            row.status = status
            row.citations = stored
            row.answered = answered
            row.error = error
            row.details = dict(details or {})
            _conversation(session, row.conversation_id).updated_at = utc_now()
            session.flush()
            return _as_turn(row)

        return write(self._engine, work)

    def turns(self, conversation_id: str) -> list[Turn]:
        """The turns of a conversation in order; where there are versions, the one chosen last."""

        def work(session: Session) -> list[Turn]:
            _conversation(session, conversation_id)
            path = shown_path(_places(session, conversation_id))
            query = select(TurnRow.__table__).where(TurnRow.id.in_([place.id for place, _ in path]))
            rows = {row.id: row for row in session.execute(query)}
            return [_as_turn(rows[place.id], versions) for place, versions in path]

        return read(self._engine, work)

    def show_version(self, turn_id: str) -> None:
        """Let a turn, with what followed it, be the one shown of its versions."""

        def work(session: Session) -> None:
            row = _turn(session, turn_id)
            places = _places(session, row.conversation_id)
            row.chosen = 1 + max(own.chosen for own in places if own.parent_id == row.parent_id)

        write(self._engine, work)

    def rate(self, turn_id: str, rating: int | None, *, reason: str = "", note: str = "") -> None:
        """Keep a person's judgement of an answer, with the places it cites; None takes it back."""

        def work(session: Session) -> None:
            row = _turn(session, turn_id)
            row.rating = rating
            citations = [Citation.from_dict(stored) for stored in row.citations]
            row.judgement = {} if rating is None else as_kept(rating, reason, note, citations)

        write(self._engine, work)

    def judgements(self, collection: str, owner: str = "local") -> list[AnswerJudgement]:
        """What an owner thought of answers from a collection, oldest first; places elsewhere are left out."""
        query = (
            select(TurnRow, ConversationRow.collection)
            .join(ConversationRow, ConversationRow.id == TurnRow.conversation_id)
            .where(ConversationRow.owner == owner, TurnRow.rating.is_not(None))
            .order_by(TurnRow.created_at, TurnRow.id)
        )

        def work(session: Session) -> list[AnswerJudgement]:
            judged = (_judgement(row, own, collection) for row, own in session.execute(query))
            return [own for own in judged if own is not None]

        return read(self._engine, work)

    def recover(self, older_than: timedelta = timedelta(minutes=15)) -> int:
        """Mark turns as stopped that still run after so long: whoever answered them is gone.

        Says how many there were. An answer that comes after all may still be written down.
        """
        query = (
            update(TurnRow)
            .where(TurnRow.status == "running", TurnRow.created_at < utc_now() - older_than)
            .values(status="stopped", error="Askance was stopped before the answer was complete. Ask again.")
            .returning(TurnRow.id)
            .execution_options(synchronize_session=False)
        )
        return write(self._engine, lambda session: len(session.scalars(query).all()))

    def _change(self, conversation_id: str, **values: Any) -> None:
        def work(session: Session) -> None:
            row = _conversation(session, conversation_id)
            for name, value in values.items():
                setattr(row, name, value)

        write(self._engine, work)


def _new_id() -> str:
    return secrets.token_urlsafe(9)


def _conversation(session: Session, conversation_id: str) -> ConversationRow:
    row = session.get(ConversationRow, conversation_id)
    if row is None:
        raise StoreError(
            f"There is no conversation {conversation_id!r}; it may have been deleted. "
            "Choose another from the list, or start a new one."
        )
    return row


def _turn(session: Session, turn_id: str) -> TurnRow:
    row = session.get(TurnRow, turn_id)
    if row is None:
        raise StoreError(
            f"There is no turn {turn_id!r}; it may have been deleted. Load the conversation again."
        )
    return row


def _wait_no_longer(session: Session, waited: str) -> None:
    query = delete(WaitingQuestionRow).where(WaitingQuestionRow.id == waited)
    if session.scalar(query.returning(WaitingQuestionRow.id)) is None:
        raise AskedAlready("This question was asked from another window, or dropped. Look for its answer.")


def _judgement(row: TurnRow, own: str, collection: str) -> AnswerJudgement | None:
    """The judgement of a turn with its places in a collection; None where it is of others alone.

    A citation that names no collection is of the conversation's `own`, unless its files alone were asked.
    """
    if row.details.get("attached") is True:
        return None
    cited = [citation.get("collection") or own for citation in row.citations]
    if collection not in cited and (cited or own != collection):
        return None
    question = row.details.get("standalone", {}).get("text") or row.question
    judged = from_kept(row.id, collection, question, row.rating or 0, row.judgement)
    here = tuple(place for place, where in zip(judged.places, cited, strict=False) if where == collection)
    return replace(judged, places=here)


def _places(session: Session, conversation_id: str) -> list[Place]:
    """Where all turns of a conversation stand. What was said in them is not read: it is long."""
    query = select(TurnRow.id, TurnRow.parent_id, TurnRow.position, TurnRow.chosen).where(
        TurnRow.conversation_id == conversation_id
    )
    return [Place(*row) for row in session.execute(query)]


def _take_out(session: Session, turn_id: str, parent_id: str) -> None:
    """Remove a turn; what followed it follows `parent_id`."""
    session.execute(update(TurnRow).where(TurnRow.parent_id == turn_id).values(parent_id=parent_id))
    session.execute(delete(TurnRow).where(TurnRow.id == turn_id))


def _as_conversation(row: ConversationRow) -> Conversation:
    return Conversation(
        id=row.id,
        title=row.title,
        collection=row.collection,
        owner=row.owner,
        pinned=row.pinned,
        created_at=row.created_at,
        updated_at=row.updated_at,
        settings=row.settings,
    )


def _as_turn(row: TurnRow | Row[Any], versions: tuple[str, ...] = ()) -> Turn:
    return Turn(
        id=row.id,
        conversation_id=row.conversation_id,
        position=row.position,
        question=row.question,
        answer=row.answer,
        answered=row.answered,
        status=row.status,
        error=row.error,
        citations=tuple(Citation.from_dict(stored) for stored in row.citations),
        details=row.details,
        rating=row.rating,
        created_at=row.created_at,
        judgement=row.judgement,
        versions=versions or (row.id,),
    )
