"""What is said when the chosen model failed and another one answered, or when none did. Words only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answerers import EXTRACTIVE
from rag.errors import ModelError

BUILT_IN = "the built-in answerer"


@dataclass(frozen=True, slots=True)
class Failure:
    """An answerer, by its name in the settings, and why it did not answer."""

    name: str
    error: ModelError

    def as_dict(self) -> dict[str, str]:
        """The form kept with a turn."""
        return {"name": self.name, "reason": str(self.error)}


def in_place_of(failures: Sequence[Failure], name: str) -> list[str]:
    """Sentences for the user of an answer that `name` gave; none when it was the first to be asked."""
    if not failures:
        return []
    shown = BUILT_IN if name == EXTRACTIVE else name
    reasons = [f"{failure.name}: {failure.error}" for failure in failures]
    return [f"Answered by {shown}, since {failures[0].name} did not answer.", *reasons]


def none_answered(failures: Sequence[Failure]) -> ModelError:
    """The error to raise when each of them failed: the only one's own, or one that names them all."""
    first = failures[0].error
    if len(failures) == 1:
        return first
    reasons = " ".join(f"{failure.name}: {failure.error}" for failure in failures)
    return type(first)(f"None of {len(failures)} models answered. {reasons}")
