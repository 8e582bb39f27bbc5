"""Words, their stems, and the kind of answer a question asks for."""

from __future__ import annotations

import pytest

from rag.expected_answer import expected_kind, offers
from rag.words import content_stems, stem, words


def test_codes_and_numbers_stay_whole() -> None:
    assert words("Pump P-118B draws 3.2 kW, don't stop.") == [
        "Pump", "P-118B", "draws", "3.2", "kW", "don't", "stop",
    ]  # fmt: skip


@pytest.mark.parametrize("word", ["open", "opens", "Opened", "opening", "openings"])
def test_forms_of_a_word_agree(word: str) -> None:
    assert stem(word) == "open"


def test_short_words_keep_their_endings() -> None:
    assert stem("bus") == "bus"
    assert stem("need") == "need"


def test_function_words_carry_nothing() -> None:
    assert content_stems("Who was it that had been here for the valves?") == {"here", "valv"}


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many steps are there?", "number"),
        ("At what pressure does the valve open?", "number"),
        ("In which year was it built?", "date"),
        ("When is the open day?", "date"),
        ("Who found the leak?", "name"),
        ("Where are the sensors kept?", "place"),
        ("Why are pellets not allowed?", "reason"),
        ("Describe the boiler.", None),
        ("", None),
    ],
)
def test_the_kind_asked_for(question: str, kind: str | None) -> None:
    assert expected_kind(question) == kind


def test_what_the_question_named_is_no_answer() -> None:
    asked = "Who repaired boiler 7 for Marchetti?"
    assert offers("name", "The boiler was repaired by Tomas Okoye.", asked)
    assert not offers("name", "Boiler 7 was repaired for Marchetti.", asked)
    assert offers("number", "It opens at 8.8 bar.", "At what pressure does valve 7 open?")
    assert not offers("number", "Valve 7 does open.", "At what pressure does valve 7 open?")
    assert offers("date", "It was grafted in 1931.", "When was it grafted?")
    assert not offers("name", "Repairs are made yearly.", "Who repairs it?")
    assert offers("reason", "They are forbidden because hedgehogs died.", "Why are they forbidden?")
    assert not offers(None, "It was grafted in 1931.", "Describe it.")
