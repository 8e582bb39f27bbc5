"""Whether the passages bear out each sentence of an answer: supported, weak or unsupported.

A sentence is held against the passages it cites or, when it cites none, against all that the model
was given: by the token signs kept with the passages, and by exact comparison of numbers, dates,
names and negation. The weights were fitted by `python -m benchmarks.support --fit`. It asks no
model, changes no answer, and cannot tell a sentence from its contrary when both use the same words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.citations import blocks_of_signs, cited_numbers, to_plain, without_citations
from rag.embedders import Embedder
from rag.evidence import Sentence, sentence_evidence, token_weights
from rag.exact_facts import folded_words, is_named, names, negated, number_forms, numbers
from rag.sentences import split_sentences
from rag.types import Hit, Query
from rag.words import content_stems

SUPPORTED, WEAK, UNSUPPORTED = "supported", "weak", "unsupported"
#: Estimated chance of support below which a sentence is unsupported, and below which it is weak.
UNSUPPORTED_BELOW = 0.5
WEAK_BELOW = 0.65
#: Fitted weights of the columns of `features`, in their order, and the intercept.
COEFFICIENTS = (4.65, -4.02, -3.47, -3.28, -3.01)
INTERCEPT = -0.56
#: Part of the sentence's tokens, the worst matched ones, of whose matches the first feature is the mean.
WORST_PART = 0.2

_MARKER = re.compile(r"^[\s>#*_•◦▪-]*(?:\(?\d{1,3}[.)]\s+)?")
#: What follows the header row of a Markdown table.
_TABLE_RULE = re.compile(r"[ \t]*+\n[ \t]*+\|?+[ \t]*+:?+-++:?+[ \t]*+\|")
#: What an answer says of the passages themselves: no claim that they could bear out.
_ABOUT_PASSAGES = re.compile(
    r"\b(?:passages?|documents?|sources?|texts?|excerpts?|context)\b.{0,60}"
    r"\b(?:not|no|only|nothing|silent|n['’]t)\b"
    r"|\b(?:no|none of the|nothing in the) (?:passages?|documents?|sources?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Support:
    """What became of one sentence, `answer[start:end]` with its citations.

    `chance` is the estimated chance, 0 to 1, that the passages bear it out; `reasons` are sentences
    for the user, empty for a supported one. `passages` are the numbers it cites, none for all.
    """

    start: int
    end: int
    verdict: str
    chance: float
    passages: tuple[int, ...]
    reasons: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The form kept in the history."""
        return {
            "start": self.start,
            "end": self.end,
            "verdict": self.verdict,
            "chance": self.chance,
            "passages": list(self.passages),
            "reasons": list(self.reasons),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Support:
        """Read back what `as_dict` wrote."""
        return cls(**{**stored, "passages": tuple(stored["passages"]), "reasons": tuple(stored["reasons"])})


@dataclass(frozen=True, slots=True)
class Compared:
    """A sentence beside its passages: the features of the estimate, and what differs, as written."""

    values: NDArray[np.float64]
    numbers_missing: tuple[str, ...]
    numbers_elsewhere: tuple[str, ...]
    names_missing: tuple[str, ...]
    negation_differs: bool


def check_support(answer: str, hits: Sequence[Hit], embedder: Embedder) -> list[Support]:
    """Every sentence of an answer that claims something, in order; empty without passages.

    `answer` is Markdown as a CitationFilter gave it; passage [n] of it is `hits[n - 1]`. Headings, also
    of tables, lead-ins that end in a colon, questions, blocks of code, formulas, and what is said of the
    passages themselves claim nothing.
    """
    blocks = blocks_of_signs(answer)
    claims = [
        (start, end, _cited(answer[start:end], len(hits)), claim)
        for start, end in split_sentences(answer)
        if not _heads_table(answer, start, end)
        and not any(start < last and end > first for first, last in blocks)
        and (claim := claim_of(answer[start:end]))
    ]
    if not claims or not hits:
        return []
    vectors, tokens = embedder.embed_with_tokens([claim for *_, claim in claims], query=True)
    checked = []
    for (start, end, cited, claim), vector, own in zip(claims, vectors, tokens, strict=True):
        held_against = [hits[number - 1] for number in cited] or list(hits)
        compared = compare(Query(claim, vector, own), held_against, embedder)
        chance = chance_of_support(compared.values)
        verdict = verdict_of(chance)
        reasons = _reasons(compared, bool(cited)) if verdict != SUPPORTED else ()
        checked.append(Support(start, end, verdict, round(chance, 4), cited, reasons))
    return checked


def _heads_table(answer: str, start: int, end: int) -> bool:
    return "|" in answer[start:end] and bool(_TABLE_RULE.match(answer, end))


def claim_of(sentence: str) -> str:
    """A sentence of an answer without its marks and citations; empty when it claims nothing."""
    if sentence.lstrip().startswith(("#", "```", "~~~", "|--", "| --")):
        return ""
    claim = _MARKER.sub("", to_plain(without_citations(sentence)).replace("*", "")).strip()
    if claim.endswith((":", "?")) or not content_stems(claim) or _ABOUT_PASSAGES.search(claim):
        return ""
    return claim


def compare(claim: Query, hits: Sequence[Hit], embedder: Embedder) -> Compared:
    """Hold a claim against passages.

    The features are: mean match of its worst matched tokens with the passages, each sentence read with
    its headings and the one before; numbers that no passage has, numbers that
    only other sentences than the nearest have, names that no passage has, each up to 2; and whether
    claim and nearest sentence differ in negation.
    """
    sentences = sentence_evidence(claim, hits, embedder)
    weights = token_weights(claim, embedder)
    near = _nearest(sentences, weights)
    headers = " ".join(hit.chunk.header for hit in hits)
    near_text = " ".join([headers, *(own.text for own in near)])
    texts = " \n".join([headers, *(hit.chunk.text for hit in hits)])
    own_numbers, own_names = numbers(claim.text), names(claim.text)
    forms, near_forms = number_forms(texts), number_forms(near_text)
    known = folded_words(texts)
    missing = [written for own, written in own_numbers.items() if own not in forms]
    moved = [written for own, written in own_numbers.items() if own in forms and own not in near_forms]
    unnamed = [written for own, written in own_names.items() if not is_named(own, known)]
    differs = bool(near) and negated(claim.text) != negated(near[-1].text)
    counts = [min(len(found), 2) for found in (missing, moved, unnamed)]
    values = np.array([_worst_match(sentences, weights), *counts, differs], np.float64)
    return Compared(values, tuple(missing), tuple(moved), tuple(unnamed), differs)


def _worst_match(sentences: Sequence[Sentence], weights: NDArray[np.float32]) -> float:
    if not sentences:
        return 0.0
    best = np.max([own.around for own in sentences], axis=0)
    content = best[weights >= 1.0]
    ordered = np.sort(content if len(content) else best)
    worst = ordered[: max(1, round(WORST_PART * len(ordered)))]
    return float(worst.mean())


def chance_of_support(values: NDArray[np.float64]) -> float:
    """The estimated chance that passages with these features bear a claim out."""
    logit = INTERCEPT + float(np.dot(COEFFICIENTS, values))
    return float(1.0 / (1.0 + np.exp(-logit)))


def verdict_of(chance: float) -> str:
    """The word for an estimated chance of support."""
    if chance < UNSUPPORTED_BELOW:
        return UNSUPPORTED
    return WEAK if chance < WEAK_BELOW else SUPPORTED


def _nearest(sentences: Sequence[Sentence], weights: NDArray[np.float32]) -> list[Sentence]:
    """The sentence before the best one, when there is one, and the best one."""
    if not sentences:
        return []
    best = int(np.argmax([np.average(own.around, weights=weights) for own in sentences]))
    before = [sentences[best - 1]] if best and sentences[best - 1].hit == sentences[best].hit else []
    return [*before, sentences[best]]


def _cited(sentence: str, passages: int) -> tuple[int, ...]:
    return tuple(number for number in cited_numbers(sentence) if 1 <= number <= passages)


def _reasons(compared: Compared, cites: bool) -> tuple[str, ...]:
    where = "the passages it cites" if cites else "the passages that were read"
    reasons = []
    if compared.numbers_missing:
        reasons.append(f"{_listed(compared.numbers_missing)} is not in {where}.")
    if compared.names_missing:
        reasons.append(f"{_listed(compared.names_missing)} is not named in {where}.")
    if compared.numbers_elsewhere and not reasons:
        reasons.append(
            f"{_listed(compared.numbers_elsewhere)} stands there, but not in the nearest sentence."
        )
    if compared.negation_differs:
        reasons.append("This and the nearest sentence differ in a “not”.")
    if not reasons:
        reasons.append(f"No sentence of {where} comes close enough to it.")
    return tuple(reasons)


def _listed(found: Sequence[str]) -> str:
    return ", ".join(f"“{' '.join(own.split())}”" for own in found[:3])
