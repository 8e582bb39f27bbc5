"""Misspelt words of a question are searched for as the collection spells them, and the answer says so."""

from __future__ import annotations

from typing import Any

import pytest
from corpus import fill

from rag.answer import Reply, ask
from rag.presets import PRESETS
from rag.retrieve import retrieve
from rag.settings import Settings, with_overrides
from rag.spelling import changes_between, nearest
from rag.workspace import Workspace

TEXTS = {
    "warranty.txt": "The warranty of every pump is two years. It does not cover seals.",
    "terms.txt": "Harbour Plumbing does the maintenance of the boiler. Peter Marchetti gets the invoices.",
}
GERMAN = {
    f"{number}.txt": text
    for number, text in enumerate(
        (
            "Die Kündigungsfrist der Wohnung beträgt drei Monate zum Ende eines Quartals.",
            "Die Miete wird am ersten Werktag des Monats bezahlt, und der Hausmeister wohnt im Hof.",
        )
    )
}


@pytest.fixture
def filled(real_workspace: Workspace) -> Workspace:
    fill(real_workspace, TEXTS)
    return real_workspace


def asked(workspace: Workspace, question: str, settings: Settings | None = None) -> Reply:
    reply = ask(question, table=workspace.table("default"), settings=settings or workspace.settings)
    for _ in reply:
        pass
    return reply


@pytest.mark.parametrize(
    ("question", "said", "quoted"),
    [
        ("What is the waranty of the pump?", "“warranty”, since “waranty” stands", "two years"),
        ("Waranty?", "“warranty”, since “waranty” stands", "two years"),
        (
            "who does the maintanance of the boielr",
            "“maintenance”, “boiler”, since “maintanance”, “boielr” stand",
            "Harbour",
        ),
    ],
)
def test_a_misspelt_word_finds_what_the_collection_says(
    filled: Workspace, question: str, said: str, quoted: str
) -> None:
    reply = asked(filled, question)
    assert quoted in reply.text
    assert any(note.startswith(f"Searched for {said} nowhere") for note in reply.notes)


@pytest.mark.parametrize(
    "question",
    [
        "What is the warranty of the pump?",
        "warranties of pumps",
        'the "waranty" of the pump',
        "What does Mr Marchesti receive?",
        "What is the guarantee of the hedgehog?",
        "the wramnty of the pump",
        "",
    ],
    ids=["spelt well", "another form", "quoted", "a name", "other words", "too much", "nothing"],
)
def test_other_words_are_searched_for_as_they_are(filled: Workspace, question: str) -> None:
    assert not any("Searched for" in note for note in asked(filled, question).notes)


@pytest.mark.parametrize("changes", [{"retrieval.correct_spelling": False}, PRESETS["plain"]])
def test_words_are_taken_as_they_are_where_the_settings_say_so(
    filled: Workspace, changes: dict[str, Any]
) -> None:
    settings = with_overrides(filled.settings, changes)
    found = retrieve("the waranty of the pump", table=filled.table("default"), settings=settings)
    assert found.notes == ()
    assert found.query.text == "the waranty of the pump"


def test_the_second_search_has_what_is_left_of_the_time(filled: Workspace) -> None:
    hours = iter(range(0, 3_600_000, 3_600))
    settings = with_overrides(
        filled.settings, {"retrieval.milliseconds": 60_000, "retrieval.reranker": "embedded-cross-encoder"}
    )
    found = retrieve(
        "waranty", table=filled.table("default"), settings=settings, now=lambda: float(next(hours))
    )
    assert found.notes[0].startswith("Searched for “warranty”")
    assert any("nothing was left" in note for note in found.notes[1:])


def test_the_index_is_asked_where_no_passage_found_has_the_word(filled: Workspace) -> None:
    table = filled.table("default")
    table.upkeep.optimize()
    assert [table.as_spelt(word, []) for word in ("waranty", "warranty", "maintanance", "hedgehog")] == [
        "warranty",
        "warranty",
        "maintenance",
        "",
    ]


def test_german_nouns_have_capitals_and_are_no_names(real_workspace: Workspace) -> None:
    fill(real_workspace, GERMAN)
    reply = asked(real_workspace, "Wie lang ist die Kündigungfrist?")
    assert "Searched for “Kündigungsfrist”, since" in "".join(reply.notes)


def test_several_collections_are_asked_for_the_word(filled: Workspace) -> None:
    fill(filled, {"other.txt": "The cat sleeps."}, "other")
    fill(filled, {"odd.txt": "The waranty of the mill is void."}, "odd")
    search = {"table": filled.searched(["default", "other"]), "settings": filled.settings}
    assert "warranty" in retrieve("waranty of the pump", **search).notes[0]
    search["table"] = filled.searched(["default", "odd"])
    assert retrieve("waranty of the pump", **search).notes == ()


def test_a_search_by_meaning_alone_reads_words_as_they_are(filled: Workspace) -> None:
    settings = with_overrides(filled.settings, {"retrieval.mode": "vector"})
    assert retrieve("waranty", table=filled.table("default"), settings=settings).notes == ()


@pytest.mark.parametrize(
    ("first", "other", "changes"),
    [
        ("warranty", "waranty", 1),
        ("recieve", "receive", 1),
        ("boiler", "boiler", 0),
        ("cat", "dog", 3),
        ("", "ab", 2),
    ],
)
def test_changes_between_words(first: str, other: str, changes: int) -> None:
    assert changes_between(first, other) == changes_between(other, first) == changes


def test_the_fewest_changes_win_and_then_the_word_said_most_often() -> None:
    texts = ["Winter winters winner", "a winner, the Winner"]
    assert nearest("wintr", texts) == "Winter"
    assert nearest("winnter", texts) == "winner"
    assert nearest("walnut", texts) == ""
