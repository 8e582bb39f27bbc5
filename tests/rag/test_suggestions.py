"""Sample questions from titles and headings."""

from __future__ import annotations

import pytest

from rag.suggestions import LONGEST, suggest_questions
from rag.types import Heading, ParsedDocument


def document(title: str = "Boiler manual", *headings: str, text: str = "") -> ParsedDocument:
    return ParsedDocument(
        text=text or "\n".join(headings),
        title=title,
        mime_type="text/markdown",
        headings=tuple(Heading(place, 2, heading) for place, heading in enumerate(headings)),
    )


def test_what_sentences_and_headings_answer_comes_first() -> None:
    text = (
        "The museum is open from Tuesday to Sunday, and the sale of tickets is at the desk. Ask the office."
    )
    documents = [
        ("a.md", document("Handbook", "Asking for tickets", "Tickets", text=text)),
        ("b.md", document("Boiler manual", "Relief valves")),
    ]
    assert suggest_questions(documents) == [
        "When is the museum open?",
        "What does “Boiler manual” say about Relief valves?",
        "How do I ask for tickets?",
        "What does “Handbook” say about tickets?",
    ]


def test_headings_become_questions_spread_over_documents() -> None:
    documents = [
        ("a.md", document("Boiler manual", "2.1 Relief valves", "Pumps and drives", "Spare parts")),
        ("b.md", document("Staff handbook", "How long is parental leave?")),
    ]
    assert suggest_questions(documents, most=3) == [
        "What does “Boiler manual” say about Relief valves?",
        "How long is parental leave?",
        "What does “Boiler manual” say about Pumps and drives?",
    ]
    assert suggest_questions(documents, most=3) == suggest_questions(list(documents), most=3)


@pytest.mark.parametrize(
    "heading",
    [
        "Introduction",
        "References",
        "1.",
        "IV. Summary",
        "Boiler manual",
        "...",
        "x",
        "12 34 56",
        "h" * (LONGEST + 1),
    ],
)
def test_headings_that_say_nothing_are_passed_over(heading: str) -> None:
    assert suggest_questions([("boiler.md", document("Boiler manual", heading))]) == [
        "What is “Boiler manual” about?"
    ]


def test_capitals_go_where_the_document_writes_the_word_small() -> None:
    small = document("Boiler manual", "Valves", text="Valves\nAll valves are tested.")
    assert suggest_questions([("a", small)]) == ["What does “Boiler manual” say about valves?"]
    name = document("Boiler manual", "Bologna", text="Bologna\nBuilt in Bologna.")
    assert suggest_questions([("a", name)]) == ["What does “Boiler manual” say about Bologna?"]
    loud = document("Boiler manual", "SAFETY VALVES", text="SAFETY VALVES")
    assert suggest_questions([("a", loud)]) == ["What does “Boiler manual” say about Safety valves?"]


def test_without_headings_names_that_come_often_are_asked_about() -> None:
    text = "Tomas Okoye grafted it, and then Tomas Okoye left. Once came Ada Once. In March, in In March."
    assert suggest_questions([("a", document("Orchard", text=text))]) == [
        "What does “Orchard” say about Tomas Okoye?"
    ]


@pytest.mark.parametrize(
    ("name", "title", "shown"),
    [
        ("in/annual_report.pdf", "", "annual report"),
        ("all.zip!deep/notes.txt", "x", "notes"),
        ("a.pdf", "t" * 200, "a"),
        ("w" * 100 + ".pdf", "", "w" * LONGEST + "…"),
        ("moon.html", "Moon - Wikipedia, the free encyclopedia", "Moon"),
    ],
)
def test_a_title_that_cannot_be_shown_gives_way_to_the_name(name: str, title: str, shown: str) -> None:
    assert suggest_questions([(name, document(title, text="some words"))]) == [f"What is “{shown}” about?"]


def test_nothing_gives_nothing_and_the_number_is_kept() -> None:
    assert suggest_questions([]) == []
    many = [(f"{number}.md", document(f"Manual {number}", "Relief valves")) for number in range(9)]
    assert len(suggest_questions(many, most=4)) == 4
    twins = [("a.md", document("Manual", "Relief valves")), ("b.md", document("Manual", "Relief valves"))]
    assert len(suggest_questions(twins)) == 1
