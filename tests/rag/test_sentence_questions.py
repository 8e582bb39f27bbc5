"""Questions made of sentences and headings by rules: as people type them, or none."""

from __future__ import annotations

import pytest

from rag.heading_questions import heading_questions
from rag.question_writing import from_rules
from rag.sentence_questions import sentence_questions
from rag.types import Heading, ParsedDocument


def asked(text: str) -> list[str]:
    return [question for question, _, _ in sentence_questions(text)]


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ("The Bramley trees were grafted in 1931 by Tomas Okoye.", "When were the Bramley trees grafted?"),
        ("Utah was admitted to the Union on January 4, 1896.", "When was Utah admitted to the Union?"),
        ("In 1962, Ardmore College was founded by the state.", "When was Ardmore College founded?"),
        ("Maria Lind joined the board in March 2019.", "When did Maria Lind join the board?"),
        ("The Aspect novel was written by Roger Stern.", "Who was the Aspect novel written by?"),
        ("Parental leave lasts 26 weeks in our house.", "How long does parental leave last?"),
        ("Oklahoma has 77 counties and many towns.", "How many counties does Oklahoma have?"),
        ("We employ about 340 people in two countries.", "How many people do we employ?"),
        ("A guided tour costs $45 for the whole group.", "How much does a guided tour cost?"),
        ("The Trust pays 75 percent of the fee, at most.", "How much of the fee does the Trust pay?"),
        ("The valve of boiler 7 opens at 8.8 bar.", "At what pressure does the valve of boiler 7 open?"),
        ("Net sales increased 4% to $93 million in 2019.", "How much did net sales increase in 2019?"),
        ("Invoices must be paid within 30 days of their date.", "When must invoices be paid?"),
        ("Annual leave can be requested by writing to us.", "How can annual leave be requested?"),
        ("Bicycles can be left in the rack behind the house.", "Where can bicycles be left?"),
        ("The museum is open from Tuesday to Sunday.", "When is the museum open?"),
        ("To reset the pump, hold the button for a second.", "How do I reset the pump?"),
        ("If the alarm sounds, leave by the nearest door.", "What should I do if the alarm sounds?"),
        ("If you lose your key, the office has another one.", "What happens if I lose my key?"),
        ("Only the caretaker may work on the plant.", "Who may work on the plant?"),
        ("The porter is responsible for the main gate.", "Who is responsible for the main gate?"),
        ("The purpose of a kettle is to boil water for tea.", "What is the purpose of a kettle?"),
        ("A progressive tax is a tax by which the rate rises.", "What is a progressive tax?"),
        ("Ines Marchetti is an engineer who tests old boilers.", "Who is Ines Marchetti?"),
        ("Lantern House (the “House”) is a small museum of lamps.", "What is Lantern House?"),
        ("The bridge was closed because the river had risen.", ""),
        ("The Harbour Bridge was closed because the river rose.", "Why was the Harbour Bridge closed?"),
    ],
)  # fmt: skip
def test_a_sentence_is_asked_about_as_people_type(sentence: str, question: str) -> None:
    assert asked(sentence) == ([question] if question else [])


@pytest.mark.parametrize(
    "sentence",
    [
        "It was opened in 1931 by the mayor of the town.",
        "This is a list of the subsidiaries of the company.",
        "Below is a list of the subsidiaries of Lifeway Foods.",
        "Most of the delta is a nature reserve and sanctuary.",
        "Inside these cells is a pyrenoid and some thylakoids.",
        "The second two are the largest, and one is the oldest.",
        "The series was cancelled in 2011 after ten seasons.",
        "The state is the top manufacturer of tires anywhere.",
        "Tests showed Chlorella was discovered in 1890 by chance.",
        "Economic growth is an important aspect of every policy.",
        "The valve | opens at | 8.8 bar | in March 2024 | here.",
        "Das Haus ist ein Museum, in dem alte Lampen stehen.",
    ],
)
def test_what_means_something_only_beside_its_neighbours_is_not_asked_about(sentence: str) -> None:
    assert asked(sentence) == []


def test_a_question_comes_with_the_place_of_its_sentence() -> None:
    text = "# Plant\n\nIt is old. The Bramley trees were\ngrafted in 1931.[4] They bear well.\n"
    [(question, start, end)] = sentence_questions(text)
    assert question == "When were the Bramley trees grafted?"
    assert " ".join(text[start:end].split()).startswith("The Bramley trees were grafted in 1931.")


ENGLISH = "the of and to is the of and to is replace the filter, and replacing is easy. Ask the office."


def headed(*headings: str, text: str = ENGLISH) -> ParsedDocument:
    return ParsedDocument(
        text=text,
        title="Handbook",
        mime_type="text/markdown",
        headings=tuple(Heading(place, 2, heading) for place, heading in enumerate(headings)),
    )


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("How long is parental leave?", "How long is parental leave?"),
        ("How to open the hatch", "How do I open the hatch?"),
        ("Who to call", "Who should I call?"),
        ("What you need", "What do I need?"),
        ("Asking for leave", "How do I ask for leave?"),
        ("4.2 Replacing the filter", "How do I replace the filter?"),
        ("Clean the siphon", "How do I clean the siphon?"),
        ("Opening hours", "What about Opening hours?"),
        ("Role of trustees", "What about the Role of trustees?"),
        ("Where to put it", ""),
        ("When we disagree", ""),
        ("In an emergency", ""),
        ("Section B", ""),
        ("Caretaker: cleaning the siphon", ""),
    ],
)
def test_a_heading_is_asked_about_as_people_type(heading: str, question: str) -> None:
    assert [text for text, _ in heading_questions("handbook.md", headed(heading))] == (
        [question] if question else []
    )


def test_headings_of_other_languages_are_search_words() -> None:
    text = "Der Urlaub dauert sechs Wochen. Wer krank ist, meldet sich beim Leiter."
    assert heading_questions("a.md", headed("Urlaub und Krankheit", text=text)) == [
        ("Urlaub und Krankheit", 0)
    ]


def test_questions_are_spread_and_what_several_places_answer_is_asked_once() -> None:
    many = "".join(
        f"Hall {number} has {number + 2} doors in all, and one of them leads to the yard.\n\n"
        for number in range(1, 41)
    )
    twice = "Ardmore is a town on the river Lea. Ardmore is the oldest port of the county.\n"
    documents = [("many.md", "m", headed("Opening hours", text=many)), ("twice.md", "t", headed(text=twice))]
    made = from_rules(documents, 6)
    assert [own.text for own in made][:2] == ["How many doors does Hall 1 have?", "What is Ardmore?"]
    assert len(made[1].judgements) == 2
    numbers = [int(own.text.split()[5]) for own in made if own.text.startswith("How many")]
    assert max(numbers) > 20, "a few questions come from all over a document"
    assert from_rules(documents, 99)[-1].text == "What about Opening hours?", "the least telling come last"
    assert {own.origin for own in made} == {"headings"}
