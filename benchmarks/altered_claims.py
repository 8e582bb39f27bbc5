"""Statements made of questions and answers, and false ones made of true ones; chance is its caller's."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from rag.exact_facts import names, negated, number_forms
from rag.words import stem, words

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_BE = ("is", "was", "are", "were")
_AUXILIARIES = (*_BE, "did", "does", "do", "has", "have", "had", "can", "could", "will", "would")
_DENIABLE = re.compile(r"\b(?:is|was|are|were|has|have|had|can|could|will|would)\b")
_ASKING = re.compile(r"\b(?:who|whom|whose|what|which|when|where|why|how)\b", re.IGNORECASE)


def statement(question: str, answer: str) -> str:
    """A question and an answer as one statement: crude English that has the words of both.

    "When did it begin?" and "1973" give "It did begin 1973."; what asks for a subject is replaced.
    """
    asked = question.strip().rstrip("?").strip()
    found = _ASKING.search(asked)
    if found is None:
        return f"{asked}: {answer}."
    before, after = asked[: found.start()].strip(), asked[found.end() :].split()
    auxiliary = next((index for index, word in enumerate(after) if word.lower() in _AUXILIARIES), None)
    if auxiliary is None:
        # "Who painted it": the answer takes the place of what asks.
        return _sentence(before, answer, *after)
    kind, rest = after[:auxiliary], after[auxiliary + 1 :]
    verb = after[auxiliary] if after[auxiliary].lower() not in ("did", "does", "do") else ""
    if after[auxiliary].lower() in _BE and not kind and found.group().lower() in ("what", "who"):
        return _sentence(before, *rest, verb, answer)
    return _sentence(*rest[:1], *rest[1:], verb, before, answer, *(kind if len(kind) < 3 else ()))


def altered_number(claim: str, passage: str, chance: random.Random) -> str:
    """The claim with one number changed to one that the passage does not have; "" without a number."""
    found = list(_NUMBER.finditer(claim))
    if not found:
        return ""
    chosen = chance.choice(found)
    known = number_forms(passage)
    for _ in range(50):
        digits = list(chosen.group())
        place = chance.choice([index for index, digit in enumerate(digits) if digit.isdigit()])
        digits[place] = chance.choice([digit for digit in "123456789" if digit != digits[place]])
        changed = "".join(digits)
        if not number_forms(changed) & known:
            return claim[: chosen.start()] + changed + claim[chosen.end() :]
    return ""


def altered_name(claim: str, passage: str, others: Sequence[str], chance: random.Random) -> str:
    """The claim with one name changed to one that the passage does not have; "" without a name."""
    own = sorted(set(names(claim).values()))
    if not own:
        return ""
    chosen = chance.choice(own)
    present = {stem(word) for word in words(passage)}
    for _ in range(50):
        other = chance.choice(others)
        if stem(other) not in present and other.isupper() == chosen.isupper():
            return re.sub(rf"\b{re.escape(chosen)}\b", other, claim, count=1)
    return ""


def other_number(claim: str, passage: str, chance: random.Random) -> str:
    """The claim with one number changed to another of the passage; "" when there is no other."""
    found = list(_NUMBER.finditer(claim))
    others = sorted(set(_NUMBER.findall(passage)) - set(_NUMBER.findall(claim)))
    if not found or not others:
        return ""
    chosen = chance.choice(found)
    return claim[: chosen.start()] + chance.choice(others) + claim[chosen.end() :]


def denied(claim: str) -> str:
    """The claim with a "not" after its first auxiliary verb; "" without one, or when it denies already."""
    found = _DENIABLE.search(claim)
    if found is None or negated(claim):
        return ""
    return f"{claim[: found.end()]} not{claim[found.end() :]}"


def _sentence(*parts: str) -> str:
    text = " ".join(part for part in parts if part)
    return f"{text[:1].upper()}{text[1:]}."
