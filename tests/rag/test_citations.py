"""Streamed Markdown: own citations survive, everything else that could come alive does not."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag.citations import (
    LONGEST_HELD,
    WORD_JOINER,
    CitationFilter,
    cited_numbers,
    to_links,
    to_plain,
    with_citations,
    without_citations,
)

J = WORD_JOINER


def run(text: str, valid: int = 3, size: int | None = None) -> tuple[str, int, list[int]]:
    citations = CitationFilter(valid)
    step = size or max(1, len(text))
    shown = "".join(citations.feed(text[start : start + step]) for start in range(0, len(text), step))
    return shown + citations.finish(), citations.removed, citations.used


TABLE = {
    "one": ("So it is [1].", "So it is [1].", 0, [1]),
    "list": ("So [1, 2].", "So [1][2].", 0, [1, 2]),
    "semicolons and blanks": ("So [ 2; 1 ].", "So [2][1].", 0, [2, 1]),
    "neighbours": ("So [3][1].", "So [3][1].", 0, [3, 1]),
    "range": ("So [1-3].", "So [1][2][3].", 0, [1, 2, 3]),
    "dash range": ("So [1–2].", "So [1][2].", 0, [1, 2]),
    "wide": ("So【1】and【2†lines 3-4】.", "So[1]and[2].", 0, [1, 2]),
    "with a word": ("So [passage 2] and [Passages 1, 3].", "So [2] and [1][3].", 0, [2, 1, 3]),
    "repeated": ("A [1]. B [1, 1].", "A [1]. B [1].", 0, [1]),
    "zero": ("So [0].", "So.", 1, []),
    "too high": ("So [4] it is.", "So it is.", 1, []),
    "partly": ("So [1, 7].", "So [1].", 1, [1]),
    "range beyond": ("So [2-9].", "So [2][3].", 6, [2, 3]),
    "huge range": ("So [1-999999999].", "So [1][2][3].", 999999996, [1, 2, 3]),
    "words": ("See [see above] [a].", "See \\[see above] \\[a].", 0, []),
    "empty": ("A [] and [ ].", "A \\[] and \\[ ].", 0, []),
    "mixed": ("See [1, p. 4].", "See \\[1, p. 4].", 0, []),
    "escaped": ("Literal \\[1].", "Literal \\[1].", 0, []),
    "code span": ("Use `arr[1]` [1].", "Use `arr[1]` [1].", 0, [1]),
    "double code span": ("Use ``a ` [9]`` ok.", "Use ``a ` [9]`` ok.", 0, []),
    "code block": ("```py\na[9] = '<b>'\n```\nSo [1].", "```py\na[9] = '<b>'\n```\nSo [1].", 0, [1]),
    "open code block": ("```\n[9] <b>", "```\n[9] <b>", 0, []),
    "unclosed tick": ("A ` b [x](http:/e)", "A \\` b x", 0, []),
    "link": ("Read [this](http://e.com/x_(y)).", "Read this.", 0, []),
    "link with title": ('Read [this](http://e "t").', "Read this.", 0, []),
    "link around a citation": ("So [[1]](http://e).", "So [1].", 0, [1]),
    "numbered link": ("So [1](http://e).", "So [1].", 0, [1]),
    "false numbered link": ("So [9](http://e).", "So.", 1, []),
    "image": ("Look ![a cat](http://e/c.png)!", "Look a cat!", 0, []),
    "linked image": ("[![a](http://e)](http://f)", "a", 0, []),
    "image of a citation": ("Great![1]", "Great\\![1]", 0, [1]),
    "reference link": ("A [b][c] d.", "A \\[b]\\[c] d.", 0, []),
    "definition": ("[x]: http://e", f"\\[x]: http:{J}//e", 0, []),
    "definition of a citation": ("[1]: http://e", f"[1]\\: http:{J}//e", 0, [1]),
    "exclaimed wide citation": ("So!【1】", "So\\![1]", 0, [1]),
    "footnote": ("A[^1].", "A\\[^1].", 0, []),
    "html": ("<b onclick='x'>hi</b>", "\\<b onclick='x'>hi\\</b>", 0, []),
    "comparison": ("3 < 4", "3 \\< 4", 0, []),
    "autolink": ("<http://e>", f"\\<http:{J}//e>", 0, []),
    "bare address": ("see http://e and www.e.com", f"see http:{J}//e and www{J}.e.com", 0, []),
    "address with escapes": ("http:\\/\\/e", f"http:{J}\\/\\/e", 0, []),
    "mail": ("to a.b@e.com", f"to a.b{J}@e.com", 0, []),
    "entity": ("&lt;b&gt; R&D", "\\&lt;b\\&gt; R\\&D", 0, []),
    "money": ("from $5 to $6", "from \\$5 to \\$6", 0, []),
    "two prices": ("US$5/US$6, or $10k/$12k.", "US\\$5/US\\$6, or \\$10k/\\$12k.", 0, []),
    "formula": ("So $E = mc^2$ [1].", "So $E = mc^2$ [1].", 0, [1]),
    "short formula": ("Let $x$ be.", "Let $x$ be.", 0, []),
    "formula in TeX's brackets": ("So \\(a|b\\) [1].", "So $a\\vert b$ [1].", 0, [1]),
    "formula on lines": ("So\n\\[\nx < y\n\\]\nis.", "So\n$$\nx \\lt  y\n$$\nis.", 0, []),
    "formula alone": ("$$a_1$$\nis.", "$$\na_1\n$$\nis.", 0, []),
    "formula with a citation within": ("$x_[1]$", "$x_[{}1]$", 0, []),
    "formula with an address": ("$\\href{http://e}{x}$", f"\\$\\\\href{{http:{J}//e}}{{x}}\\$", 0, []),
    "formulas beside each other": ("$x$$y$", f"$x${J}$y$", 0, []),
    "formula in a table": ("| $a | b$ |", "| \\$a | b\\$ |", 0, []),
    "directive": (":::tip\n:red[x]", ":\\:\\:tip\n:red\\[x]", 0, []),
    "file path": ("C:\\new", "C:\\\\new", 0, []),
    "half bracket": ("A [", "A \\[", 0, []),
    "carriage returns": ("A\r\nB", "A\nB", 0, []),
}


@pytest.mark.parametrize(("text", "expected", "removed", "used"), TABLE.values(), ids=TABLE.keys())
@pytest.mark.parametrize("size", [None, 1, 2, 5])
def test_table(text: str, expected: str, removed: int, used: list[int], size: int | None) -> None:
    assert run(text, size=size) == (expected, removed, used)


def test_a_citation_leaves_in_one_piece() -> None:
    citations = CitationFilter(3)
    assert [citations.feed(piece) for piece in ["So it is [", "1", "", "]", "."]] == [
        "So it is",
        "",
        "",
        "",
        " [1].",
    ]
    assert citations.finish() == ""


def test_plain_text_is_not_held_back() -> None:
    citations = CitationFilter(3)
    assert citations.feed("Paris is") == "Paris is"
    assert citations.feed(" the ") == " the"
    assert citations.feed("capital") == " capital"


@pytest.mark.parametrize("opening", ["[", "【", "![", "[a](", "`", "[1](", "&", "```x"])
def test_what_never_closes_is_given_back(opening: str) -> None:
    citations = CitationFilter(3)
    shown = citations.feed(opening)
    for _ in range(LONGEST_HELD + 10):
        shown += citations.feed("x")
        assert len(citations._held) <= LONGEST_HELD
    assert shown.endswith("xxx")


# Each of these tricked a version of the filter, or would trick one that looks at its input alone.
ATTACKS = [
    "<[9]script>alert(1)</script>",
    "&[9]lt;",
    "http&#58;//evil.example",
    "http:[9]//evil.example",
    "[1][(http://evil.example)](x)",
    "[1]![(http://evil.example)](x)",
    "[1](http://evil.example\n)",
    "[a\nb](http://evil.example)",
    "- ```\n[x](http://evil.example)\n```\n[y](http://evil.example)",
    "  ```\ncode\n```\n[x](http://evil.example)\n```",
    "~~~\n```\n~~~\n[x](http://evil.example)",
    "~~[9]~\n```\n~~~\n[x](http://evil.example)",
    "``[9]`\n[x](http://evil.example)",
    "`a`[9]``b`` [x](http://evil.example)`",
    "| `a | b [x](http://evil.example)` |\n|---|---|\n| `c | [x](http://evil.example)` |",
    "$`$ [x](http://evil.example) `",
    "$$\n```\n$$\n[x](http://evil.example)",
    ":::a\n```\n:::\n[x](http://evil.example)",
    "\\ [9]<img src=x>",
    "\\\\<img src=x>",
    "\\[9]<img src=x>",
    "```\n```" + " " * 500 + "\n[x](http://evil.example)",
    "```\n" + "`" * 500 + "\n[x](http://evil.example)",
    "``` a`b\n[x](http://evil.example)\n```",
    "!![](x)[1]",
    "[[[[x](http://evil.example)](http://evil.example)](y)](z)",
    "[" * 50 + "x](http://evil.example)",
    "[x](<http://evil.example>)",
    "[x]( http://evil.example 'a (b' )",
    "<!-- <b> -->",
    "www[9].evil.example",
    "\\`[x](http://evil.example)`",
    "$a_1[x](http://evil.example)$",
    "$a_1[x](evil)$ \\([x](evil)\\)",
    "$$\n[x]: evil\n$$\n[x]",
    "\\[\n<img src=x>\n\\]",
    "\\[\n> [x][y](evil)\n\\]",
    "$x_1![a](evil)$ $&lt;b_1&gt;$",
    "$`_$ [x](http://evil.example) `",
    "[1]$(x)$ [1]\\((x)\\)",
]

PIECES = (
    "[ ] ( ) ! ` `` ``` ~~~ <b> </b> <http://e> [1] [9] 【2】 \\ & &lt; $ $$ ::: : | |---| - > http://e.x "
    "[x](http://e) ![x](http://e) [x]:http://e www.e.x a@e.x x 1 * _ # $x_1$ \\( \\) \\[ \\] ^"
)
WILD = st.lists(
    st.one_of(
        st.sampled_from(PIECES.split(" ")),
        st.sampled_from(["\n", "\n\n", " ", "    ", "\t"]),
        st.text(max_size=3),
    ),
    max_size=25,
).map("".join)

RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def assert_dead(shown: str) -> None:
    for token in RENDERER.parse(shown):
        assert token.type != "html_block", shown
        for child in token.children or ():
            assert child.type not in ("link_open", "image", "html_inline"), (child.type, shown)
            if child.type == "text":
                found = re.search(r"https?://|www\.\w|[\w.+-]@\w", child.content)
                assert not found, (child.content, shown)


@pytest.mark.parametrize("text", ATTACKS)
def test_attacks_come_to_nothing(text: str) -> None:
    assert_dead(run(text)[0])
    assert run(text, size=1) == run(text)


@given(WILD, st.integers(1, 9))
def test_nothing_wild_comes_alive_however_it_is_cut(text: str, size: int) -> None:
    whole = run(text)
    assert_dead(whole[0])
    assert run(text, size=size) == whole
    assert all(1 <= number <= 3 for number in whole[2])


@given(WILD)
@example("![1]")
def test_links_lead_only_to_our_citations(text: str) -> None:
    shown = to_links(run(text)[0], lambda number: f"?cite={number}")
    for token in RENDERER.parse(shown):
        for child in token.children or ():
            assert child.type not in ("image", "html_inline")
            if child.type == "link_open":
                assert re.fullmatch(r"\?cite=[123]", str(child.attrs["href"]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("So [1][2].", "So [\\[1\\]](#1)[\\[2\\]](#2)."),
        ("`a[1]` and \\[1]", "`a[1]` and \\[1]"),
        ("```\n[1]\n```\n[2]", "```\n[1]\n```\n[\\[2\\]](#2)"),
        ("```\n[1]", "```\n[1]"),
        ("Great![1]", "Great\\![\\[1\\]](#1)"),
    ],
)
def test_to_links(text: str, expected: str) -> None:
    assert to_links(text, lambda number: f"#{number}") == expected


@given(st.text(alphabet=st.characters(exclude_characters=f"[]()`~\r{J}【】!"), max_size=80))
def test_plain_text_comes_back(text: str) -> None:
    shown = run(text)[0]
    if "\\" not in text:
        assert to_plain(shown) == text


@pytest.mark.parametrize("piece", ["[", "`", "[1]", "![a](b", "\\", ":", "` ", "x ", "~", "&a", "【"])
def test_time_is_linear(piece: str) -> None:
    text = piece * (30_000 // len(piece))
    started = time.thread_time()
    to_links(run(text)[0], str)
    assert time.thread_time() - started < 5


def test_what_is_cited_and_the_rest_of_a_sentence() -> None:
    said = f"It opens [2] at 8 bar [1][2]. [{'1' * 5000}]"
    assert cited_numbers(said) == [2, 1], "no passage has a number so long"
    assert without_citations(said) == f"It opens at 8 bar. [{'1' * 5000}]"
    assert with_citations("a [1] b [2] c[07]", lambda number: "" if number == 2 else f"({number})") == (
        "a (1) b [2] c(7)"
    )
