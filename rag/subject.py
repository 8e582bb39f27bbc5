"""The passages for a question, and whether a short one goes on with the subject or begins another.

“Cost?” after a question about a repair asks for the repair's; “capital of Oklahoma” does not. The passages
tell: words carried over from earlier questions stay when passages that speak of them have what the
question's own words ask for, and go otherwise, so that an old subject never answers a new question.
Nothing is rewritten here, and nothing is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rag.confidence import confidence
from rag.embedders import Embedder, query_of
from rag.follow_up import Standalone, carried_over, says_little, says_what
from rag.types import SearchResult
from rag.words import content_stems

#: The share of the estimate needed for an answer that the question's own words must reach by themselves.
OWN_SHARE = 0.5
#: A passage speaks of the subject when it has this share of the words carried over.
SPEAKING_SHARE = 0.5


@dataclass(frozen=True)
class Found:
    """What was searched for, what came, and the estimated chance that it answers."""

    standalone: Standalone
    result: SearchResult
    confidence: float


def find(
    question: str,
    standalone: Standalone,
    *,
    search: Callable[[str], SearchResult],
    embedder: Embedder,
    needed: float,
) -> Found:
    """Search for what `question` was made to mean, or for itself where it turns out to stand alone.

    `needed` is the chance from which passages are taken to answer.
    """
    result = search(standalone.text)
    found = Found(standalone, result, confidence(result.query, result.hits, result.searched, embedder))
    if standalone.by != "rules" or not says_little(question):
        return found
    carried = carried_over(question, standalone.text)
    speaking = [
        hit
        for hit in result.hits
        if len(carried & content_stems(hit.chunk.embedded_text)) >= SPEAKING_SHARE * len(carried)
    ]
    own = confidence(query_of(question, embedder), speaking, result.searched, embedder)
    goes_on = found.confidence >= needed and bool(speaking) and own >= OWN_SHARE * needed
    if goes_on and not says_what(question):
        return found
    other = search(question)
    alone = Found(Standalone(question), other, confidence(other.query, other.hits, other.searched, embedder))
    if not goes_on:
        return alone
    # Where the first passage is the same, what was carried over tells nothing that the question does not.
    same = bool(other.hits) and other.hits[0].chunk.id == result.hits[0].chunk.id
    return alone if same and alone.confidence >= needed else found
