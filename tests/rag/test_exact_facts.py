"""Numbers, dates, names and negations in comparable forms."""

from __future__ import annotations

import pytest

from rag.exact_facts import folded_words, is_named, names, negated, number_forms, numbers


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("It cost 1,200 crowns.", "1200 crowns were paid"),
        ("It cost 1 200,50 euros", "1200.50 euros"),
        ("Twelve keepers", "12 keepers"),
        ("4 lighthouses", "four lighthouses"),
        ("1.2 million people", "1,200,000 people"),
        ("in March 2024", "2024-03-12"),
        ("3.50 %", "3.5 percent"),
    ],
)
def test_the_same_number_agrees_however_written(claim: str, passage: str) -> None:
    assert set(numbers(claim)) <= number_forms(passage)


@pytest.mark.parametrize(
    ("claim", "passage"),
    [
        ("It cost 1,300 crowns.", "1200 crowns"),
        ("in April 2024", "in March 2024"),
        ("8.9 bar", "8.8 bar"),
        ("12 million", "12 thousand"),
    ],
)
def test_another_number_does_not(claim: str, passage: str) -> None:
    assert not set(numbers(claim)) <= number_forms(passage)


def test_names_are_told_by_capitals_within_a_sentence() -> None:
    found = names("The painter Leonardo da Vinci worked for NASA in Paris.")
    assert set(found.values()) == {"Leonardo", "Vinci", "NASA", "Paris"}
    assert names("Valves open at once.") == {}
    assert set(names("Marie Curie was born there.").values()) == {"Marie", "Curie"}


def test_where_most_words_have_a_capital_no_name_is_told() -> None:
    assert names("Die Leitung der Firma prüft Ventile, Pumpen, Kessel und Rohre im Keller.") == {}


def test_forms_of_a_name_are_one_name() -> None:
    present = folded_words("German players in Gospić; the MVP's coat")
    assert all(is_named(own, present) for own in names("In Germany, at Gospic, both MVPs"))
    assert not any(is_named(own, present) for own in names("In Austria and Zagreb"))


@pytest.mark.parametrize(
    ("text", "denies"), [("It isn’t so.", True), ("Nothing is noted.", False), ("kein Dampf", True)]
)
def test_denials(text: str, denies: bool) -> None:
    assert negated(text) is denies
