"""Codes and quoted phrases of a question, and that they are found to the letter: 200 codes, hit@3 = 1.0."""

from __future__ import annotations

import random

import pytest
from corpus import fill

from rag.exact_matches import exact_first
from rag.identifiers import MOST_TERMS, exact_terms, holds_term
from rag.retrieve import retrieve
from rag.settings import with_overrides
from rag.types import Chunk, Hit
from rag.workspace import Workspace

#: Forms of part numbers, error codes and identifiers: # is a digit, @ a capital, & a small letter.
FORMS = (
    *("P-###@", "E####", "@@-####-##", "0x####@###", "@@@###", "ERR_@@@@_##", "&&&_&&&&&_##", "#.##.###-@#"),
    *("@@##.####", "INV/####/###"),
)
WORDS = "pump valve filter motor panel report order supplier fault relay spare shelf gasket sensor".split()
QUESTIONS = ("What is {}?", "{}", "where do I find {} and who orders it?", "tell me about fault {} please")


def made_codes(count: int) -> list[str]:
    chance = random.Random(7)
    signs = {"#": "0123456789", "@": "ABCDEFGHJKLMNPRSTUVWXYZ", "&": "abcdefghkmnprstuvwxyz"}
    codes: dict[str, None] = {}
    while len(codes) < count:
        form = FORMS[len(codes) % len(FORMS)]
        codes["".join(chance.choice(signs[sign]) if sign in signs else sign for sign in form)] = None
    return list(codes)


def notes_about(codes: list[str]) -> dict[str, str]:
    """Each code in one note, and in another one a near miss of it: the same with a digit changed."""
    chance = random.Random(11)

    def sentence(code: str) -> str:
        return f"The {chance.choice(WORDS)} {code} belongs to the {' '.join(chance.sample(WORDS, 5))}."

    def near_miss(code: str) -> str:
        place = max(index for index, sign in enumerate(code) if sign.isdigit())
        return f"{code[:place]}{(int(code[place]) + 1) % 10}{code[place + 1 :]}"

    notes = {}
    for number in range(len(codes) // 4):
        own = codes[4 * number : 4 * number + 4]
        notes[f"note-{number}.txt"] = "\n\n".join(sentence(code) for code in own)
        notes[f"miss-{number}.txt"] = "\n\n".join(sentence(near_miss(code)) for code in own)
    return notes


def test_two_hundred_codes_are_found(workspace: Workspace) -> None:
    codes = made_codes(200)
    fill(workspace, notes_about(codes))
    table = workspace.table("default")
    missed = []
    for place, code in enumerate(codes):
        reranker = ("late-interaction", "none")[place % 2]
        settings = with_overrides(workspace.settings, {"reranker": reranker, "k": 3})
        question = QUESTIONS[place % len(QUESTIONS)].format(code.lower() if place % 5 == 0 else code)
        found = retrieve(question, table=table, settings=settings)
        if not any(holds_term(hit.chunk.text, code) for hit in found.hits):
            missed.append(question)
    assert missed == []


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("What does error E0423 mean?", ("E0423",)),
        ("pump p-118b", ("p-118b",)),
        ('who wrote "to be or not to be"?', ("to be or not to be",)),
        ("wer sagte „Wir schaffen das“?", ("Wir schaffen das",)),
        ("AS-206的试飞", ("AS-206",)),
        ("max_parse_seconds in 10.2.0-rc1", ("max_parse_seconds", "10.2.0-rc1")),
        ("In the 1990s, 25-year-old players ran 10km in the 3rd race of 2019 for $4.50 at 5pm", ()),
        ("the company's 10-Qs and Q3 results", ()),
        ("19th-century novels by Mary Shelley", ()),
    ],
)
def test_what_is_wanted_to_the_letter(question: str, terms: tuple[str, ...]) -> None:
    assert exact_terms(question) == terms


def test_a_long_description_asks_for_its_codes_only() -> None:
    described = 'a "virtual" shelf of books for every reader of P-118B ' * 7
    assert exact_terms(described) == ("P-118B",)
    assert exact_terms('a "virtual" shelf for P-118B') == ("virtual", "P-118B")


@pytest.mark.parametrize("mark", '"“„«「')
def test_marks_that_never_close_quote_nothing(mark: str) -> None:
    assert exact_terms(f"{mark}a " * 200_000 if mark != '"' else mark + "a " * 400_000) == ()


def test_of_a_pasted_log_the_first_codes_are_looked_for() -> None:
    log = "\n".join(f"ERR-{number:05}X at 0x{number:04}AF" for number in range(2_000))
    terms = exact_terms(log)
    assert len(terms) == MOST_TERMS
    assert terms[:2] == ("ERR-00000X", "0x0000AF")


def test_a_part_of_a_longer_code_is_not_it() -> None:
    assert holds_term("error (e0423), see below", "E0423")
    assert holds_term("to  be\nor not", "to be or")
    assert not holds_term("E04235", "E0423")
    assert not holds_term("XE0423", "E0423")


def test_a_quoted_phrase_comes_first(workspace: Workspace) -> None:
    fill(
        workspace,
        {
            "a.txt": "The night watch of the museum walks the halls and watches the night.",
            "b.txt": "Every watch has its night, as the Night Watch by Rembrandt shows.",
        },
    )
    found = retrieve('"night watch by"', table=workspace.table("default"), settings=workspace.settings)
    assert found.hits[0].chunk.document == "b.txt"


def test_a_term_that_most_hold_changes_nothing() -> None:
    def hit(name: str, text: str) -> Hit:
        return Hit(Chunk(name, "d", "d", text, "", "", "", None, 0, len(text)))

    hits = [hit("plain", "other")] + [hit(str(number), "model X-2000") for number in range(9)]
    assert exact_first(hits, ("X-2000",)) == hits
    rare = [hit("plain", "other"), hit("it", "model X-2000")]
    assert [own.chunk.id for own in exact_first(rare, ("X-2000",))] == ["it", "plain"]
