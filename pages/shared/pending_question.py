"""Questions that wait to be asked, in order. Plain data; nothing is asked here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rag.attached_files import Asked
from rag.types import Scope


@dataclass(frozen=True)
class PendingQuestion:
    """A question, and how it is to be asked.

    `standalone` is what to search for in its place, empty to find that out. `beside` names the turn of
    which it is another version; with `instead` that turn goes. `scope` is what to ask, None for what is
    chosen; `asked` is which of its collections, None for what is chosen or, beside a turn, for that turn's.
    `overrides` are dotted settings for this question alone. With `needs_files` it came with files
    and is asked of them alone.
    """

    text: str
    standalone: str = ""
    beside: str = ""
    instead: bool = False
    scope: Scope | None = None
    asked: Asked | None = None
    overrides: tuple[tuple[str, Any], ...] = ()
    needs_files: bool = False


class WaitingQuestions:
    """The questions that wait, the next one first. One that waits already is not put in again."""

    def __init__(self) -> None:
        self._questions: list[PendingQuestion] = []

    def __iter__(self) -> Iterator[PendingQuestion]:
        return iter(tuple(self._questions))

    @property
    def next(self) -> PendingQuestion | None:
        """The one to ask next; it stays."""
        return self._questions[0] if self._questions else None

    def put(self, question: PendingQuestion) -> None:
        """Let it be asked after the others."""
        if question not in self._questions:
            self._questions.append(question)

    def take(self, question: PendingQuestion) -> None:
        """Let it wait no longer."""
        self._questions = [own for own in self._questions if own != question]

    def clear(self) -> None:
        """Let none wait."""
        self._questions = []

    def change(self, question: PendingQuestion, other: PendingQuestion) -> None:
        """Ask another in its place."""
        self._questions = [other if own == question else own for own in self._questions]
