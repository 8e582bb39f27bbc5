"""How likely each sentence of the found passages is the one that answers.

A few signs of it are added up with weights that `python -m benchmarks.answers --fit` found; the
signs compare the sentences of one search with each other, so they mean the same in any collection.
Nothing here decides how much is quoted or whether to answer at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.evidence import Sentence
from rag.expected_answer import expected_kind, offers
from rag.types import Query
from rag.words import content_stems

#: Weights of the columns of `signs`, in their order.
WEIGHTS = (38.7, 3.88, 2.22, 0.44, -0.58, -0.84)


def chances(query: Query, sentences: Sequence[Sentence], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """For each sentence the chance, as these go, that it answers: they sum to 1 over the sentences.

    `weights` are those of the question's tokens.
    """
    logits = signs(query, sentences, weights) @ np.array(WEIGHTS)
    raised = np.exp(logits - logits.max(initial=-np.inf))
    shares: NDArray[np.float64] = raised / max(raised.sum(), 1e-12)
    return shares


def signs(query: Query, sentences: Sequence[Sentence], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """float64[sentences, 6], the columns being: match of meaning, with headings and the sentence
    before; share of the question's words; whether it offers the kind of thing asked for; nearness
    of its passage to the top; log of its length in words; whether it begins its passage.

    In the first two, what most sentences have counts little: it tells none from the others.
    """
    if not sentences:
        return np.zeros((0, len(WEIGHTS)))
    kind = expected_kind(query.text)
    telling = weights * (1.0 - np.mean([sentence.matches for sentence in sentences], axis=0))
    shares = _word_shares(query, sentences)
    return np.array(
        [
            (
                np.average(sentence.around, weights=telling),
                share,
                offers(kind, sentence.text, query.text),
                1.0 / (1 + sentence.hit),
                np.log1p(len(sentence.text.split())),
                sentence.position == 0,
            )
            for sentence, share in zip(sentences, shares, strict=True)
        ],
        np.float64,
    )


def _word_shares(query: Query, sentences: Sequence[Sentence]) -> list[float]:
    """The share of the question's words in each sentence, rare ones among the sentences weighing more."""
    asked = content_stems(query.text)
    own = [content_stems(sentence.text) & asked for sentence in sentences]
    frequency = Counter(stem for stems in own for stem in stems)
    weight = {stem: float(np.log((len(sentences) + 1) / (frequency[stem] + 0.5))) for stem in sorted(asked)}
    total = sum(weight.values()) or 1.0
    return [sum(weight[stem] for stem in sorted(stems)) / total for stems in own]
