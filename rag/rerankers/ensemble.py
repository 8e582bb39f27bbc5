"""Several rerankers together: the mean of their scores, each in standard deviations from its mean.

It takes any members but another ensemble. If one fails, the whole does, with that one's reason.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rag.errors import SettingsError
from rag.rerankers.scales import standard
from rag.rerankers.seam import Effort, Reranker
from rag.types import Hit, Query


class EnsembleReranker:
    """Each member counts alike, whatever the scale of its scores."""

    name = "ensemble"

    def __init__(self, members: Sequence[Reranker]) -> None:
        self._members = members
        self.needs = tuple(sorted({column for member in members for column in member.needs}))
        efforts = {member.effort for member in members}
        self.effort: Effort = next(own for own in ("remote", "reading", "quick") if own in efforts)

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        if not hits:
            return []
        scores = [standard(np.array(member.score(query, hits))) for member in self._members]
        return [float(score) for score in np.mean(scores, axis=0)]

    def prepare(self) -> None:
        """Load what the members need."""
        for member in self._members:
            if load := getattr(member, "prepare", None):
                load()


def member_names(text: str, known: Sequence[str]) -> list[str]:
    """The rerankers that a setting such as `late-interaction+linear` names. Raises SettingsError."""
    names = [name.strip() for name in text.split("+") if name.strip()]
    allowed = [name for name in known if name != "ensemble"]
    wrong = [name for name in names if name not in allowed]
    if wrong or len(names) < 2 or len(set(names)) < len(names):
        said = f"{wrong[0]!r} is none of them" if wrong else "two or more, each once, are needed"
        raise SettingsError(
            f"reranking.ensemble = {text!r}: {said}. Join with + some of: {', '.join(allowed)}."
        )
    return names
