"""Which sentences of the found passages speak to a question, and which of their words.

It reads the token signs kept with each passage: no second model runs. A sentence's score is the
weighted mean, over the question's tokens, of the best match among the sentence's own tokens; the
matches themselves are the words to highlight. Nothing here decides what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.embedders import Embedder
from rag.late_interaction import token_matches, unpack_signs
from rag.sentences import split_sentences
from rag.types import Hit, Query
from rag.words import FUNCTION_WORDS

#: Words that carry little of a question's meaning count this much beside the others.
FUNCTION_WORD_WEIGHT = 0.3
#: A passage's word is highlighted when its match with a word of the question is at least this cosine.
HIGHLIGHT_FROM = 0.45
#: A match in the sentence before counts this much beside one in the sentence or its headings.
BEFORE_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a hit. `start` and `end` are in the document's text; `hit` is an index into the hits.

    `matches` is float32[question tokens]: the best match of each. `around` is the same with the
    passage's headings and the sentence before, which a sentence leans on for what it speaks of.
    `words` are document spans of the words that matched.
    """

    hit: int
    position: int
    start: int
    end: int
    text: str
    score: float
    matches: NDArray[np.float32]
    around: NDArray[np.float32]
    words: tuple[tuple[int, int], ...]


def token_weights(query: Query, embedder: Embedder) -> NDArray[np.float32]:
    """A weight for each token of the question: function words and punctuation count little."""
    spans = embedder.token_spans(query.text)[: len(query.tokens)]
    weights = np.ones(len(query.tokens), np.float32)
    for index, (start, end) in enumerate(spans):
        if query.text[start:end].casefold() in FUNCTION_WORDS:
            weights[index] = FUNCTION_WORD_WEIGHT
    return weights


def sentence_evidence(query: Query, hits: Sequence[Hit], embedder: Embedder) -> list[Sentence]:
    """Every sentence of the hits with its score, in order of the hits and of their text."""
    weights = token_weights(query, embedder)
    sentences: list[Sentence] = []
    for index, hit in enumerate(hits):
        sentences += _of_hit(query, index, hit, embedder, weights)
    return sentences


def _of_hit(
    query: Query, index: int, hit: Hit, embedder: Embedder, weights: NDArray[np.float32]
) -> list[Sentence]:
    chunk = hit.chunk
    signs = unpack_signs(hit.token_bits or b"", embedder.dimension)
    if len(signs) == 0 or len(query.tokens) == 0:
        return []
    embedded = chunk.embedded_text
    offset = len(embedded) - len(chunk.text)
    spans = embedder.token_spans(embedded)[: len(signs)]
    starts = np.array([start for start, _ in spans])
    matches = token_matches(query.tokens, signs[: len(spans)])
    headings = matches[:, : np.searchsorted(starts, offset)].max(axis=1, initial=0.0)
    before = headings
    found: list[Sentence] = []
    for position, (start, end) in enumerate(split_sentences(chunk.text)):
        first, last = np.searchsorted(starts, [offset + start, offset + end])
        if first >= last:
            continue
        own = matches[:, first:last]
        best = own.max(axis=1)
        around = np.maximum(best, np.maximum(headings, BEFORE_SHARE * before))
        before = best
        words = _matched_words(own, spans[first:last], weights, embedded)
        found.append(
            Sentence(
                hit=index,
                position=position,
                start=chunk.start + start,
                end=chunk.start + end,
                text=chunk.text[start:end],
                score=float(np.average(best, weights=weights)),
                matches=best.astype(np.float32),
                around=around.astype(np.float32),
                words=tuple((chunk.start + a - offset, chunk.start + b - offset) for a, b in words),
            )
        )
    return found


def _matched_words(
    matches: NDArray[np.float32], spans: Sequence[tuple[int, int]], weights: NDArray[np.float32], text: str
) -> list[tuple[int, int]]:
    """Whole words around the tokens that best match the question's content words."""
    chosen: set[tuple[int, int]] = set()
    for row in np.flatnonzero(weights >= 1.0):
        column = int(matches[row].argmax())
        if matches[row, column] < HIGHLIGHT_FROM:
            continue
        start, end = spans[column]
        while start > 0 and text[start - 1].isalnum():
            start -= 1
        while end < len(text) and text[end].isalnum():
            end += 1
        if text[start:end].casefold() not in FUNCTION_WORDS:
            chosen.add((start, end))
    return sorted(chosen)
