"""The questions that wait in the open conversation or, before there is one, in this visit. It asks none."""

from __future__ import annotations

from collections.abc import Iterator

from rag.errors import StoreError
from rag.waiting_questions import WaitingQuestion, WaitingQuestions


class Waiting:
    """The questions that wait, the next one first. `held` are those that no conversation keeps yet."""

    def __init__(
        self, kept: WaitingQuestions, conversation_id: str | None, held: list[WaitingQuestion]
    ) -> None:
        self._kept = kept
        self._conversation_id = conversation_id
        self._held = held

    def __iter__(self) -> Iterator[WaitingQuestion]:
        if self._conversation_id is None:
            return iter(tuple(self._held))
        while self._held:
            self._kept.put(self._conversation_id, self._held[0])
            del self._held[0]
        return iter(self._kept.of(self._conversation_id))

    @property
    def next(self) -> WaitingQuestion | None:
        """The one to ask next; it stays."""
        return next(iter(self), None)

    def put(self, question: WaitingQuestion) -> None:
        """Let it be asked after the others, unless the same waits already."""
        try:
            if self._conversation_id is not None:
                self._kept.put(self._conversation_id, question)
                return
        except StoreError:
            # The conversation was deleted in another window; a new one begins with the question.
            pass
        if question not in self._held:
            self._held.append(question)

    def take(self, question: WaitingQuestion) -> None:
        """Let it wait no longer."""
        for own in self:
            if own == question:
                self._kept.take(own)
        self._held[:] = [own for own in self._held if own != question]

    def change(self, question: WaitingQuestion, other: WaitingQuestion) -> None:
        """Ask another in its place."""
        for own in self:
            if own == question:
                self._kept.change(own, other)
        self._held[:] = [other if own == question else own for own in self._held]
