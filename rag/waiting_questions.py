"""Questions that wait for their turn in a conversation: kept with it, and each taken out once.

Whoever takes one asks it, so that two viewers of a conversation never ask it twice. Nothing is asked here,
and nothing decides when a turn has come.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from rag.attached_files import Asked
from rag.database import ConversationRow, WaitingQuestionRow, read, write
from rag.errors import StoreError
from rag.types import Scope


@dataclass(frozen=True)
class WaitingQuestion:
    """A question, and how it is to be asked.

    `standalone` is what to search for in its place, empty to find that out. `beside` names the turn of
    which it is another version; with `instead` that turn goes. `scope` is what to ask, None for what is
    chosen; `asked` is which of its collections, None for what is chosen or, beside a turn, for that turn's.
    `overrides` are dotted settings for this question alone. With `needs_files` it came with files
    and is asked of them alone. `id` is empty until it is kept.
    """

    text: str
    standalone: str = ""
    beside: str = ""
    instead: bool = False
    scope: Scope | None = None
    asked: Asked | None = None
    overrides: tuple[tuple[str, Any], ...] = ()
    needs_files: bool = False
    id: str = field(default="", compare=False)

    def as_dict(self) -> dict[str, Any]:
        """The form kept in the database."""
        return {
            "text": self.text,
            "standalone": self.standalone,
            "beside": self.beside,
            "instead": self.instead,
            "scope": None if self.scope is None else self.scope.as_dict(),
            "asked": self.asked and self.asked.value,
            "overrides": [list(own) for own in self.overrides],
            "needs_files": self.needs_files,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any], identifier: str = "") -> WaitingQuestion:
        """The question kept so."""
        scope, asked = stored["scope"], stored["asked"]
        parts: dict[str, Any] = dict(stored) | {
            "scope": None if scope is None else Scope.from_dict(scope),
            "asked": Asked(asked) if asked else None,
            "overrides": tuple((path, value) for path, value in stored["overrides"]),
        }
        return cls(**parts, id=identifier)


class WaitingQuestions:
    """The questions that wait, of all conversations in one database. Safe for threads and processes at once.

    Every method raises StoreError when the database refuses.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def of(self, conversation_id: str) -> list[WaitingQuestion]:
        """Those of a conversation, the next one first."""
        return read(self._engine, lambda session: [_question(row) for row in _rows(session, conversation_id)])

    def put(self, conversation_id: str, question: WaitingQuestion) -> None:
        """Let it be asked after the others, unless the same waits already.

        Raises StoreError when the conversation is gone.
        """

        def work(session: Session) -> None:
            if session.get(ConversationRow, conversation_id) is None:
                raise StoreError("This conversation was deleted meanwhile. Ask in another, or in a new one.")
            rows = _rows(session, conversation_id)
            if question not in map(_question, rows):
                session.add(
                    WaitingQuestionRow(
                        id=secrets.token_urlsafe(9),
                        conversation_id=conversation_id,
                        position=1 + max((row.position for row in rows), default=-1),
                        question=question.as_dict(),
                    )
                )

        write(self._engine, work)

    def take(self, question: WaitingQuestion) -> bool:
        """Let a kept one wait no longer; False when it does not, since it was taken before."""
        query = (
            delete(WaitingQuestionRow)
            .where(WaitingQuestionRow.id == question.id)
            .returning(WaitingQuestionRow.id)
        )
        return write(self._engine, lambda session: session.scalar(query) is not None)

    def change(self, question: WaitingQuestion, other: WaitingQuestion) -> None:
        """Ask another in the place of a kept one, unless the same waits already.

        Nothing happens when that waits no longer.
        """

        def work(session: Session) -> None:
            row = session.get(WaitingQuestionRow, question.id)
            if row is None:
                return
            if other in (_question(own) for own in _rows(session, row.conversation_id) if own is not row):
                session.delete(row)
            else:
                row.question = other.as_dict()

        write(self._engine, work)


def _rows(session: Session, conversation_id: str) -> list[WaitingQuestionRow]:
    query = (
        select(WaitingQuestionRow)
        .where(WaitingQuestionRow.conversation_id == conversation_id)
        .order_by(WaitingQuestionRow.position)
    )
    return list(session.scalars(query))


def _question(row: WaitingQuestionRow) -> WaitingQuestion:
    return WaitingQuestion.from_dict(row.question, row.id)
