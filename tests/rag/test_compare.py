"""One question, several settings: the same passages connected, movements counted, failures contained."""

from __future__ import annotations

from typing import Any

import pytest
from corpus import fill

from rag.compare import Comparison, Variant, choices_of, compare, default_choices
from rag.errors import SettingsError, StoreError
from rag.presets import expanded
from rag.retrieve import retrieve
from rag.settings import Settings, with_overrides
from rag.tokens import get_token_counter
from rag.types import SearchResult
from rag.workspace import Workspace

#: Words and meaning disagree on these: the words of the question are spread unevenly.
TEXTS = {
    f"note-{number}.txt": text
    for number, text in enumerate(
        [
            "The pump room. The pump is loud and the pump is old, and nobody likes the pump.",
            "Pump pressure rises in winter.",
            "Pressure is measured at noon, pressure is measured at night.",
            "Winter comes late this year, with snow on the hills and ice on the lake by the old mill.",
            "The winter pressure of the pump is read by Ines, who writes it down.",
            "Bread is baked on Fridays.",
            "A pump, a valve, a gauge, a filter, a bracket, a hose and a clamp lie on the shelf.",
        ]
    )
}
QUESTION = "winter pressure of the pump"


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace, TEXTS)
    return workspace


def variants(settings: Settings, *choices: dict[str, Any]) -> list[Variant]:
    return [
        Variant(f"v{number}", with_overrides(settings, chosen), chosen)
        for number, chosen in enumerate(choices)
    ]


def compared(workspace: Workspace, *choices: dict[str, Any]) -> Comparison:
    return compare(QUESTION, variants(workspace.settings, *choices), workspace.table("default"))


def ids(made: Comparison, run: int) -> list[str]:
    return [made.passages[own.passage].citation.chunk_id for own in made.runs[run].placements]


def test_every_run_is_the_ranking_that_retrieve_gives(filled: Workspace) -> None:
    choices = [{"mode": "text", "reranker": "none", "k": 4}, {"mode": "hybrid", "k": 4}, {"mode": "vector"}]
    made = compared(filled, *choices)
    for number, chosen in enumerate(choices):
        found = retrieve(
            QUESTION, table=filled.table("default"), settings=with_overrides(filled.settings, chosen)
        )
        assert ids(made, number) == [hit.chunk.id for hit in found.hits]
        placements = made.runs[number].placements
        assert [own.score for own in placements] == [hit.scores["rerank"] for hit in found.hits]
        assert [own.ranks for own in placements] == [hit.ranks for hit in found.hits]
        assert set(made.runs[number].milliseconds) == set(found.milliseconds)


def test_one_passage_has_one_number_in_all_columns(filled: Workspace) -> None:
    made = compared(filled, {"mode": "text", "k": 3}, {"mode": "vector", "k": 5}, {"k": 7})
    chunk_ids = [passage.citation.chunk_id for passage in made.passages]
    assert len(set(chunk_ids)) == len(chunk_ids)
    assert [passage.citation.number for passage in made.passages] == list(range(1, len(chunk_ids) + 1))
    assert ids(made, 0) == chunk_ids[: len(made.runs[0].placements)]
    in_runs = [set(ids(made, run)) for run in range(3)]
    for index, chunk_id in enumerate(chunk_ids):
        assert (index in made.shared_passages) == (sum(chunk_id in own for own in in_runs) > 1)


def test_movements_are_measured_against_what_the_first_kept(filled: Workspace) -> None:
    made = compared(
        filled, {"mode": "text", "reranker": "none", "k": 3}, {"mode": "vector", "reranker": "none", "k": 5}
    )
    first, second = ids(made, 0), ids(made, 1)
    seen = set()
    for rank, own in enumerate(made.runs[1].placements, start=1):
        identifier = made.passages[own.passage].citation.chunk_id
        seen.add(own.movement)
        if identifier in first:
            before = first.index(identifier) + 1
            assert (own.movement, own.steps) == (
                "same" if before == rank else "up" if before > rank else "down",
                abs(before - rank),
            )
            assert own.rank_in_first == before
        else:
            assert (own.movement, own.steps) == ("new", 0)
            assert own.rank_in_first is None or own.rank_in_first > len(first)
    assert "new" in seen
    assert made.runs[1].shared == len(set(first) & set(second))
    assert all(own.movement == "same" for own in made.runs[0].placements)


def test_dropped_passages_say_where_they_went(filled: Workspace) -> None:
    made = compared(filled, {"mode": "text", "k": 4}, {"mode": "text", "k": 1})
    kept = ids(made, 0)
    dropped = made.runs[1].dropped
    assert [made.passages[own.passage].citation.chunk_id for own in dropped] == kept[1:]
    assert [own.rank for own in dropped] == [2, 3, 4]
    narrow = compared(filled, {"mode": "text", "k": 4}, {"mode": "text", "candidates": 1, "k": 4})
    assert [own.rank for own in narrow.runs[1].dropped] == [None, None, None]
    assert made.runs[0].dropped == ()


def test_a_passage_opens_like_any_citation(filled: Workspace) -> None:
    filler = "Nothing of note happened here. " * 6
    long = f"{filler}The turbine of Halden spins at 1500 rpm. {filler}".strip()
    fill(filled, {"long.txt": long}, collection="long")
    made = compare(
        "turbine of Halden",
        variants(filled.settings, {"mode": "text"}, {"mode": "hybrid"}),
        filled.table("long"),
    )
    best = made.passages[0]
    assert best.citation.document == "long.txt"
    assert best.citation.quote == long[best.citation.start : best.citation.end]
    assert long[best.excerpt[0] :].startswith("The turbine of Halden")
    assert best.excerpt[1] == best.citation.end
    assert {long[start:end] for start, end in best.citation.words} >= {"turbine", "Halden"}


def test_an_excerpt_that_would_be_short_begins_sentences_earlier(filled: Workspace) -> None:
    long = "Nothing of note happened here. " * 9 + "The turbine of Halden spins."
    fill(filled, {"long.txt": long}, collection="long")
    made = compare("turbine of Halden", variants(filled.settings, {}, {"k": 1}), filled.table("long"))
    start, end = made.passages[0].excerpt
    assert long[start:end].startswith("Nothing of note happened here. Nothing")
    assert long[start:end].endswith("The turbine of Halden spins.")
    assert 0 < start < len(long) - 180


def test_a_variant_that_fails_does_not_stop_the_others(filled: Workspace) -> None:
    broken = with_overrides(filled.settings, {"reranker": "magic"})
    good = variants(filled.settings, {"mode": "text"}, {"mode": "vector"})
    made = compare(QUESTION, [Variant("broken", broken), *good], filled.table("default"))
    assert "magic" in made.runs[0].error
    assert made.runs[0].placements == ()
    assert made.reference == 1
    assert made.runs[1].placements
    assert all(own.movement == "same" for own in made.runs[1].placements)


def test_what_fails_while_it_is_timed_again_keeps_its_ranking(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def failing_later(*given: Any, **options: Any) -> SearchResult:
        asked.append(given[0])
        # Each of two is asked twice before anything is timed again.
        if len(asked) > 4:
            raise StoreError("the table is busy")
        return retrieve(*given, **options)

    monkeypatch.setattr("rag.compare.retrieve", failing_later)
    made = compared(filled, {"mode": "text"}, {"mode": "vector"})
    assert len(asked) > 4
    assert [run.error for run in made.runs] == ["", ""]
    assert all(run.placements and run.milliseconds["total"] > 0 for run in made.runs)


def test_a_missing_model_gives_way_and_the_run_says_so(filled: Workspace) -> None:
    made = compared(
        filled,
        {"reranker": "late-interaction"},
        {"reranker": "cross-encoder", "reranking.cross_encoder": "nobody/no-such-model"},
    )
    assert "nobody/no-such-model" in made.runs[1].notes[0]
    assert ids(made, 0) == ids(made, 1)


def test_a_question_without_words_finds_nothing(filled: Workspace) -> None:
    made = compare(" ", variants(filled.settings, {}, {"mode": "text"}), filled.table("default"))
    assert made.passages == ()
    assert [run.placements for run in made.runs] == [(), ()]


@pytest.mark.parametrize("count", [0, 1, 5])
def test_two_to_four_settings(filled: Workspace, count: int) -> None:
    with pytest.raises(SettingsError, match="2 to 4"):
        compare(QUESTION, variants(filled.settings, *[{}] * count), filled.table("default"))


def test_progress_names_each_variant_in_turn(filled: Workspace) -> None:
    asked: list[int] = []
    compare(
        QUESTION,
        variants(filled.settings, {}, {"mode": "text"}),
        filled.table("default"),
        on_progress=asked.append,
    )
    assert asked == [0, 1]


def test_the_first_choices_differ_and_hold_the_settings_in_force(settings: Settings) -> None:
    plain = expanded({"preset": "plain", "k": 4})
    for changes in ({}, {"mode": "text", "reranker": "none"}, {"reranker": "none", "k": 4}, plain):
        current = with_overrides(settings, changes)
        choices = default_choices(current)
        assert choices_of(current) in choices
        assert len({tuple(chosen.items()) for chosen in choices}) == 3


def test_overlap_and_length_of_what_is_kept(filled: Workspace) -> None:
    same = {"mode": "text", "reranker": "none", "k": 4}
    made = compared(filled, same, same, same | {"k": 1}, {"mode": "vector", "reranker": "none", "k": 4})
    assert [run.overlap for run in made.runs[:3]] == [pytest.approx(1.0)] * 3
    assert 0 <= made.runs[3].overlap < 1
    counter = get_token_counter()
    for run in made.runs:
        quotes = [made.passages[own.passage].citation.quote for own in run.placements]
        assert run.tokens == sum(counter.count(quote) for quote in quotes) > 0
