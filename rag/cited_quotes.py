"""For each passage that a model's answer cites, the quote that best bears out the sentences that cite it.

The quotes come from the passages as stored, never from what the model wrote. It judges nothing: whether a
quote bears a sentence out is rag.verify's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag.citations import cited_numbers, to_plain, without_citations
from rag.embedders import Embedder
from rag.evidence import Sentence, sentence_evidence
from rag.extract import quoted
from rag.sentences import split_sentences
from rag.types import Citation, Hit, Query


def cited_quotes(text: str, hits: Sequence[Hit], used: Iterable[int], embedder: Embedder) -> list[Citation]:
    """Citations by number. `text` is what a CitationFilter gave, `used` the numbers that it let through;
    passage [n] is `hits[n - 1]`.
    """
    citing: dict[int, list[str]] = {}
    for start, end in split_sentences(text):
        sentence = text[start:end]
        for number in cited_numbers(sentence):
            citing.setdefault(number, []).append(without_citations(sentence))
    # What the filter let through as citations: a number in brackets within code is none.
    numbers = sorted(set(citing).intersection(used))
    if not numbers:
        return []
    claims = [to_plain(" ".join(citing[number])) for number in numbers]
    vectors, tokens = embedder.embed_with_tokens(claims, query=True)
    citations = []
    for claim, vector, own, number in zip(claims, vectors, tokens, numbers, strict=True):
        hit = hits[number - 1]
        run = _best_run(sentence_evidence(Query(claim, vector, own), [hit], embedder))
        start, end = (run[0].start, run[-1].end) if run else (hit.chunk.start, hit.chunk.end)
        citations.append(quoted(number, hit, start, end, run))
    return citations


def _best_run(sentences: Sequence[Sentence]) -> list[Sentence]:
    """The best sentence and its neighbours that come near to it."""
    if not sentences:
        return []
    best = max(range(len(sentences)), key=lambda index: sentences[index].score)
    first = last = best
    while first > 0 and sentences[first - 1].score >= 0.9 * sentences[best].score:
        first -= 1
    while last + 1 < len(sentences) and sentences[last + 1].score >= 0.9 * sentences[best].score:
        last += 1
    return list(sentences[first : last + 1])
