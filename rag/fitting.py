"""How many passages and earlier turns would fit under other budgets, by their sizes alone.

It follows rag.context in order and limits, but shortens and sums up nothing, and counts no text.
"""

from __future__ import annotations

from dataclasses import dataclass

from rag.agreement import INSTRUCTION_TOKENS
from rag.settings import AnswerSettings, Settings

#: Tokens of a passage beside its text: fence, name and headings. Tokens of a usual turn, and how many.
PASSAGE_FRAME, USUAL_TURN, USUAL_TURNS = 70, 200, 10


@dataclass(frozen=True, slots=True)
class Sizes:
    """Tokens of the passages by rank, of earlier turns, oldest first, and of all else in the prompt."""

    passages: tuple[int, ...]
    turns: tuple[int, ...]
    others: int = INSTRUCTION_TOKENS


@dataclass(frozen=True, slots=True)
class Fitting:
    """How many of the passages and of the turns fit whole, and the tokens they take."""

    passages: int
    turns: int
    passage_tokens: int
    turn_tokens: int


def usual_sizes(settings: Settings) -> Sizes:
    """What a question would bring when all passages are as long as they may be."""
    passage = settings.chunking.max_tokens + PASSAGE_FRAME
    return Sizes((passage,) * settings.retrieval.k, (USUAL_TURN,) * USUAL_TURNS)


def what_fits(answer: AnswerSettings, sizes: Sizes) -> Fitting:
    """What would go into the prompt whole."""
    room = max(0, answer.window_tokens - answer.reserve_tokens - sizes.others)
    passages = [0, 0]
    left = min(room, answer.context_tokens)
    for size in sizes.passages:
        if size <= left:
            left -= size
            passages[0] += 1
            passages[1] += size
    turns = [0, 0]
    left = min(room - passages[1], answer.history_tokens)
    for size in reversed(sizes.turns):
        if size > left:
            break
        left -= size
        turns[0] += 1
        turns[1] += size
    return Fitting(passages[0], turns[0], passages[1], turns[1])
