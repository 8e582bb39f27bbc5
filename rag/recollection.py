"""What a model is told of a conversation that is too long for its budget: a summary, then the last turns.

A summary covers the turns up to one of them and is kept with the turn for which it was made; later turns
use it again, and extend it when what came since has outgrown the budget. It is written by the model
(prompt `summarise`) or by rules, which keep the questions and the sentences that were cited. It keeps
nothing itself, and what it is told of documents it hands on as quoted, never as instructions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from rag.citations import CitationFilter, to_plain
from rag.errors import ModelError
from rag.llms import ChatModel
from rag.prompts import fill, new_fence
from rag.sentences import split_sentences
from rag.tokens import TokenCounter
from rag.types import Message

RULES = "rules"
#: Part of the room that a summary may take, and that turns told as they were take after one was made:
#: what is left lets the next few turns do without another.
SUMMARY_SHARE, RECENT_SHARE = 1 / 3, 1 / 3
#: Rooms of fewer tokens hold no summary worth its name.
LEAST_ROOM = 300
#: Tokens, about, of a summary's frame in the prompt, of the roles around a question and its answer, and of
#: the fence around quotes.
FRAME_TOKENS, PAIR_TOKENS, FENCE_TOKENS = 100, 8, 40
#: Words a token, about; tokens of a conversation that a model is given to sum up, at most.
WORDS_PER_TOKEN, MOST_TOLD = 0.7, 6000

#: What parts a question from what was cited, in a line of a summary by rules.
_FOUND = " → "

Pair = tuple[Message, Message]


@dataclass(frozen=True, slots=True)
class Summary:
    """The text, the id of the last turn it covers, how many it covers, and who wrote it: rules or a model."""

    text: str
    through: str
    turns: int
    by: str

    def as_dict(self) -> dict[str, Any]:
        """The form kept with a turn."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Summary:
        """Read back what `as_dict` wrote."""
        return cls(str(stored["text"]), str(stored["through"]), int(stored["turns"]), str(stored["by"]))


@dataclass(frozen=True, slots=True)
class Recollection:
    """What to tell: a summary, None without, and the messages since. `fresh` says that it was made now.

    `note` is a sentence for the user when the model was asked in vain.
    """

    summary: Summary | None
    messages: list[Message]
    fresh: bool = False
    note: str = ""


def recollect(
    history: Sequence[Message],
    kept: Summary | None,
    *,
    room: int,
    counter: TokenCounter,
    model: ChatModel | None = None,
) -> Recollection:
    """What to tell of `history`, oldest first, within `room` tokens; `model` None lets rules sum up.

    Nothing is summed up while everything since the kept summary fits.
    """
    pairs = _pairs(history)
    covered = [answered.turn for _, answered in pairs]
    if kept is not None and kept.through in covered:
        since = pairs[covered.index(kept.through) + 1 :]
    else:
        kept, since = None, pairs
    spent = FRAME_TOKENS + counter.count(kept.text) if kept else 0
    sizes = [_size(pair, counter) for pair in since]
    if spent + sum(sizes) <= room or room < LEAST_ROOM:
        return Recollection(kept, _flat(since))
    recent = _recent(sizes, int(room * RECENT_SHARE), room - FRAME_TOKENS - int(room * SUMMARY_SHARE))
    older, last = since[: len(since) - recent], since[len(since) - recent :]
    if not older:
        return Recollection(kept, _flat(since))
    most = room - FRAME_TOKENS - sum(sizes[len(since) - recent :])
    most = min(most, max(int(room * SUMMARY_SHARE), LEAST_ROOM - FRAME_TOKENS))
    text, by, note = _summed_up(kept, older, most, counter, model)
    if not text:
        return Recollection(kept, _flat(since), note=note)
    turns = len(older) + (kept.turns if kept else 0)
    return Recollection(Summary(text, older[-1][1].turn, turns, by), _flat(last), True, note)


def _summed_up(
    kept: Summary | None, older: Sequence[Pair], most: int, counter: TokenCounter, model: ChatModel | None
) -> tuple[str, str, str]:
    """Text, writer and note."""
    note = ""
    if model is not None:
        try:
            text = _by_model(kept, older, most, counter, model)
        except ModelError as error:
            text, note = "", f"The earlier conversation was summed up by rules: {error}"
        if text:
            return text, model.name, ""
    return _by_rules(kept, older, most, counter), RULES, note


def _by_model(
    kept: Summary | None, older: Sequence[Pair], most: int, counter: TokenCounter, model: ChatModel
) -> str:
    fence = new_fence()
    told = [f"Summary so far: {kept.text}"] if kept else []
    told += [f"Question: {asked.content}\nAnswer: {answered.content}" for asked, answered in older]
    if counter.count("\n\n".join(told)) > MOST_TOLD:
        told = [_by_rules(kept, older, MOST_TOLD, counter)]
    earlier = f"<<<conversation {fence}>>>\n" + "\n\n".join(told) + f"\n<<<end {fence}>>>"
    words = max(20, int(most * WORDS_PER_TOKEN))
    prompt = fill("summarise", fence=fence, words=str(words), earlier=earlier)
    cleaned = CitationFilter(0)
    said = (
        "".join(cleaned.feed(piece) for piece in model.stream([Message("user", prompt)])) + cleaned.finish()
    )
    return _cut(" ".join(to_plain(said).replace(fence, "").split()), most, counter)


def _by_rules(kept: Summary | None, older: Sequence[Pair], most: int, counter: TokenCounter) -> str:
    """A line a turn: the question and what was cited. What was cited goes first, that of the oldest turns
    before that of newer ones; then the oldest questions go.
    """
    lines = kept.text.splitlines() if kept else []
    for asked, answered in older:
        cited = " ".join(" ".join(sentence.split()) for sentence in answered.cited)
        question = f"- {' '.join(asked.content.split())}"
        lines.append(f"{question}{_FOUND}{cited}" if cited else question)
    told: list[str] = []
    room = most
    for line in reversed(lines):
        question = line.partition(_FOUND)[0]
        room -= counter.count(question) + 1
        if room < 0:
            break
        told.append(question)
    for place, line in enumerate(reversed(lines[len(lines) - len(told) :])):
        more = counter.count(line) - counter.count(told[place])
        if more <= room:
            room -= more
            told[place] = line
    return "\n".join(reversed(told))


def _cut(text: str, most: int, counter: TokenCounter) -> str:
    """The first sentences of a text that fit."""
    if counter.count(text) <= most:
        return text
    end = 0
    for _, place in split_sentences(text):
        if counter.count(text[:place]) > most:
            break
        end = place
    return text[:end]


def _recent(sizes: Sequence[int], wanted: int, most: int) -> int:
    """How many of the last turns are told as they were: those that fit, the very last also if it is long."""
    count = spent = 0
    for size in reversed(sizes):
        if spent + size > (wanted if count else most):
            break
        spent += size
        count += 1
    return count


def _pairs(history: Sequence[Message]) -> list[Pair]:
    return [
        (asked, answered)
        for asked, answered in pairwise(history)
        if (asked.role, answered.role) == ("user", "assistant")
    ]


def _size(pair: Pair, counter: TokenCounter) -> int:
    fences = FENCE_TOKENS if pair[1].quoted else 0
    return sum(counter.count(message.content) for message in pair) + PAIR_TOKENS + fences


def _flat(pairs: Sequence[Pair]) -> list[Message]:
    return [message for pair in pairs for message in pair]
