"""Where a passage is lost: each stage made to lose it once, and the remedy tried through the same door."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import pytest
from corpus import fill

from rag.__main__ import main
from rag.catalog import DocumentRecord
from rag.database import utc_now
from rag.errors import DocumentNotFound
from rag.expected_passage import expected_passage, longest_part, places
from rag.retrieve import retrieve
from rag.settings import with_overrides
from rag.trace import STAGES, Step, Trace, trace
from rag.workspace import Workspace

#: The first birds share more of the question's words than the last, which the tests look for.
BIRDS = {
    f"bird{number}.md": f"The bird numbered {number} sings at dawn {'sings at dawn ' * (9 - number)}."
    for number in range(1, 10)
}
QUESTION = "which bird sings at dawn"
LAST = "bird9.md"

Traced = Callable[..., Trace]


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace, BIRDS)
    return workspace


@pytest.fixture
def traced(filled: Workspace) -> Traced:
    def follow(document: str = LAST, phrase: str = "", question: str = QUESTION, **overrides: Any) -> Trace:
        settings = with_overrides(
            filled.settings,
            {"mode": "text", "reranker": "none"}
            | {name.replace("__", "."): value for name, value in overrides.items()},
        )
        expected = expected_passage(filled, "default", document, phrase)
        return trace(question, expected, table=filled.table("default"), settings=settings)

    return follow


def step(made: Trace, stage: str) -> Step:
    return next(own for own in made.steps if own.stage == stage)


def test_what_was_found_has_the_places_and_scores_of_retrieve(traced: Traced, filled: Workspace) -> None:
    made = traced(
        "bird3.md", "numbered 3", mode="hybrid", reranker="late-interaction", answer__decline_below=0
    )
    assert made.lost_at == ()
    assert tuple(own.stage for own in made.steps) == STAGES
    settings = with_overrides(filled.settings, {"answer.decline_below": 0})
    found = retrieve(QUESTION, table=filled.table("default"), settings=settings)
    hit = next(hit for hit in found.hits if hit.chunk.document == "bird3.md")
    for stage, name in (("text", "text"), ("vector", "vector"), ("fusion", "fused"), ("reranking", "rerank")):
        assert step(made, stage).rank == hit.ranks[name]
        assert step(made, stage).score == pytest.approx(hit.scores[name])
    assert step(made, "kept").rank == hit.rank


def test_words_that_were_not_read(traced: Traced) -> None:
    made = traced("bird3.md", "numbered 3 sings at noon")
    assert made.lost_at == ("reading",)
    assert "numbered 3 sings at" in step(made, "reading").says
    assert {own.outcome for own in made.steps[1:]} == {"unreached"}
    assert traced("bird3.md", "NUMBERED\n3").lost_at != ("reading",), "case and line breaks do not count"
    assert longest_part("one two three", "two THREE") == "two three"


def test_a_document_that_failed_says_why(traced: Traced, filled: Workspace) -> None:
    now = utc_now()
    filled.catalog.put(
        DocumentRecord(
            collection="default", name="bad.pdf", document_id="0" * 64, status="failed",
            error="The file is encrypted.", added_at=now, updated_at=now,
        )
    )  # fmt: skip
    made = traced("bad.pdf", "anything")
    assert made.lost_at == ("reading",)
    assert "encrypted" in step(made, "reading").says
    with pytest.raises(DocumentNotFound):
        traced("no-such.pdf")


def test_a_passage_missing_from_the_table_was_lost_in_cutting(traced: Traced, filled: Workspace) -> None:
    record = filled.catalog.resolve("default", LAST)
    filled.table("default").delete_documents([record.document_id])
    assert traced(phrase="numbered 9").lost_at == ("passages",)


def test_words_cut_in_two_are_told(traced: Traced, filled: Workspace) -> None:
    long = " ".join(f"Sentence {number} is about the sea." for number in range(200))
    fill(filled, {"long.md": long})
    chunks = filled.table("default").chunks(filled.catalog.resolve("default", "long.md").document_id)
    cut = chunks[0].end
    parsed = filled.blobs.get_parsed(chunks[0].document_id)
    assert parsed is not None
    phrase = parsed.text[chunks[0].start + 1 : cut + 60]
    made = traced("long.md", phrase, question="sea", k=200, candidates=200)
    assert "cut" in step(made, "passages").says
    assert "chunking.max_tokens" in step(made, "passages").says


def test_too_few_candidates_and_the_number_that_keeps_it(traced: Traced, filled: Workspace) -> None:
    made = traced(candidates=5, k=5)
    assert made.lost_at == ("text",)
    assert step(made, "text").rank == 9
    assert step(made, "vector").outcome == "unused"
    remedy = next(own for own in made.remedies if "candidates" in own.changes)
    assert remedy.changes == {"candidates": 10, "k": 9}
    settings = with_overrides(
        filled.settings, {"mode": "text", "reranker": "none", "candidates": 5, "k": 5} | remedy.changes
    )
    found = retrieve(QUESTION, table=filled.table("default"), settings=settings)
    assert found.hits[remedy.rank - 1].chunk.document == LAST


def test_no_word_in_common(traced: Traced) -> None:
    made = traced(question="zebra")
    assert made.lost_at == ("text",)
    assert "shares no word" in step(made, "text").says
    assert any(own.changes.get("mode") in ("vector", "hybrid") for own in made.remedies)


def test_too_few_kept(traced: Traced) -> None:
    made = traced(k=3)
    assert made.lost_at == ("kept",)
    assert (step(made, "kept").rank, step(made, "kept").limit) == (9, 3)
    assert made.remedies[0].changes == {"k": 9}


def test_a_reranker_that_moves_it_out(traced: Traced, filled: Workspace) -> None:
    table = filled.table("default")
    plain = with_overrides(filled.settings, {"mode": "text", "reranker": "none", "k": 9})
    question = "bird 1 sings at dawn numbered 5"
    exact = with_overrides(plain, {"reranker": "late-interaction", "reranking.text_weight": 0})
    first, then = (
        [hit.chunk.document for hit in retrieve(question, table=table, settings=own).hits]
        for own in (plain, exact)
    )
    sunk = next(document for document in first if first.index(document) < then.index(document))
    place = first.index(sunk) + 1
    made = traced(sunk, question=question, reranker="late-interaction", reranking__text_weight=0, k=place)
    assert made.lost_at == ("reranking",)
    assert step(made, "kept").outcome == "unreached"
    assert {"reranker": "none"} in [own.changes for own in made.remedies]


def test_merging_that_moves_it_out(traced: Traced, filled: Workspace) -> None:
    table = filled.table("default")
    hybrid = with_overrides(filled.settings, {"reranker": "none", "k": 9})
    found = retrieve(QUESTION, table=table, settings=hybrid).hits
    fallen = next(hit for hit in found if min(hit.ranks["text"] or 99, hit.ranks["vector"] or 99) < hit.rank)
    made = traced(fallen.chunk.document, mode="hybrid", k=fallen.rank - 1)
    assert made.lost_at == ("fusion",)
    assert step(made, "fusion").rank == fallen.rank


def test_quoted_words_that_come_first_push_it_out(traced: Traced, filled: Workspace) -> None:
    long = "Of the sea and of ships and of harbours there is much to tell. " * 8
    fill(filled, {"long.md": f"{long}The numbered bird is none."})
    question = 'which "numbered bird" sings at dawn'
    settings = with_overrides(filled.settings, {"mode": "text", "reranker": "none", "k": 20})
    found = retrieve(question, table=filled.table("default"), settings=settings).hits
    assert (found[0].chunk.document, found[0].ranks["text"]) == ("long.md", len(found))
    pushed = found[1].chunk.document
    made = traced(pushed, question=question, k=1)
    assert made.lost_at == ("kept",)
    assert "retrieval.exact_first" in step(made, "kept").says
    assert {"retrieval.exact_first": False} in [own.changes for own in made.remedies]
    brought = traced("long.md", question=question, k=1, answer__decline_below=0)
    assert brought.lost_at == ()
    assert "to the letter" in step(brought, "kept").says


def test_the_threshold_and_the_value_that_lets_it_through(traced: Traced) -> None:
    made = traced("bird1.md", k=9, answer__decline_below=1.0)
    assert made.lost_at == ("threshold",)
    value = float(step(made, "threshold").says.rpartition("= ")[2].split()[0])
    assert traced("bird1.md", k=9, answer__decline_below=value).lost_at == ()


def test_the_token_budget(traced: Traced) -> None:
    told = {"answer__decline_below": 0, "answer__model": "ollama"}
    made = traced(k=9, answer__context_tokens=150, **told)
    assert made.lost_at == ("budget",)
    assert traced(k=9, answer__context_tokens=3000, **told).lost_at == ()
    assert step(traced(k=9, answer__decline_below=0), "budget").outcome == "unused"


def test_the_command_prints_the_same(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch, traced: Traced
) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    wanted = ["trace", QUESTION, "--document", LAST, "--phrase", "numbered 9"]
    chosen = ["--mode", "text", "--reranker", "none", "--k", "3"]
    output = io.StringIO()
    with redirect_stdout(output):
        assert main([*wanted, *chosen, "--json"]) == 0
    assert json.loads(output.getvalue()) == json.loads(json.dumps(traced(phrase="numbered 9", k=3).as_dict()))
    output = io.StringIO()
    with redirect_stdout(output):
        assert main([*wanted, *chosen]) == 0
        assert main(["trace", QUESTION]) == 1
    assert "Lost at: kept" in output.getvalue()
    assert "With k=9 it is kept, at place 9." in output.getvalue()


def test_a_part_is_only_said_to_stand_where_it_is_found() -> None:
    for phrase, part in (("STRASSE 5", "5"), ("STRAßE 5", "STRAßE 5")):
        assert longest_part(phrase, "Straße 5") == part
        assert places(part, "Straße 5")
