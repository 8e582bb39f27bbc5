"""Sentences: a table of what must be cut and what must not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.sentences import split_sentences

CASES = {
    "two sentences": ["It rained.", "We left."],
    "question and exclamation": ["Really?", "Yes!", "Good."],
    "title": ["Dr. Smith met Prof. Jones.", "They talked."],
    "initials": ["The book by J. R. Smith is old.", "It is rare."],
    "for example": ["Some fruit, e.g. Apples, i.e. Pomes, is sweet.", "Some is not."],
    "country": ["He moved to the U.S. in 1969.", "He stayed."],
    "country at the end": ["He moved to the U.S.", "The law was new."],
    "number": ["See No. 5 and Fig. 3 on pp. 12 to 14.", "Then stop."],
    "the word no": ["No.", "I will not."],
    "versus": ["It was Smith vs. Jones.", "Smith won."],
    "et al": ["This was shown by Smith et al. Later work agrees."],
    "company": ["Acme Inc. Chairman Bob Jones resigned.", "Nobody asked."],
    "company at the end": ["He worked at Acme Inc.", "The firm failed."],
    "time": ["It began at 9 a.m. on Monday.", "It ended."],
    "decimal": ["It cost 3.50 dollars, or 2.5% more.", "Fine."],
    "ellipsis within": ["Well… perhaps... maybe not.", "Yes."],
    "ellipsis at the end": ["And so on...", "Then it ended."],
    "quotation": ["He said “Stop.”", "She did not."],
    "quotation with verb": ["“Why?” she asked.", "He left."],
    "brackets": ["(It was late.)", "He left [as planned.]", "She stayed."],
    "citations after the stop": ["It is so.[1][2]", "It is not. [3]", "End."],
    "citations before the stop": ["It is so [1].", "It is not [2, 3]."],
    "Chinese": ["今天下雨。", "我们走了！", "真的吗？", "是的"],
    "Japanese in brackets": ["「はい。」", "彼は言った。"],
    "Hindi": ["यह है।", "वह था।"],
    "German": ["Am 3. Oktober kam z.B. Herr Dr. Meier.", "Er blieb bis ca. 1990."],
    "small brand": ["It has a camera.", "iPhones had one, too."],
    "number after the stop": ["It ended in 1969.", "12 men walked there."],
}


@pytest.mark.parametrize("expected", CASES.values(), ids=CASES.keys())
def test_prose(expected: list[str]) -> None:
    joined = "" if any("\u3000" <= character <= "\u9fff" for character in expected[0]) else " "
    assert cut(joined.join(expected)) == expected


LAYOUTS = {
    "wrapped lines": (
        "The treaty that ended the long war was signed\nin the Hall of Mirrors at\nVersailles. It held.",
        ["The treaty that ended the long war was signed\nin the Hall of Mirrors at\nVersailles.", "It held."],
    ),
    "wrapped before a name": (
        "The committee met again in the autumn and heard Professor\nSmith speak for three hours about it.",
        ["The committee met again in the autumn and heard Professor\nSmith speak for three hours about it."],
    ),
    "hyphenated": ("This is infor-\nmation. Good.", ["This is infor-\nmation.", "Good."]),
    "carriage returns": ("One line\r\ngoes on. Two.", ["One line\r\ngoes on.", "Two."]),
    "markdown headings": (
        "# Title\nText is here.\n## Part\nMore.",
        ["# Title", "Text is here.", "## Part", "More."],
    ),
    "bare heading": (
        "Introduction\nThe quick brown fox jumps over the lazy dog and runs away.",
        ["Introduction", "The quick brown fox jumps over the lazy dog and runs away."],
    ),
    "blank line": ("No stop here\n\nbut a gap", ["No stop here", "but a gap"]),
    "blank line of spaces": ("No stop here\n  \t\nbut a gap", ["No stop here", "but a gap"]),
    "bullets": (
        "Buy:\n- apples\n- pears and\n  plums\n* nuts",
        ["Buy:", "- apples", "- pears and\n  plums", "* nuts"],
    ),
    "numbered": ("1. First step. Do it.\n2. Second step", ["1. First step.", "Do it.", "2. Second step"]),
    "letters": ("(a) one thing;\n(b) another thing.", ["(a) one thing;", "(b) another thing."]),
    "bibliography": (
        "[1] A. Smith, Titles, 2003\n[2] B. Jones",
        ["[1] A. Smith, Titles, 2003", "[2] B. Jones"],
    ),
    "pipe table": ("| a | b |\n|---|---|\n| It is. | No. |", ["| a | b |", "|---|---|", "| It is. | No. |"]),
    "tab table": ("Year\tSum\n1969\t3. Or 4", ["Year\tSum", "1969\t3. Or 4"]),
    "spaced table": (
        "Year    Sum    Note\n1969    3.5    Good",
        ["Year    Sum    Note", "1969    3.5    Good"],
    ),
    "code": (
        "Run:\n```\nmake it. Now\nmake test\n```\nDone.",
        ["Run:", "```", "make it. Now", "make test", "```", "Done."],
    ),
    "page break": ("The end of the\n\fpage is not the end.", ["The end of the\n\fpage is not the end."]),
    "address": ("Contact:\nAlice Smith\nBob Jones", ["Contact:", "Alice Smith", "Bob Jones"]),
}


@pytest.mark.parametrize(("text", "expected"), LAYOUTS.values(), ids=LAYOUTS.keys())
def test_layout(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text)]


@pytest.mark.parametrize("text", ["", " ", "\n\n\t\n", "\u3000\u2003"])
def test_nothing_gives_nothing(text: str) -> None:
    assert split_sentences(text) == []


pieces = st.sampled_from(
    [
        "Dr. ",
        "One. ",
        "two",
        "\n",
        "\n\n",
        "- ",
        "| a | b |",
        "# ",
        "```\n",
        "3.5",
        "。",
        "…",
        "(x.) ",
        "\t",
        "\r\n",
        "[1]",
        "A.",
        "\f",
    ]
)


@given(st.one_of(st.text(max_size=200), st.lists(pieces, max_size=40).map("".join)))
def test_spans_are_ordered_and_hold_every_visible_character(text: str) -> None:
    spans = split_sentences(text)
    done = 0
    for start, end in spans:
        assert done <= start < end <= len(text)
        assert text[done:start].strip() == ""
        assert text[start:end] == text[start:end].strip()
        done = end
    assert text[done:].strip() == ""


@pytest.mark.parametrize(
    "piece",
    [
        "a. ",
        "[1",
        ".",
        " ",
        "a|",
        "x ",
        "A. ",
        "\n",
        "a\t",
        "a   ",
        "(",
        ". [1] [1",
        "- ",
        "#",
        "1.1",
        "a'",
        "x.y.",
        "word ",
    ],
)
def test_time_is_linear(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    started = time.thread_time()
    split_sentences(text)
    assert time.thread_time() - started < 3
