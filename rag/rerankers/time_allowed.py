"""Ranking within the time that a question may spend: shorter passages, then fewer candidates.

What reading costs is learnt from earlier questions, or from the first few candidates. Loading a
model is not counted. A server that does not answer in time is not waited for.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from rag.errors import RerankingFailed
from rag.rerankers.seam import Reranker
from rag.types import Hit, Query

Clock = Callable[[], float]

#: Candidates read to learn what reading costs.
PROBE = 4
#: Characters of a passage, its title and headings included, that are read when whole ones take too long.
SHORT = 500
#: The part of the time left that a plan may fill; the rest is for what it did not foresee.
MARGIN = 0.8
#: Fewer characters than this say nothing about what reading costs.
TELLING = 200


class Deadline:
    """When a question's time is over; never, with 0 milliseconds allowed. `clock` counts in seconds."""

    def __init__(self, milliseconds: float, clock: Clock = time.perf_counter) -> None:
        self.allowed = milliseconds
        self._clock = clock
        self._end = clock() + milliseconds / 1000

    @property
    def bounded(self) -> bool:
        """Whether there is a bound at all."""
        return self.allowed > 0

    def left(self) -> float:
        """Milliseconds that are left; below 0 when it is over."""
        return (self._end - self._clock()) * 1000

    @contextmanager
    def not_counted(self) -> Iterator[None]:
        """What is done within does not shorten the time."""
        started = self._clock()
        yield
        self._end += self._clock() - started


class Paces:
    """Milliseconds a character that rerankers took of late, by their identity. Threads may share it."""

    def __init__(self) -> None:
        self._known: dict[str, float] = {}
        self._lock = threading.Lock()

    def of(self, reranker: Reranker) -> float | None:
        """The pace of a reranker; None when it has not been seen at work."""
        with self._lock:
            return self._known.get(_identity(reranker))

    def learn(self, reranker: Reranker, characters: int, milliseconds: float) -> None:
        """Take a new measure: a slower one at once, a faster one by half."""
        if characters < TELLING:
            return
        pace = milliseconds / characters
        with self._lock:
            known = self._known.get(_identity(reranker), pace)
            self._known[_identity(reranker)] = pace if pace > known else (known + pace) / 2


#: What this process has seen.
PACES = Paces()


@dataclass(frozen=True)
class Scored:
    """Scores of the first hits, as many as there was time for, and a sentence where that was not all."""

    scores: list[float]
    note: str = ""


def score_within(
    reranker: Reranker, query: Query, hits: Sequence[Hit], deadline: Deadline, paces: Paces = PACES
) -> Scored:
    """Scores within the time left. Raises what the reranker raises, and RerankingFailed for a late server."""
    if not deadline.bounded or reranker.effort == "quick" or not hits:
        return Scored(reranker.score(query, hits))
    if reranker.effort == "remote":
        return Scored(_scores_in_time(reranker, query, hits, deadline))
    if prepare := getattr(reranker, "prepare", None):
        with deadline.not_counted():
            prepare()
    if deadline.left() > 0 and paces.of(reranker) is None:
        _score_and_learn(reranker, query, hits[:PROBE], deadline, paces)
    chosen, characters = _plan(reranker, query, hits, deadline.left() * MARGIN, paces)
    if not chosen:
        return Scored(
            [],
            f"Of the {deadline.allowed:g} ms allowed nothing was left for the reranker {reranker.name}: "
            "these passages stand as the searches found them.",
        )
    scores = _score_and_learn(reranker, query, chosen, deadline, paces)
    return Scored(scores, _note(reranker, len(chosen), len(hits), characters, deadline))


def _plan(
    reranker: Reranker, query: Query, hits: Sequence[Hit], left: float, paces: Paces
) -> tuple[list[Hit], int | None]:
    """The candidates to be read within `left` milliseconds, and the characters read of each, None for all."""
    pace = paces.of(reranker) or 0.0
    if left <= 0:
        return [], None
    if pace * _unread_characters(reranker, query, hits) <= left:
        return list(hits), None
    short = [_shortened(hit) for hit in hits]
    spent = 0.0
    for place, hit in enumerate(short):
        spent += pace * _unread_characters(reranker, query, [hit])
        if spent > left:
            return (short[:place] if place > 1 else []), SHORT
    return short, SHORT


def _score_and_learn(
    reranker: Reranker, query: Query, hits: Sequence[Hit], deadline: Deadline, paces: Paces
) -> list[float]:
    characters = _unread_characters(reranker, query, hits)
    before = deadline.left()
    scores = reranker.score(query, hits)
    paces.learn(reranker, characters, before - deadline.left())
    return scores


def _scores_in_time(reranker: Reranker, query: Query, hits: Sequence[Hit], deadline: Deadline) -> list[float]:
    """Ask in a thread of its own, which is left to itself when the time is over."""
    came: queue.SimpleQueue[list[float] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            came.put(reranker.score(query, hits))
        except Exception as error:  # noqa: BLE001 (raised again by the one who waits)
            came.put(error)

    if deadline.left() > 0:
        threading.Thread(target=ask, name="reranker", daemon=True).start()
    try:
        found = came.get(timeout=max(deadline.left(), 0.0) / 1000)
    except queue.Empty:
        raise RerankingFailed(
            f"The reranker {reranker.name} gave no order within the {deadline.allowed:g} ms that a question "
            "may spend. Raise retrieval.milliseconds, or choose a faster reranker."
        ) from None
    if isinstance(found, Exception):
        raise found
    return found


def _unread_characters(reranker: Reranker, query: Query, hits: Sequence[Hit]) -> int:
    """Characters that the reranker would have to read, those of remembered scores left out."""
    unread = getattr(reranker, "unread", None)
    wanted = unread(query, hits) if unread else hits
    return sum(len(hit.chunk.embedded_text) for hit in wanted)


def _shortened(hit: Hit) -> Hit:
    chunk = hit.chunk
    over = len(chunk.embedded_text) - SHORT
    if over <= 0:
        return hit
    return replace(hit, chunk=replace(chunk, text=chunk.text[: max(len(chunk.text) - over, 1)]))


def _note(reranker: Reranker, read: int, there: int, characters: int | None, deadline: Deadline) -> str:
    if read == there and characters is None:
        return ""
    parts = f", {characters} characters of each at most" if characters else ""
    return (
        f"To keep to the {deadline.allowed:g} ms allowed, the reranker {reranker.name} read {read} of "
        f"{there} candidates{parts}."
    )


def _identity(reranker: Reranker) -> str:
    return str(getattr(reranker, "identity", reranker.name))
