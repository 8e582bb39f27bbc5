"""Chooses by what the question looks like. The rules are the whole of it, first match first:

1. It quotes a phrase or names a code: the words decide.
2. It is one or two words: meaning and words count alike.
3. Anything else is a question in words: late interaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.identifiers import exact_terms
from rag.rerankers.first_stage import LinearReranker
from rag.rerankers.late import LateInteractionReranker
from rag.rerankers.seam import Effort, Reranker
from rag.types import Hit, Query
from rag.words import words

#: Share of meaning where a code or a quoted phrase must be found.
EXACT_SHARE = 0.15
FEW_WORDS = 2


class QueryAwareReranker:
    """Hands each question to the reranker that its rule names."""

    name = "query-aware"
    needs: tuple[str, ...] = ("token_bits",)
    effort: Effort = "quick"

    def __init__(self, late_interaction: LateInteractionReranker) -> None:
        self._late_interaction = late_interaction

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        return self.chosen(query.text).score(query, hits)

    def chosen(self, question: str) -> Reranker:
        """The reranker for a question."""
        if exact_terms(question):
            return LinearReranker(EXACT_SHARE)
        if len(words(question)) <= FEW_WORDS:
            return LinearReranker(0.5)
        return self._late_interaction
