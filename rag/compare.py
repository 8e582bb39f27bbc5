"""One question put to several settings, and where each of them puts the same passages.

Every variant goes through `retrieve`, as chat does. Nothing is judged here: which order is better is
for people to see, or for `rag.evaluate` to measure. It changes no settings and draws nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from rag.errors import AskanceError, SettingsError
from rag.evidence import Sentence, sentence_evidence
from rag.metrics import rank_biased_overlap
from rag.near_copies import place_of
from rag.passage_places import part_of
from rag.presets import PRESETS, is_plain, not_plain
from rag.rerankers import asks_servers
from rag.retrieve import retrieve
from rag.settings import Settings, value_at, with_overrides
from rag.several_tables import Searched
from rag.tokens import get_token_counter
from rag.types import EVERYTHING, Citation, Filters, Hit, Query, SearchResult

logger = logging.getLogger(__name__)

FEWEST, MOST = 2, 4
#: The settings that a comparison varies, by their short names: what people choose, and what `plain` fixes.
VARIED = tuple(dict.fromkeys(("mode", "reranker", "k", "candidates", *PRESETS["plain"])))
#: Settings are asked in turn this often, those slower than so many milliseconds and those that ask servers
#: only once. The fastest run counts, since a busy machine only ever adds time.
ROUNDS, QUICK = 3, 2500.0
#: An excerpt that would begin this near to the passage's start begins there, and one that would be shorter
#: than this begins sentences earlier.
NEAR_START, SHORTEST = 60, 180
Movement = Literal["same", "up", "down", "new"]


@dataclass(frozen=True)
class Variant:
    """A named setting to try; `changes` is what was asked for beside the current settings."""

    name: str
    settings: Settings
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Passage:
    """A passage that at least one variant kept.

    `citation` is the whole passage, numbered from 1 in the order in which the variants, first to last,
    name it; its words are those that matched the question. `excerpt` is a span of the document's text
    that begins at the sentence that speaks most to the question, or a little before, and ends with the
    passage.
    """

    citation: Citation
    excerpt: tuple[int, int]


@dataclass(frozen=True)
class Placement:
    """Where a variant puts a passage, an index into the comparison's passages.

    `score` is the last stage's, `ranks` each stage's (vector, text, fused, rerank; None where it did
    not see the passage). `rank_in_first` is its rank among all candidates of the first variant, None
    where that one did not find it; `movement` and `steps` are measured against the list that the
    first variant kept. Where the first variant failed, the next one stands for it.
    """

    passage: int
    rank: int
    score: float | None
    ranks: dict[str, int | None]
    rank_in_first: int | None
    movement: Movement
    steps: int


@dataclass(frozen=True)
class Dropped:
    """A passage that the first variant kept and another did not: its rank there, None if not found."""

    passage: int
    rank: int | None


@dataclass(frozen=True)
class Run:
    """What one variant made of the question.

    `milliseconds` is as in SearchResult, of the fastest of several runs, models being loaded already.
    `reranker` is the one that did rank, another than the variant's where its model is missing; `notes`
    then say why. `error` is the reason why there is no ranking, "" when there is one. `shared` counts
    the passages kept that the first variant kept too, `overlap` is how alike the two orders are
    (rag.metrics.rank_biased_overlap). `tokens` is the length of the passages kept.
    """

    variant: Variant
    placements: tuple[Placement, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    milliseconds: dict[str, float] = field(default_factory=dict)
    reranker: str = ""
    notes: tuple[str, ...] = ()
    error: str = ""
    shared: int = 0
    overlap: float = 0.0
    tokens: int = 0


@dataclass(frozen=True)
class Comparison:
    """One question, the runs of its variants in the order given, and the passages in them."""

    question: str
    collection: str
    runs: tuple[Run, ...]
    passages: tuple[Passage, ...]

    @property
    def reference(self) -> int:
        """The index of the run that the others are measured against: the first that has a ranking."""
        return next((index for index, run in enumerate(self.runs) if not run.error), 0)

    @property
    def shared_passages(self) -> frozenset[int]:
        """The passages that two variants or more kept."""
        kept = [placement.passage for run in self.runs for placement in run.placements]
        return frozenset(passage for passage in kept if kept.count(passage) > 1)


def choices_of(settings: Settings) -> dict[str, Any]:
    """The values of the varied settings, by their short names."""
    return {name: value_at(settings, name) for name in VARIED}


def completed(changes: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """The choices that changes make of the settings in force."""
    return choices_of(with_overrides(settings, changes))


def default_choices(settings: Settings) -> list[dict[str, Any]]:
    """Choices worth comparing first: words alone, meaning and words, and the settings in force.

    Where the settings in force are one of the former, late interaction takes their place; where they are
    `plain`, what that alone sets is set back.
    """
    in_force = choices_of(settings)
    current = not_plain(in_force) if is_plain(in_force) else in_force
    plain = [current | {"mode": mode, "reranker": "none"} for mode in ("text", "hybrid")]
    reranked = current | {"mode": "hybrid", "reranker": "late-interaction"}
    if current != in_force:
        return [in_force, *plain[1:], reranked]
    return [*plain, reranked if current in plain else current]


def compare(
    question: str,
    variants: Sequence[Variant],
    table: Searched,
    *,
    filters: Filters = EVERYTHING,
    collection: str = "",
    on_progress: Callable[[int], None] | None = None,
) -> Comparison:
    """Ask every variant; `on_progress` gets the place of each, from 0, before it is asked.

    `collection` is the one that the others were asked beside, where there are several. A variant that
    fails does not stop the others: its run says why. Raises SettingsError for fewer than two or more than
    four variants.
    """
    if not FEWEST <= len(variants) <= MOST:
        raise SettingsError(f"{len(variants)} settings cannot be compared. Give {FEWEST} to {MOST}.")
    found: list[SearchResult | str] = []
    for place, variant in enumerate(variants):
        if on_progress:
            on_progress(place)
        try:
            found.append(_ask(question, timed_afresh(variant).settings, table, filters))
        except AskanceError as error:
            found.append(str(error))
    _time_again(found, question, variants, table, filters)
    results = [result for result in found if isinstance(result, SearchResult)]
    named, numbers = _numbered(results)
    passages = _passages(named, results[0].query, table) if named else []
    unread = iter(numbers)
    runs = tuple(
        _run(variant, result, next(unread), results[0], numbers[0])
        if isinstance(result, SearchResult)
        else Run(variant, error=result)
        for variant, result in zip(variants, found, strict=True)
    )
    return Comparison(question, collection or table.name, runs, tuple(passages))


def timed_afresh(variant: Variant) -> Variant:
    """The variant without remembered scores: what it costs a person is to be measured, not the memory."""
    return replace(variant, settings=with_overrides(variant.settings, {"reranking.cached_scores": 0}))


def _ask(question: str, settings: Settings, table: Searched, filters: Filters) -> SearchResult:
    # A single candidate loads whatever model is needed, so that loading is not counted as ranking.
    single = with_overrides(settings, {"candidates": 1, "k": 1})
    if not asks_servers(settings):
        retrieve(question, table=table, settings=single, filters=filters)
    return retrieve(question, table=table, settings=settings, filters=filters)


def _time_again(
    found: Sequence[SearchResult | str],
    question: str,
    variants: Sequence[Variant],
    table: Searched,
    filters: Filters,
) -> None:
    """Let each result carry the times of its fastest run."""
    for _ in range(ROUNDS - 1):
        for variant, result in zip(variants, found, strict=True):
            if (
                isinstance(result, SearchResult)
                and result.milliseconds["total"] < QUICK
                and not asks_servers(variant.settings)
            ):
                settings = timed_afresh(variant).settings
                try:
                    again = retrieve(question, table=table, settings=settings, filters=filters)
                except AskanceError as error:
                    # It has its ranking, and a time.
                    logger.warning("%s was not timed again: %s", variant.name, error)
                    continue
                result.milliseconds = min(
                    result.milliseconds, again.milliseconds, key=lambda times: times["total"]
                )


def _numbered(results: Sequence[SearchResult]) -> tuple[list[Hit], list[list[int]]]:
    """The passages kept, in the order in which they are named, and the number of each result's hits from 0.

    A hit whose passage stands under a copy of it elsewhere has that one's number.
    """
    named: list[Hit] = []
    known: dict[str, int] = {}
    numbers: list[list[int]] = []
    for result in results:
        own: list[int] = []
        for hit in result.hits:
            there = (known[chunk.id] for chunk in hit.chunks if chunk.id in known)
            number = next((number for number in there if number not in own), len(named))
            if number == len(named):
                named.append(hit)
            own.append(number)
            for chunk in hit.chunks:
                known.setdefault(chunk.id, number)
        numbers.append(own)
    return named, numbers


def _passages(named: Sequence[Hit], query: Query, table: Searched) -> list[Passage]:
    sentences: dict[int, list[Sentence]] = {}
    for sentence in sentence_evidence(query, named, table.embedder):
        sentences.setdefault(sentence.hit, []).append(sentence)
    return [_passage(number, hit, sentences.get(number - 1, [])) for number, hit in enumerate(named, start=1)]


def _passage(number: int, hit: Hit, sentences: Sequence[Sentence]) -> Passage:
    chunk = hit.chunk
    best = max(sentences, key=lambda sentence: sentence.score, default=None)
    start = chunk.start
    if best:
        latest = min(best.start, chunk.end - SHORTEST)
        start = max((own.start for own in sentences if own.start <= latest), default=start)
        start = start if start - chunk.start > NEAR_START else chunk.start
    citation = Citation(
        number=number,
        document=chunk.document,
        document_id=chunk.document_id,
        chunk_id=chunk.id,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        quote=chunk.text,
        words=best.words if best else (),
        also_in=tuple(map(place_of, hit.also_in)),
        collection=hit.collection,
        part=part_of(chunk),
    )
    return Passage(citation, (start, chunk.end))


def _run(
    variant: Variant,
    result: SearchResult,
    numbers: Sequence[int],
    first: SearchResult,
    numbers_of_first: Sequence[int],
) -> Run:
    counter = get_token_counter()
    ranks_in_first = _ranks(first.candidates)
    ranks_here = _ranks(result.candidates)
    placements = []
    for rank, (number, hit) in enumerate(zip(numbers, result.hits, strict=True), start=1):
        before = numbers_of_first.index(number) + 1 if number in numbers_of_first else None
        placements.append(
            Placement(
                passage=number,
                rank=rank,
                score=hit.scores.get("rerank"),
                ranks=dict(hit.ranks),
                rank_in_first=ranks_in_first.get(hit.chunk.id),
                movement=_movement(before, rank),
                steps=abs(before - rank) if before else 0,
            )
        )
    kept_here = {chunk.id for hit in result.hits for chunk in hit.chunks}
    dropped = tuple(
        Dropped(number, ranks_here.get(hit.chunk.id))
        for number, hit in zip(numbers_of_first, first.hits, strict=True)
        if number not in numbers and hit.chunk.id not in kept_here
    )
    return Run(
        variant=variant,
        placements=tuple(placements),
        dropped=dropped,
        milliseconds=result.milliseconds,
        reranker=result.reranker,
        notes=result.notes,
        shared=len(set(numbers) & set(numbers_of_first)),
        overlap=rank_biased_overlap([str(own) for own in numbers_of_first], [str(own) for own in numbers]),
        tokens=sum(counter.count(hit.chunk.text) for hit in result.hits),
    )


def _ranks(hits: Iterable[Hit]) -> dict[str, int]:
    """The rank of every passage that a hit stands for."""
    ranks: dict[str, int] = {}
    for rank, hit in enumerate(hits, start=1):
        for chunk in hit.chunks:
            ranks.setdefault(chunk.id, rank)
    return ranks


def _movement(before: int | None, rank: int) -> Movement:
    if before is None:
        return "new"
    if before == rank:
        return "same"
    return "up" if rank < before else "down"
