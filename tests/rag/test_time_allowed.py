"""Ranking within the time allowed, by a clock that moves only when something is read."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

import pytest
from corpus import fill
from rerank_server import start_rerank_server

from rag.errors import RerankingFailed
from rag.expected_passage import expected_passage
from rag.hash_embedder import HashEmbedder
from rag.remedies import Remedy
from rag.rerankers import own as own_module
from rag.rerankers.hosted import get_hosted
from rag.rerankers.seam import Effort
from rag.rerankers.time_allowed import PROBE, SHORT, Deadline, Paces, score_within
from rag.retrieve import retrieve
from rag.settings import with_overrides
from rag.trace import trace
from rag.types import Chunk, Hit, Query
from rag.workspace import Workspace

LENGTH = 1000


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Slow:
    """Takes a millisecond for each hundred characters, and half a second to load."""

    name = "slow"
    needs: tuple[str, ...] = ()
    effort: Effort = "reading"

    def __init__(self, clock: Clock, effort: Effort = "reading") -> None:
        self.clock, self.effort = clock, effort
        self.read: list[list[int]] = []
        self.loaded = False

    def prepare(self) -> None:
        if not self.loaded:
            self.clock.now += 0.5
        self.loaded = True

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        lengths = [len(hit.chunk.embedded_text) for hit in hits]
        self.read.append(lengths)
        self.clock.now += sum(lengths) / 100_000
        return [float(place) for place in range(len(hits))]


def hits_of(count: int, length: int = LENGTH) -> list[Hit]:
    return [
        Hit(Chunk(str(number), "d", "d", "x" * length, "", "", "", None, 0, length))
        for number in range(count)
    ]


def query() -> Query:
    vectors, tokens = HashEmbedder().embed_with_tokens(["x"])
    return Query("x", vectors[0], tokens[0])


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_without_a_bound_all_is_read(clock: Clock) -> None:
    slow = Slow(clock)
    result = score_within(slow, query(), hits_of(50), Deadline(0, clock), Paces())
    assert (len(result.scores), result.note) == (50, "")
    assert slow.read == [[LENGTH] * 50]


def test_what_fits_is_read_whole_and_nothing_is_said(clock: Clock) -> None:
    result = score_within(Slow(clock), query(), hits_of(20), Deadline(400, clock), Paces())
    assert (len(result.scores), result.note) == (20, "")


def test_passages_are_shortened_first(clock: Clock) -> None:
    slow, deadline = Slow(clock), Deadline(400, clock)
    # Fifty whole passages would take 500 ms, and half of each 250.
    result = score_within(slow, query(), hits_of(50), deadline, Paces())
    assert slow.read == [[LENGTH] * PROBE, [SHORT] * 50]
    assert len(result.scores) == 50
    assert f"50 of 50 candidates, {SHORT} characters of each" in result.note
    assert deadline.left() > 0


@pytest.mark.parametrize("allowed", [60, 100, 150, 250])
def test_then_fewer_candidates_are_read_and_the_time_is_kept(clock: Clock, allowed: int) -> None:
    slow, deadline = Slow(clock), Deadline(allowed, clock)
    result = score_within(slow, query(), hits_of(50), deadline, Paces())
    assert 2 <= len(result.scores) < 50
    assert f"{len(result.scores)} of 50 candidates" in result.note
    assert f"{allowed} ms allowed" in result.note
    assert deadline.left() > 0


def test_a_known_pace_needs_no_probe(clock: Clock) -> None:
    slow, paces = Slow(clock), Paces()
    score_within(slow, query(), hits_of(50), Deadline(400, clock), paces)
    slow.read.clear()
    score_within(slow, query(), hits_of(10), Deadline(400, clock), paces)
    assert slow.read == [[LENGTH] * 10]


def test_no_time_left_leaves_the_order_and_says_so(clock: Clock) -> None:
    slow, deadline = Slow(clock), Deadline(50, clock)
    clock.now += 0.1
    result = score_within(slow, query(), hits_of(10), deadline, Paces())
    assert result.scores == []
    assert "nothing was left for the reranker slow" in result.note
    assert slow.read == []


def test_a_quick_one_is_never_cut(clock: Clock) -> None:
    deadline = Deadline(1, clock)
    clock.now += 1
    result = score_within(Slow(clock, "quick"), query(), hits_of(50), deadline, Paces())
    assert (len(result.scores), result.note) == (50, "")


def test_a_question_keeps_to_its_time_and_tells_in_its_notes(
    workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(workspace, {f"{number}.txt": f"Valve number {number}. " + "Steam. " * 100 for number in range(30)})
    slow = Slow(clock)
    monkeypatch.setattr(own_module, "_made", lambda path: slow)
    own_module.get_own.cache_clear()
    settings = with_overrides(
        workspace.settings,
        {"reranker": "own", "reranking.own": "slow.Slow", "retrieval.milliseconds": 100, "candidates": 30},
    )
    found = retrieve("valve", table=workspace.table("default"), settings=settings, now=clock)
    own_module.get_own.cache_clear()
    ranked = [hit for hit in found.candidates if hit.scores["rerank"] is not None]
    assert 2 <= len(ranked) < 30 == len(found.candidates)
    assert found.candidates[: len(ranked)] == ranked
    assert [hit.ranks["fused"] for hit in found.candidates[len(ranked) :]] == list(range(len(ranked) + 1, 31))
    assert found.milliseconds["total"] <= 100
    (note,) = found.notes
    assert f"{len(ranked)} of 30 candidates" in note


def test_the_trace_says_that_the_time_was_too_short_and_for_what(
    workspace: Workspace, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(workspace, {f"{number}.txt": f"Valve number {number}. " + "Steam. " * 100 for number in range(30)})
    slow = Slow(clock)
    monkeypatch.setattr(own_module, "_made", lambda path: slow)
    monkeypatch.setattr("rag.trace.retrieve", partial(retrieve, now=clock))
    own_module.get_own.cache_clear()
    table = workspace.table("default")
    asked = {"reranker": "own", "reranking.own": "slow.Slow", "candidates": 30, "k": 5}
    settings = with_overrides(workspace.settings, asked)
    # The slow one puts last what the searches put first.
    last = retrieve("valve", table=table, settings=settings, now=clock).hits[0].chunk.document
    made = trace(
        "valve",
        expected_passage(workspace, "default", last),
        table=table,
        settings=with_overrides(settings, {"retrieval.milliseconds": 100}),
    )
    own_module.get_own.cache_clear()
    assert made.lost_at == ("fusion",)
    [lost] = [step for step in made.steps if step.outcome == "lost"]
    assert "retrieval.milliseconds" in lost.says
    assert any("of 30 candidates" in note for note in made.notes)
    assert Remedy({"retrieval.milliseconds": 0}, 1) in made.remedies


def test_a_first_stage_that_takes_too_long_is_said(workspace: Workspace) -> None:
    fill(workspace)
    ticks = iter(range(10_000))
    settings = with_overrides(workspace.settings, {"retrieval.milliseconds": 10})
    found = retrieve("valve", table=workspace.table("default"), settings=settings, now=lambda: next(ticks))
    assert "more than the 10 ms allowed" in found.notes[-1]


def test_a_server_that_is_late_is_not_waited_for(workspace: Workspace) -> None:
    fill(workspace)
    get_hosted.cache_clear()
    gate = threading.Event()
    with start_rerank_server(gate=gate) as server:
        settings = with_overrides(
            workspace.settings,
            {
                "reranker": "jina",
                "reranking.jina_url": f"{server.base_url}/v1/rerank",
                "retrieval.milliseconds": 300,
            },
        )
        found = retrieve("relief valve", table=workspace.table("default"), settings=settings)
        gate.set()
    assert found.reranker == "none"
    assert "The reranker jina gave no order within the 300 ms" in found.notes[0]
    assert found.hits[0].chunk.document == "boiler.md"


def test_what_a_late_reranker_raises_is_raised(clock: Clock) -> None:
    class Failing(Slow):
        def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
            raise RerankingFailed("no")

    with pytest.raises(RerankingFailed, match="no"):
        score_within(Failing(clock, "remote"), query(), hits_of(2), Deadline(10_000, clock), Paces())
