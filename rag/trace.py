"""Why a passage was not found: where, from reading its document to the prompt, it was lost.

Every stage says what it did with the passage: its place, its score, and the limit that decided. The
question goes through `retrieve` as in chat; nothing here ranks by rules of its own, and nothing is saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from rag.answerers import answering_by, server_of
from rag.confidence import confidence, needed_confidence
from rag.context import fit
from rag.expected_passage import Expected
from rag.filtered_out import left_out_by, let_through
from rag.matched_fields import matched_fields
from rag.passage_places import place_in_words
from rag.remedies import Remedy, remedies
from rag.retrieve import retrieve
from rag.settings import Settings, with_overrides
from rag.several_tables import Searched, SeveralTables
from rag.styles import get_style
from rag.tokens import get_token_counter
from rag.types import EVERYTHING, Filters, Hit, SearchResult
from rag.wider_passages import as_read

STAGES = (
    *("reading", "passages", "filter"),
    *("text", "vector", "fusion", "reranking", "kept", "threshold", "budget"),
)
#: How far down each search is looked through for a passage that is not among the candidates.
DEPTH = 1000
OTHER_SEARCH = {"text": "meaning", "vector": "words"}


@dataclass(frozen=True)
class Step:
    """What one stage did: outcome is kept, missed (another search may still have it), lost, unused or
    unreached.

    `rank` counts from 1; `limit` is the number of places, or the score, that was needed.
    """

    stage: str
    outcome: str
    says: str
    rank: int | None = None
    score: float | None = None
    limit: float | None = None


@dataclass(frozen=True)
class Trace:
    """The way of one expected passage, stage by stage; `lost_at` is empty when nothing lost it.

    `passage` is the one followed, of those that hold the phrase the one that came furthest.
    """

    question: str
    expected: Expected
    passage: Hit | None
    steps: tuple[Step, ...]
    remedies: tuple[Remedy, ...]
    notes: tuple[str, ...] = ()

    @property
    def lost_at(self) -> tuple[str, ...]:
        """The stage that lost the passage; both searches where neither brought it."""
        return tuple(step.stage for step in self.steps if step.outcome == "lost")

    def as_dict(self) -> dict[str, Any]:
        """The form that the command line prints."""
        chunk = self.passage.chunk if self.passage else None
        return {
            "question": self.question,
            "document": self.expected.record.name,
            "phrase": self.expected.phrase,
            "passage": None
            if chunk is None
            else {"id": chunk.id, "page": chunk.page, "start": chunk.start, "end": chunk.end},
            "found": not self.lost_at,
            "lost_at": list(self.lost_at),
            "steps": [
                {
                    "stage": step.stage,
                    "outcome": step.outcome,
                    "rank": step.rank,
                    "score": step.score,
                    "limit": step.limit,
                    "says": step.says,
                }
                for step in self.steps
            ],
            "remedies": [{"settings": own.changes, "rank": own.rank} for own in self.remedies],
            "notes": list(self.notes),
        }


def trace(
    question: str,
    expected: Expected,
    *,
    table: Searched,
    settings: Settings,
    filters: Filters = EVERYTHING,
) -> Trace:
    """Follow the expected passage, of one of the collections searched, through every stage in use."""
    before = [_reading(expected)]
    if before[0].outcome != "lost":
        before.append(_cutting(expected))
    if before[-1].outcome != "lost" and filters != EVERYTHING:
        through = let_through(expected, table, filters)
        before.append(_filtering(expected, len(through), table, filters))
        expected = replace(expected, passages=tuple(through))
    if before[-1].outcome == "lost":
        return Trace(question, expected, None, _completed(before), ())
    found = retrieve(question, table=table, settings=settings, filters=filters)
    wanted = expected.passage_ids
    standing = next((hit for hit in found.candidates if hit.stands_for(wanted)), None)
    deep = _deep(question, table, settings, filters)
    followed = standing or next((hit for hit in deep if hit.chunk.id in wanted), None)
    if followed is None:
        # Its scores can still be told: in a search of its document alone.
        only = replace(filters, documents=(expected.record.document_id,))
        alone = _deep(question, table, settings, only)
        followed = next((hit for hit in alone if hit.chunk.id in wanted), None)
        places = {}
    else:
        own_id = followed.chunk.id
        places = next((hit.ranks for hit in deep if hit.chunk.id == own_id), {}) | {
            stage: rank for stage, rank in followed.ranks.items() if rank and standing
        }
    steps = [
        *before,
        *(_search(stage, followed, standing, places, settings) for stage in ("text", "vector")),
    ]
    if steps[-2].outcome == "kept" and followed:
        fields = ", ".join(matched_fields(question, followed.chunk, table))
        steps[-2] = replace(steps[-2], says=f"{steps[-2].says} Words of the question are in: {fields}.")
    if standing is None:
        steps = _lost_by_searches(steps)
    else:
        rank = found.candidates.index(standing) + 1
        is_copy = standing.chunk.id not in wanted
        takes_turns = isinstance(table, SeveralTables) and len(table.apart) > 1
        steps += _ordering(standing, rank, found, settings, is_copy=is_copy, takes_turns=takes_turns)
    tried: Sequence[Remedy] = ()
    if any(step.outcome == "lost" for step in steps):
        used = [step.rank for step in steps if step.stage in ("text", "vector") and step.outcome != "unused"]
        tried = remedies(
            question,
            wanted,
            table,
            settings,
            filters,
            rank=found.candidates.index(standing) + 1 if standing else None,
            search_rank=min(filter(None, used), default=None),
        )
    else:
        steps += _answering(question, expected, found, table, settings)
    return Trace(question, expected, followed, _completed(steps), tuple(tried), found.notes)


def _deep(question: str, table: Searched, settings: Settings, filters: Filters) -> list[Hit]:
    changes = {"mode": "hybrid", "reranker": "none", "candidates": DEPTH, "k": 1}
    far = with_overrides(settings, changes | {"retrieval.fold_copies": False})
    return retrieve(question, table=table, settings=far, filters=filters).candidates


def _reading(expected: Expected) -> Step:
    record = expected.record
    if record.status != "ready":
        return Step("reading", "lost", f"The document was not read: {record.error}")
    if expected.spans or not expected.phrase:
        where = f" {len(expected.spans)} times" if len(expected.spans) > 1 else ""
        said = f"The words stand in the document as it was read{where}." if expected.phrase else ""
        return Step("reading", "kept", said or f"The document was read: {expected.characters:,} characters.")
    said = "These words do not stand in the document as it was read. "
    if expected.longest_part:
        said += f"The longest part that does: “{expected.longest_part}”. Check the spelling. "
    if expected.empty_pages:
        said += (
            f"{expected.empty_pages} of its pages have no text: if they are pictures of text, add the "
            "document again with its text recognised."
        )
    return Step("reading", "lost", said.strip())


def _cutting(expected: Expected) -> Step:
    count = len(expected.passages)
    if not count:
        return Step(
            "passages",
            "lost",
            "No passage of the document holds the words. Read it again on the library page.",
        )
    if expected.phrase and not expected.is_whole:
        return Step(
            "passages",
            "kept",
            "The words are cut: no passage holds them whole. chunking.max_tokens or chunking.overlap_tokens "
            "a size larger would keep them together.",
        )
    held = "1 passage holds" if count == 1 else f"{count} passages hold"
    return Step("passages", "kept", f"{held} the words." if expected.phrase else f"It has {count} passages.")


def _filtering(expected: Expected, through: int, table: Searched, filters: Filters) -> Step:
    if not through:
        parts = " and ".join(left_out_by(expected, table, filters))
        return Step("filter", "lost", f"The filter leaves it out by {parts}. Ask without that.")
    there = len(expected.passages)
    said = (
        "The filter lets it through." if through == there else f"{through} of {there} go through the filter."
    )
    return Step("filter", "kept", said)


def _search(
    stage: str, hit: Hit | None, standing: Hit | None, places: dict[str, int | None], settings: Settings
) -> Step:
    chosen = settings.retrieval
    rank = places.get(stage)
    score = hit.scores.get(stage) if hit else None
    limit = chosen.candidates
    where = f"place {rank:,}" if rank else f"none of the first {DEPTH:,} places"
    if chosen.mode not in ("hybrid", stage):
        said = f"Not used: these settings search by {OTHER_SEARCH[stage]} only. Here it would have {where}."
        return Step(stage, "unused", said, rank, score, limit)
    if standing and standing.ranks.get(stage):
        said = f"Found, at {where} of {limit} fetched."
        if rank and rank > limit:
            said = "Found for a code or quoted words of the question, which it holds to the letter."
        return Step(stage, "kept", said, rank, score, limit)
    if stage == "text" and score is None and rank is None:
        said = "Not found: the passage shares no word with the question that the search by words counts."
    else:
        said = f"Not fetched: it has {where}, and {limit} are fetched (retrieval.candidates)."
    return Step(stage, "missed", said, rank, score, limit)


def _lost_by_searches(steps: Sequence[Step]) -> list[Step]:
    """When no search brought the passage, each one that was used lost it."""
    return [
        Step(step.stage, "lost", step.says, step.rank, step.score, step.limit)
        if step.outcome == "missed"
        else step
        for step in steps
    ]


def _ordering(
    hit: Hit, rank: int, found: SearchResult, settings: Settings, *, is_copy: bool, takes_turns: bool
) -> list[Step]:
    """What merging, reranking and the number of passages kept did to a candidate.

    `is_copy` says that the hit only stands for the expected passage, `takes_turns` that the best of several
    embedders' collections follow each other, whatever their scores.
    """
    kept = settings.retrieval.k
    steps = [_fusion(hit, rank, found, settings), _reranking(hit, rank, found, settings)]
    before = _place_by_ranks(hit, found)
    said = f"Place {rank}; {kept} are kept (retrieval.k)."
    if is_copy:
        said += f" {place_in_words(hit.chunk)} says the same and stands for it (retrieval.fold_copies)."
    if takes_turns:
        said += " The collections were made by different embedders, so their passages take turns."
    elif rank > before:
        said += " Passages with a code or quoted words of the question come first (retrieval.exact_first)."
    elif rank < before:
        said += " It comes first for a code or quoted words of the question, which it holds to the letter."
    outcome = "kept" if rank <= kept else "lost"
    if any(step.outcome == "lost" for step in steps):
        outcome = "unreached"
    return [*steps, Step("kept", outcome, said, rank, None, kept)]


def _place_by_ranks(hit: Hit, found: SearchResult) -> int:
    """The candidate's place among the others, by reranking alone or by fusion where there was none."""
    ordered = sorted(found.candidates, key=lambda own: own.ranks.get("rerank") or own.ranks.get("fused") or 0)
    return ordered.index(hit) + 1


def _reranking(hit: Hit, rank: int, found: SearchResult, settings: Settings) -> Step:
    kept = settings.retrieval.k
    reranked = hit.ranks.get("rerank")
    fused = hit.ranks.get("fused") or rank
    if found.reranker == "none":
        return Step("reranking", "unused", "Not used: the order of the searches stays.")
    if reranked is None:
        return Step("reranking", "unreached", "")
    moved = f"From place {fused} to place {reranked}."
    score = hit.scores.get("rerank")
    if rank > kept and reranked > kept >= fused:
        return Step("reranking", "lost", f"{moved} Only {kept} are kept.", reranked, score, kept)
    return Step("reranking", "kept", moved, reranked, score)


def _fusion(hit: Hit, rank: int, found: SearchResult, settings: Settings) -> Step:
    chosen = settings.retrieval
    is_out = rank > chosen.k
    fused, score = hit.ranks.get("fused") or rank, hit.scores.get("fused")
    if found.reranker != "none" and hit.ranks.get("rerank") is None:
        ordered = max((other.ranks.get("rerank") or 0 for other in found.candidates), default=0)
        bounded = chosen.milliseconds and ordered < chosen.candidates
        why = "retrieval.milliseconds" if bounded else "retrieval.candidates"
        said = f"It has place {fused}; only the first {ordered} are put in order by the reranker ({why})."
        return Step("fusion", "lost" if is_out else "kept", said, fused, score, ordered)
    if chosen.mode != "hybrid":
        return Step("fusion", "unused", "Not used: there is one search only.", fused, score)
    best = min(place for name in ("text", "vector") if (place := hit.ranks.get(name)))
    if is_out and found.reranker == "none" and fused > chosen.k >= best:
        said = f"One search has it at place {best}, but merged with the other it falls to place {fused}."
        return Step("fusion", "lost", said, fused, score, chosen.k)
    return Step("fusion", "kept", f"Merged, it has place {fused}.", fused, score)


def _answering(
    question: str, expected: Expected, found: SearchResult, table: Searched, settings: Settings
) -> list[Step]:
    """Whether an answer was given at all, and whether the passage fitted into its prompt."""
    estimate = confidence(found.query, found.hits, found.searched, table.embedder)
    needed = needed_confidence(settings)
    if estimate < needed:
        said = (
            f"The estimated chance of an answer is {estimate:.2f}, and {needed:.2f} is needed, so none "
            f"was given. answer.decline_below = {_decline_below(estimate, settings):.2f} lets it through."
        )
        return [Step("threshold", "lost", said, None, estimate, needed)]
    said = f"The estimated chance of an answer is {estimate:.2f}; {needed:.2f} is needed."
    threshold = Step("threshold", "kept", said, None, estimate, needed)
    if settings.answer.model == "extractive":
        said = "Not used: the built-in answerer reads every passage kept, whole."
        return [threshold, Step("budget", "unused", said)]
    return [threshold, _budget(question, expected, found, table, settings)]


def _decline_below(estimate: float, settings: Settings) -> float:
    share = needed_confidence(with_overrides(settings, {"answer.decline_below": 1.0}))
    return int(estimate / share * 100) / 100


def _budget(
    question: str, expected: Expected, found: SearchResult, table: Searched, settings: Settings
) -> Step:
    settings = answering_by(settings, settings.answer.model)
    own = settings.answer
    counter = get_token_counter(server_of(settings, own.model).model)
    context = fit(
        question,
        as_read(found.hits, table, settings, counter),
        (),
        settings=own,
        counter=counter,
        style=get_style(settings.data_dir, own.style),
    )
    limit = own.context_tokens
    for number, hit in enumerate(context.hits):
        if not hit.stands_for(expected.passage_ids):
            continue
        end = hit.chunk.start + context.ledger.passages[number].characters
        starts = [start for start, _ in expected.spans if hit.chunk.start <= start < hit.chunk.end]
        if end < hit.chunk.end and starts and min(starts) >= end:
            said = f"The passage was shortened and its end left out: {limit:,} tokens are for passages."
            return Step("budget", "lost", f"{said} Raise answer.context_tokens.", number + 1, None, limit)
        return Step("budget", "kept", f"In the prompt, as passage {number + 1}.", number + 1, None, limit)
    needed = sum(passage.tokens for passage in context.ledger.passages) + sum(
        left.tokens for left in context.ledger.dropped
    )
    said = (
        f"It did not fit: {limit:,} tokens are for passages (answer.context_tokens); the "
        f"{len(found.hits)} kept need {needed:,}. Its window: {own.window_tokens:,} (answer.window_tokens)."
    )
    return Step("budget", "lost", said, None, None, limit)


def _completed(steps: Sequence[Step]) -> tuple[Step, ...]:
    """A step for each stage, in order; those after the one that lost the passage were not reached."""
    known = {step.stage: step for step in steps}
    return tuple(known.get(stage, Step(stage, "unreached", "")) for stage in STAGES)
