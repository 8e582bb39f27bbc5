"""What a conversation keeps of a reply, and what a model is told of earlier turns. Plain data in and out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rag.answer import Reply
from rag.answerers import EXTRACTIVE
from rag.citations import cited_numbers, to_plain, without_citations
from rag.evidence import Sentence
from rag.history import History, Turn
from rag.near_copies import place_of
from rag.passage_places import part_of
from rag.recollection import Summary
from rag.sentences import split_sentences
from rag.types import Citation, Hit, Message, Scope
from rag.unanswered import may_be_answered
from rag.verify import Support

#: Passages shown under a question that was declined.
NEAREST = 3
#: Characters of a model's thinking that are kept; what is said of it later needs no more.
MOST_THINKING = 20_000


@dataclass(frozen=True, slots=True)
class AskedWith:
    """What a question is asked of, in which style, and of whom; empty for as the settings say."""

    scope: Scope = Scope()  # noqa: RUF009 (frozen)
    style: str = ""
    answerer: str = ""


def last_asked_with(history: History, conversation_id: str | None) -> AskedWith:
    """What a conversation was last asked with; nothing for a new one. Raises StoreError for an unknown id.

    Style and answerer are those that were chosen beside the question, which its settings hold; where they
    hold none, those of the last answer.
    """
    turns = history.turns(conversation_id) if conversation_id else []
    if not conversation_id or not turns:
        return AskedWith()
    kept = history.get(conversation_id).settings
    return AskedWith(
        scope_of(turns[-1]),
        str(kept.get("answer.style") or style_of(turns[-1])),
        str(kept.get("answer.model") or answerer_of(turns[-1])),
    )


def as_citations(hits: Iterable[Hit], sentences: Sequence[Sentence] = ()) -> tuple[Citation, ...]:
    """Hits as citations of their whole passage, numbered by rank, so that they open like any citation.

    `sentences` are those of the hits; the words that matched in each hit's best one are marked.
    """
    best: dict[int, Sentence] = {}
    for own in sentences:
        if own.hit not in best or own.score > best[own.hit].score:
            best[own.hit] = own
    return tuple(
        Citation(
            number=number,
            document=hit.chunk.document,
            document_id=hit.chunk.document_id,
            chunk_id=hit.chunk.id,
            page=hit.chunk.page,
            start=hit.chunk.start,
            end=hit.chunk.end,
            quote=hit.chunk.text,
            words=best[number - 1].words if number - 1 in best else (),
            also_in=tuple(map(place_of, hit.also_in)),
            collection=hit.collection,
            part=part_of(hit.chunk),
        )
        for number, hit in enumerate(hits, start=1)
    )


def details_of(reply: Reply) -> dict[str, Any]:
    """What was spent, noted and found, in the form kept with a turn."""
    search = reply.search
    declined = not (reply.answered or reply.citations)
    nearest = as_citations(reply.nearest[:NEAREST], reply.evidence(NEAREST)) if declined else ()
    return {
        "model": reply.model,
        "made": reply.made,
        "answerer": reply.answerer,
        "failures": [failure.as_dict() for failure in reply.failures],
        "confidence": reply.confidence,
        "tokens": reply.tokens,
        "summary": reply.summary.as_dict() if reply.summary else None,
        "milliseconds": reply.milliseconds,
        "notes": list(reply.notes),
        "thinking": reply.thinking[:MOST_THINKING],
        "thinking_dropped": max(0, len(reply.thinking) - MOST_THINKING),
        "removed_citations": reply.removed_citations,
        "nearest": [citation.as_dict() for citation in nearest],
        "standalone": {"text": reply.standalone.text, "by": reply.standalone.by},
        "support": [own.as_dict() for own in reply.support],
        "mode": search.mode if search else "",
        "reranker": search.reranker if search else "",
        "candidates": len(search.candidates) if search else 0,
        "passages": len(search.hits) if search else 0,
    }


def nearest_of(turn: Turn) -> tuple[Citation, ...]:
    """The passages kept with a turn that was declined."""
    return tuple(Citation.from_dict(stored) for stored in turn.details.get("nearest", ()))


def nearest_may_answer(turn: Turn) -> bool:
    """Whether one of the passages kept with a turn that was declined may answer it all the same."""
    return may_be_answered(float(turn.details.get("confidence", 0.0)))


def support_of(turn: Turn) -> list[Support]:
    """The check of the answer's sentences; empty for quotes and for answers made before there was one."""
    return [Support.from_dict(stored) for stored in turn.details.get("support", ())]


def standalone_of(turn: Turn) -> str:
    """What was searched for in place of the question; empty when it was the question itself."""
    text = str(turn.details.get("standalone", {}).get("text", ""))
    return "" if text == turn.question else text


def meant_by_user(turn: Turn) -> str:
    """What the user said that a question means; empty when that was found out, or was the question itself."""
    said = turn.details.get("standalone", {})
    return str(said.get("text", "")) if said.get("by") == "user" else ""


def scope_of(turn: Turn) -> Scope:
    """What the question was asked of."""
    return Scope.from_dict(turn.details)


def style_of(turn: Turn) -> str:
    """The name of the style that the answer was written in; empty when none was kept."""
    return str(turn.details.get("made", {}).get("style", {}).get("name", ""))


def answerer_of(turn: Turn) -> str:
    """Who was chosen to answer, whoever answered in the end; empty when that was not kept."""
    failures = turn.details.get("failures") or [{"name": turn.details.get("answerer", "")}]
    return str(failures[0]["name"])


def messages_of(turns: Sequence[Turn]) -> list[Message]:
    """Earlier questions and their answers; without citation numbers, which now mean other passages."""
    messages: list[Message] = []
    for turn in turns:
        if turn.status not in ("done", "stopped") or not turn.answer or turn.answered is False:
            continue
        messages.append(Message("user", turn.question))
        said = _plain_text(turn.answer)
        quoted = turn.details.get("model") == EXTRACTIVE
        messages.append(Message("assistant", said, turn.id, _cited_sentences(turn, quoted), quoted))
    return messages


def summary_of(turns: Sequence[Turn]) -> Summary | None:
    """The newest summary kept with one of the turns."""
    kept = (turn.details.get("summary") for turn in reversed(turns))
    return next((Summary.from_dict(own) for own in kept if own), None)


def _cited_sentences(turn: Turn, quoted: bool) -> tuple[str, ...]:
    if quoted:
        return tuple(citation.quote for citation in turn.citations)
    return _cited_in(turn.answer)


# Every question of a conversation needs them of all answers before it.
@lru_cache(maxsize=1000)
def _cited_in(answer: str) -> tuple[str, ...]:
    sentences = (answer[start:end] for start, end in split_sentences(answer))
    return tuple(_plain_text(own) for own in sentences if cited_numbers(own))


@lru_cache(maxsize=1000)
def _plain_text(text: str) -> str:
    return to_plain(without_citations(text))
