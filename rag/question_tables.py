"""The relational tables of question sets and of the evaluations made with them.

Only their shape; rag/question_sets.py and rag/evaluation_runs.py know what the rows mean. They name
collections without a foreign key: figures may outlive what they were measured on.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from rag.column_types import Prose, UtcDateTime
from rag.database import Base


class QuestionSetRow(Base):
    """A named set of questions about a collection."""

    __tablename__ = "question_sets"
    __table_args__ = (UniqueConstraint("collection", "name"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    collection: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Prose)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SetQuestionRow(Base):
    """A question of a set. `judgements` are places in documents with a grade; see rag/question_sets.py."""

    __tablename__ = "set_questions"

    set_id: Mapped[str] = mapped_column(
        Text, ForeignKey("question_sets.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Prose)
    origin: Mapped[str] = mapped_column(Text)
    judgements: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class EvaluationRow(Base):
    """Settings measured over questions, both as they were then.

    `set_collection` is the collection that the question set was kept with, one of those asked. `state` is
    running, stopped, done or failed. `scope` is what the questions were asked of, `left_out` how many of the
    set it rules out, `lost` how many right passages were no longer in their documents.
    """

    __tablename__ = "evaluations"
    __table_args__ = (Index(None, "collection", "created_at"),)

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    collection: Mapped[str] = mapped_column(Text)
    set_name: Mapped[str] = mapped_column(Prose)
    set_collection: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    error: Mapped[str] = mapped_column(Prose)
    variants: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    scope: Mapped[dict[str, Any]] = mapped_column(JSON)
    left_out: Mapped[int]
    lost: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class EvaluationLineRow(Base):
    """What one of an evaluation's settings, `variant` from 0, made of one of its questions."""

    __tablename__ = "evaluation_lines"

    evaluation_id: Mapped[str] = mapped_column(
        Text, ForeignKey("evaluations.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    variant: Mapped[int] = mapped_column(primary_key=True)
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
