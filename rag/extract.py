"""The built-in answerer: the few sentences that best answer, verbatim, grouped by passage and cited.

It quotes and never writes a sentence of its own, so it needs no model beyond the embedder. Whether
to answer at all is decided in rag.confidence.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.embedders import Embedder
from rag.evidence import Sentence, sentence_evidence
from rag.types import Citation, Hit, Query

#: Passages whose sentences are considered.
PASSAGES = 6
#: What a sentence loses for each rank of its passage.
RANK_PENALTY = 0.02
#: A further sentence must come this near to the best one's score.
NEARNESS = 0.8
#: Most quotes in an answer.
MOST_QUOTES = 3


def extract(query: Query, hits: Sequence[Hit], embedder: Embedder, *, most_words: int) -> list[Citation]:
    """The quotes that answer, numbered in order of their passages' rank.

    At most `most_words` words in all, unless the best sentence alone has more.
    """
    considered = list(hits[:PASSAGES])
    sentences = sentence_evidence(query, considered, embedder)
    if not sentences:
        return []
    value = {id(sentence): sentence.score - RANK_PENALTY * sentence.hit for sentence in sentences}
    ordered = sorted(sentences, key=lambda sentence: -value[id(sentence)])
    best = value[id(ordered[0])]
    chosen: list[Sentence] = []
    words = 0
    for sentence in ordered:
        length = len(sentence.text.split())
        if chosen and (value[id(sentence)] < NEARNESS * best or words + length > most_words):
            continue
        if any(_same_words(sentence, other) for other in chosen):
            continue
        chosen.append(sentence)
        words += length
    return _citations(chosen, considered)


def answer_text(citations: Sequence[Citation]) -> str:
    """The quotes as plain text, each with its number."""
    return "\n\n".join(f"“{' '.join(citation.quote.split())}” [{citation.number}]" for citation in citations)


def _citations(chosen: Sequence[Sentence], hits: Sequence[Hit]) -> list[Citation]:
    """Neighbouring sentences of a passage become one quote; passages keep their order."""
    runs: list[list[Sentence]] = []
    for sentence in sorted(chosen, key=lambda sentence: (sentence.hit, sentence.position)):
        last = runs[-1][-1] if runs else None
        if last is not None and last.hit == sentence.hit and last.position + 1 == sentence.position:
            runs[-1].append(sentence)
        else:
            runs.append([sentence])
    best_first = sorted(runs, key=lambda run: -max(sentence.score for sentence in run))[:MOST_QUOTES]
    kept = [run for run in runs if any(run is other for other in best_first)]
    return [
        quoted(number, hits[run[0].hit], run[0].start, run[-1].end, run)
        for number, run in enumerate(kept, start=1)
    ]


def quoted(number: int, hit: Hit, start: int, end: int, sentences: Sequence[Sentence]) -> Citation:
    """A citation of a span of a hit's document, given in the document's offsets."""
    chunk = hit.chunk
    return Citation(
        number=number,
        document=chunk.document,
        document_id=chunk.document_id,
        chunk_id=chunk.id,
        page=chunk.page,
        start=start,
        end=end,
        quote=chunk.text[start - chunk.start : end - chunk.start],
        score=round(max(sentence.score for sentence in sentences), 4) if sentences else None,
        words=tuple(span for sentence in sentences for span in sentence.words),
    )


def _same_words(sentence: Sentence, other: Sentence) -> bool:
    """Whether overlapping passages brought the same sentence twice, or one says what another said."""
    return sentence.text.split() == other.text.split()
