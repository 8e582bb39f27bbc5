"""How likely it is that the passages found hold an answer, from the signs kept with them.

The coefficients were fitted by benchmarks/decline.py; that file says on what. Nothing here
decides: rag.answer compares the estimate with what is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from rag.asked_codes import asked_codes
from rag.embedders import Embedder
from rag.evidence import token_weights
from rag.identifiers import holds_term
from rag.late_interaction import best_matches, unpack_signs
from rag.settings import Settings
from rag.types import Hit, Query
from rag.words import FUNCTION_WORDS, content_stems, stem, words

#: Passages looked at.
PASSAGES = 5
#: Among many passages some match well by chance: the number counts, between these.
FEWEST_SEARCHED, MOST_SEARCHED = 8, 200
#: A token of the question that matches less than this in a passage counts as matching this much.
LEAST_MATCH = 0.05
#: A code that stands in a passage matches there as a word does that is told from all others.
HELD_MATCH = 0.6
#: From this share of capitals within the sentences of the passages on, as German has, none tells a name;
#: so many words are needed to know.
CAPITALS_TELL_BELOW, WORDS_TO_TELL = 0.27, 20
#: A word within a sentence: before it stands a word in small letters, or a comma.
_WITHIN = re.compile(r"(?:(?<=[^\W\d_A-Z] )|(?<=, ))[^\W\d_]{2,}")
#: Fitted weights of the features below, in their order, and the intercept. That of the number is some half
#: of what fits English: with more, small German and Spanish collections answer what they do not hold.
COEFFICIENTS = (23.29, 4.62, -4.69, -0.7)
INTERCEPT = -9.58
#: A model that can read between the lines is asked at a lower estimate than the built-in answerer needs.
MODEL_SHARE = 0.5


def needed_confidence(settings: Settings) -> float:
    """The estimated chance of an answer below which none is given."""
    return settings.answer.decline_below * (1.0 if settings.answer.model == "extractive" else MODEL_SHARE)


def confidence(query: Query, hits: Sequence[Hit], searched: int, embedder: Embedder) -> float:
    """The estimated chance, 0 to 1, that the hits, the best of so many passages, answer the question.

    0 without hits.
    """
    values = features(query, hits, searched, embedder)
    if values is None:
        return 0.0
    logit = INTERCEPT + float(np.dot(COEFFICIENTS, values))
    return float(1.0 / (1.0 + np.exp(-logit)))


def features(
    query: Query, hits: Sequence[Hit], searched: int, embedder: Embedder
) -> tuple[float, float, float, float] | None:
    """What the estimate rests on; None without hits:

    how well the best passage matches the question's tokens (root mean square, so that a few exact
    matches tell more than many vague ones; a code that stands in it counts as found); the best cosine of
    the question with a passage as a whole; the share of the question's words that are names or numbers
    and stand in no passage, where names are told by their capitals if these are few; and the logarithm of the
    number of passages searched, of which the best matches the better by chance the more there are.
    """
    considered = [hit for hit in hits[:PASSAGES] if hit.token_bits]
    if not considered or len(query.tokens) == 0:
        return None
    passages = [unpack_signs(hit.token_bits or b"", embedder.dimension) for hit in considered]
    best = np.maximum(best_matches(query.tokens, passages), LEAST_MATCH)
    for code, tokens in _codes_with_tokens(query, embedder):
        held = [place for place, hit in enumerate(considered) if holds_term(hit.chunk.embedded_text, code)]
        best[np.ix_(tokens, held)] = np.maximum(best[np.ix_(tokens, held)], HELD_MATCH)
    squares = np.average(best**2, axis=0, weights=token_weights(query, embedder))
    number = float(np.log(np.clip(searched, FEWEST_SEARCHED, MOST_SEARCHED)))
    return float(np.sqrt(squares.max())), _closeness(query, passages), _absent(query.text, considered), number


def _codes_with_tokens(query: Query, embedder: Embedder) -> Iterator[tuple[str, list[int]]]:
    """The codes and long numbers of a question and their tokens, which are alike in all of them."""
    codes = asked_codes(query.text)
    spans = embedder.token_spans(query.text)[: len(query.tokens)] if codes else []
    for code in codes:
        places = [match.span() for match in re.finditer(re.escape(code), query.text)]
        inside = [any(first <= start and end <= last for first, last in places) for start, end in spans]
        yield code, [number for number, own in enumerate(inside) if own]


def _closeness(query: Query, passages: Sequence[np.ndarray]) -> float:
    """The cosine that the mean of a passage's signs, which is near its vector, has with the question."""
    means = np.array([passage.mean(axis=0) for passage in passages])
    lengths = np.maximum(np.linalg.norm(means, axis=1), 1e-9)
    return float((means @ query.vector / lengths).max())


def _absent(question: str, hits: Sequence[Hit]) -> float:
    present: set[str] = set().union(*(content_stems(hit.chunk.embedded_text) for hit in hits))
    capitals_tell = _capitals_tell(hits)
    named = {
        stem(word)
        for position, word in enumerate(words(question))
        if any(map(str.isdigit, word))
        or (
            capitals_tell
            and position > 0
            and word[0].isupper()
            and len(word) > 1
            and word.casefold() not in FUNCTION_WORDS
        )
    }
    return len(named - present) / max(len(content_stems(question)), 1)


def _capitals_tell(hits: Sequence[Hit]) -> bool:
    """Whether a capital within a sentence is a sign of a name; in German every noun has one."""
    within = [word for hit in hits for word in _WITHIN.findall(hit.chunk.text)]
    capitals = sum(word[0].isupper() for word in within)
    return len(within) < WORDS_TO_TELL or capitals < CAPITALS_TELL_BELOW * len(within)
