"""The token ledger: which passages and earlier turns go into a prompt, and why the others do not.

Nothing here searches, asks a model or cuts a sentence in two. The answer's reserve comes first,
then the question, then passages in rank order, then the newest earlier turns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rag.errors import ContextOverflow
from rag.passage_places import part_of, place_in_words
from rag.prompts import fill, new_fence, passage_block
from rag.sentences import split_sentences
from rag.settings import AnswerSettings
from rag.styles import Style, standard_style
from rag.tokens import TokenCounter
from rag.types import Hit, Message

#: What chat formats add around each message, and before the reply; servers differ by a token or two.
TOKENS_PER_MESSAGE = 4
TOKENS_BEFORE_REPLY = 3

#: A passage of which less than this part would remain is left out rather than shortened.
LEAST_PART = 1 / 3

_OLD_CITATION = re.compile(r" ?\[\d{1,4}\]")


@dataclass(frozen=True, slots=True)
class PassageTokens:
    """What one passage in the prompt costs. `characters` of its text are in the prompt, from the start."""

    number: int
    document: str
    page: int | None
    tokens: int
    characters: int
    part: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something left out of the prompt, whole or in part: what it is, how many tokens, and why."""

    what: str
    tokens: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where the tokens went. `reserve` is kept free for the answer and is no part of `total`."""

    system: int
    passages: tuple[PassageTokens, ...]
    history: int
    question: int
    reserve: int
    window: int
    dropped: tuple[Dropped, ...]
    summary: int = 0
    #: What was there to choose from: tokens of each passage by rank, and of each turn, oldest first.
    offered: tuple[int, ...] = ()
    turns: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """Tokens of the whole prompt; never more than `window` less `reserve`."""
        passages = sum(passage.tokens for passage in self.passages)
        return self.system + passages + self.summary + self.history + self.question

    def as_dict(self) -> dict[str, Any]:
        """The form kept with a conversation and printed by the command line."""
        return {
            "system": self.system,
            "passages": [
                {
                    "number": own.number,
                    "document": own.document,
                    "page": own.page,
                    "part": own.part,
                    "tokens": own.tokens,
                }
                for own in self.passages
            ],
            "summary": self.summary,
            "history": self.history,
            "offered": list(self.offered),
            "turns": list(self.turns),
            "question": self.question,
            "reserve": self.reserve,
            "total": self.total,
            "window": self.window,
            "dropped": [
                {"what": own.what, "tokens": own.tokens, "reason": own.reason} for own in self.dropped
            ],
        }


@dataclass(frozen=True, slots=True)
class Context:
    """A prompt that fits. Passage number n in it is `hits[n - 1]`, which is kept whole.

    `instructions` are what the prompt says beside the passages; `fence` is the token around those.
    """

    messages: list[Message]
    hits: list[Hit]
    ledger: Ledger
    instructions: str
    fence: str


def fit(
    question: str,
    hits: Sequence[Hit],
    history: Sequence[Message],
    *,
    settings: AnswerSettings,
    counter: TokenCounter,
    style: Style | None = None,
    summary: str = "",
) -> Context:
    """The messages for a model: instructions in a style with the passages, earlier turns, the question.

    Of `history`, oldest first, only whole pairs of a question and its answer are taken, without
    the citations, whose numbers belonged to other passages; `summary` tells what came before them.
    Raises ContextOverflow when the question alone does not fit.
    """
    fence = new_fence()
    style = style or standard_style()
    bare = style.instructions(fence=fence, passages="")
    system = counter.count(bare) + TOKENS_PER_MESSAGE + TOKENS_BEFORE_REPLY
    asked = counter.count(question) + TOKENS_PER_MESSAGE
    room = settings.window_tokens - settings.reserve_tokens - system - asked
    if room < 0:
        raise ContextOverflow(
            f"The question has {asked} tokens, but only {max(0, room + asked)} of the model's "
            f"{settings.window_tokens} are left for it: the instructions take {system} and "
            f"{settings.reserve_tokens} are kept for the answer. Shorten the question, raise "
            "answer.window_tokens or lower answer.reserve_tokens."
        )
    dropped: list[Dropped] = []
    taken, blocks, costs = _passages(hits, min(room, settings.context_tokens), fence, counter, dropped)
    room = min(room - sum(cost.tokens for cost in costs), settings.history_tokens)
    told = _fenced(summary, fence) if summary else ""
    for_summary = counter.count(told) if told else 0
    if for_summary > room:
        reason = f"It needs {for_summary} tokens; {room} for earlier turns were left."
        dropped.append(Dropped("summary of the earlier conversation", for_summary, reason))
        told, for_summary = "", 0
    pairs = _pairs(history, fence)
    sizes = [_size(pair, counter) for pair in pairs]
    earlier, spent = _history(pairs, sizes, room - for_summary, dropped)
    ledger = Ledger(
        system=system,
        passages=tuple(costs),
        history=spent,
        question=asked,
        reserve=settings.reserve_tokens,
        window=settings.window_tokens,
        dropped=tuple(dropped),
        summary=for_summary,
        offered=tuple(counter.count(passage_block(rank, hit, fence)) for rank, hit in enumerate(hits, 1)),
        turns=tuple(sizes),
    )
    instructions = Message("system", style.instructions(fence=fence, passages="".join(blocks)) + told)
    return Context([instructions, *earlier, Message("user", question)], taken, ledger, bare, fence)


def _passages(
    hits: Sequence[Hit], room: int, fence: str, counter: TokenCounter, dropped: list[Dropped]
) -> tuple[list[Hit], list[str], list[PassageTokens]]:
    limit = room
    taken: list[Hit] = []
    blocks: list[str] = []
    costs: list[PassageTokens] = []
    for rank, hit in enumerate(hits, start=1):
        chunk = hit.chunk
        what = f"passage of rank {rank} from {place_in_words(chunk)}"
        number = len(taken) + 1
        end = len(chunk.text)
        block = passage_block(number, hit, fence)
        tokens = whole = counter.count(block)
        if whole > room:
            spans = split_sentences(chunk.text)
            sentences = _sentences_that_fit(spans, number, hit, fence, room, counter)
            end = spans[sentences - 1][1] if sentences else 0
            if end < LEAST_PART * len(chunk.text) or not end:
                reason = f"It needs {whole} tokens; {room} of {limit} for passages were left."
                dropped.append(Dropped(what, whole, reason))
                continue
            block = passage_block(number, hit, fence, end=end)
            tokens = counter.count(block)
            reason = f"Shortened to its first {sentences} of {len(spans)} sentences: {room} tokens were left."
            dropped.append(Dropped(f"end of {what}", whole - tokens, reason))
        taken.append(hit)
        blocks.append(block)
        costs.append(PassageTokens(number, chunk.document, chunk.page, tokens, end, part_of(chunk)))
        room -= tokens
    return taken, blocks, costs


def _sentences_that_fit(
    spans: list[tuple[int, int]], number: int, hit: Hit, fence: str, room: int, counter: TokenCounter
) -> int:
    least, most = 0, len(spans) - 1
    while least < most:
        middle = (least + most + 1) // 2
        if counter.count(passage_block(number, hit, fence, end=spans[middle - 1][1])) <= room:
            least = middle
        else:
            most = middle - 1
    return max(least, 0)


def _fenced(summary: str, fence: str) -> str:
    block = f"<<<earlier {fence}>>>\n{summary}\n<<<end earlier {fence}>>>"
    return f"\n\n{fill('earlier', fence=fence, summary=block)}"


def _pairs(history: Sequence[Message], fence: str) -> list[tuple[Message, Message]]:
    """Questions with their answers, as they are told: without citations, quotes of documents fenced."""
    return [
        (asked, Message(answered.role, _told(answered, fence)))
        for asked, answered in pairwise(history)
        if (asked.role, answered.role) == ("user", "assistant")
    ]


def _told(answered: Message, fence: str) -> str:
    said = _OLD_CITATION.sub("", answered.content)
    return f"<<<quoted {fence}>>>\n{said}\n<<<end quoted {fence}>>>" if answered.quoted else said


def _size(pair: tuple[Message, Message], counter: TokenCounter) -> int:
    return sum(counter.count(message.content) + TOKENS_PER_MESSAGE for message in pair)


def _history(
    pairs: Sequence[tuple[Message, Message]], sizes: Sequence[int], room: int, dropped: list[Dropped]
) -> tuple[list[Message], int]:
    limit = room
    kept: list[Message] = []
    full = False
    for (asked, answered), tokens in zip(reversed(pairs), reversed(sizes), strict=True):
        if full or tokens > room:
            # An older turn that would fit is left out, too: a conversation with a hole misleads.
            reason = f"It needs {tokens} tokens; {room} of {limit} for earlier turns were left."
            if full:
                reason = "A newer turn did not fit, and the conversation is kept without gaps."
            first_words = " ".join(asked.content.split()[:8])
            dropped.append(Dropped(f"earlier turn “{first_words[:60]}”", tokens, reason))
            full = True
            continue
        kept = [asked, answered, *kept]
        room -= tokens
    return kept, limit - room
