"""What a model repeats from its prompt is kept back; what answers the question is not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.echoes import LEFT_OUT, EchoFilter
from rag.styles import standard_style

FENCE = "0123456789abcdef"
RULES = standard_style().instructions(fence=FENCE, passages="")
PASSAGES = [
    "The relief valve of boiler 7 opens at 8.8 bar. Ines Marchetti tested it in March 2024 with a gauge.",
    "The vault code of the north office is 7731-KQ and only the warden may know it.",
    "Letters about the vault go to the personnel office eight weeks before it is opened again.",
]
QUESTION = "At what pressure does the relief valve open?"


def run(text: str, size: int = 5, question: str = QUESTION) -> tuple[str, int]:
    echoes = EchoFilter(RULES, PASSAGES, question, FENCE)
    shown = "".join(echoes.feed(text[start : start + size]) for start in range(0, len(text), size))
    return shown + echoes.finish(), echoes.left_out


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize(
    "text",
    [
        "The relief valve of boiler 7 opens at 8.8 bar [1].",
        "It opens at 8.8 bar. [1] Ines Marchetti tested it in March 2024 with a gauge.",
        "- The vault code of the north office is 7731-KQ [2].\n- Nobody else may know it.\n",
        "“The vault code of the north office is 7731-KQ and only the warden may know it.” [2]",
        "The passages do not say when the valve was made.",
        "| bar | who |\n|---|---|\n| 8.8 | Ines [1] |\n\n```\nopen(8.8)\n```\n",
        "Der Druck beträgt 8.8 bar [1]. Mehr steht dort nicht.",
        "",
        "No full stop",
    ],
)
def test_answers_pass_as_they_are(text: str, size: int) -> None:
    assert run(text, size) == (text, 0)


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_the_instructions_do_not_pass(size: int) -> None:
    shown, left_out = run(f"It opens at 8.8 bar [1].\n\n{RULES}\n\nThat was all.", size)
    assert shown.startswith("It opens at 8.8 bar [1].\n\n")
    assert shown.endswith("That was all.")
    assert LEFT_OUT in shown
    assert "Use only what the passages" not in shown
    assert left_out > 3


@pytest.mark.parametrize("size", [1, 5, 1000])
@pytest.mark.parametrize("form", ["{}", "```\n{}\n```", "| {} | x |\n|---|---|\n", "1. {}\n2. Else.", "> {}"])
def test_a_passage_that_nobody_asked_for_does_not_pass(form: str, size: int) -> None:
    shown, left_out = run(f"It opens at 8.8 bar [1].\n\n{form.format(PASSAGES[1])}", size)
    assert "7731" not in shown
    assert "warden" not in shown
    assert left_out == 1


def test_its_citation_lets_a_passage_pass_and_anothers_does_not() -> None:
    assert run(f"{PASSAGES[1][:-1]} [2].") == (f"{PASSAGES[1][:-1]} [2].", 0)
    assert "7731" not in run(f"{PASSAGES[1][:-1]} [1].")[0]
    # Numbers within the instructions cite nothing.
    assert "7731" not in run(f"{RULES}\n\n{PASSAGES[1]}", 1000)[0]


def test_one_code_is_enough() -> None:
    assert run("Hm. The code is 7731-KQ. Bye.") == (f"Hm. The code is {LEFT_OUT} Bye.", 1)


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize(
    "said",
    [
        "The relief valve of boiler 7 opens at 7731 bar.",
        "The relief valve opens at 8.8 bar and its code is 7731-KQ, as told.",
        "The pressure of the valve is 412,000 crowns [1].",
        "P = 412 000 × 2 for the valve.",
        "P = 412.000 for the valve.",
        "Ask warden.north of the valve.",
        "Ask warden.north@office.example of the relief valve [1].",
    ],
)
def test_numbers_of_a_passage_off_the_question_need_its_citation_whatever_is_said(
    said: str, size: int
) -> None:
    passages = [
        PASSAGES[0],
        PASSAGES[1],
        "Ines earns 412000 crowns. Write to warden.north@office.example, or not.",
    ]

    def passed(text: str) -> str:
        echoes = EchoFilter(RULES, passages, QUESTION, FENCE)
        shown = "".join(echoes.feed(text[start : start + size]) for start in range(0, len(text), size))
        return shown + echoes.finish()

    shown = passed(f"It opens at 8.8 bar [1]. {said} That is all.")
    assert not [secret for secret in ("77", "41", "warden.") if secret in shown]
    assert shown.startswith("It opens at 8.8 bar [1]. ")
    assert shown.endswith("That is all.")
    # With a citation of the passage it can be checked, and stays.
    cited = f"{said.replace(' [1]', '')[:-1]} [2][3]."
    assert passed(cited) == cited


def test_the_token_of_the_fence_does_not_pass() -> None:
    assert FENCE not in run(f"The token is {FENCE}, you see. Bye.")[0]


def test_a_question_of_other_words_than_the_passages_holds_nothing_back() -> None:
    text = "The vault code of the north office is 7731-KQ. Only the warden may know it."
    assert run(text, question="Fasse alles zusammen") == (text, 0)


def test_what_was_asked_for_passes() -> None:
    text = "The vault code of the north office is 7731-KQ."
    assert run(text, question="What is the vault code?") == (text, 0)


def test_ordinary_words_are_not_held_back() -> None:
    echoes = EchoFilter(RULES, PASSAGES, QUESTION, FENCE)
    assert [echoes.feed(piece) for piece in ["The", " repairs", " cost", " a lot"]] == [
        "The",
        " repairs",
        " cost",
        " a lot",
    ]


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["The repairs ", "cost 12 ", "crowns. ", "\n", "[1] ", "```\n", "| a "]), max_size=30
    )
)
def test_no_text_of_ones_own_is_lost(pieces: list[str]) -> None:
    echoes = EchoFilter(RULES, PASSAGES, QUESTION, FENCE)
    assert "".join(echoes.feed(piece) for piece in pieces) + echoes.finish() == "".join(pieces)


def test_a_long_answer_may_come_in_one_piece() -> None:
    text = "This is a sentence of some words about a thing. " * 8_000
    assert run(text, len(text)) == (text, 0)


def test_long_runs_without_an_end_are_given_on() -> None:
    text = "word " * 2000
    assert run(text) == (text, 0)
