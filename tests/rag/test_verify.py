"""The support check, with the embedder that comes with the packages."""

from __future__ import annotations

import pytest

from rag.embedders import Embedder, get_embedder
from rag.late_interaction import pack_signs
from rag.settings import Settings
from rag.types import Chunk, Hit
from rag.verify import SUPPORTED, UNSUPPORTED, Support, check_support, claim_of

HARBOUR = (
    "The trust looks after four lighthouses. Repairs of the northern lighthouse cost 412,000 crowns in 2023. "
    "They were led by Ines Marchetti. The harbour was not closed during the work."
)
ORCHARD = "The Bramley trees were grafted in 1931 by Tomas Okoye."


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return get_embedder(Settings().embedding)


@pytest.fixture(scope="module")
def hits(embedder: Embedder) -> list[Hit]:
    _, tokens = embedder.embed_with_tokens([HARBOUR, ORCHARD])
    return [
        Hit(
            Chunk(
                id=str(number), document_id=str(number), document=f"{number}.txt", text=text, header="",
                title="", headings="", page=None, start=0, end=len(text),
            ),
            token_bits=pack_signs(own),
        )
        for number, (text, own) in enumerate(zip((HARBOUR, ORCHARD), tokens, strict=True), start=1)
    ]  # fmt: skip


def verdict(answer: str, hits: list[Hit], embedder: Embedder) -> Support:
    [own] = check_support(answer, hits, embedder)
    return own


@pytest.mark.parametrize(
    "answer",
    [
        "Repairs of the northern lighthouse cost 412,000 crowns [1].",
        "In 2023 the repairs of the northern lighthouse cost 412000 crowns.[1]",
        "Tomas Okoye grafted the Bramley trees in 1931 [2].",
        "During the work the harbour was not closed [1].",
    ],
)
def test_what_the_cited_passage_says_is_supported(answer: str, hits: list[Hit], embedder: Embedder) -> None:
    own = verdict(answer, hits, embedder)
    assert (own.verdict, own.reasons) == (SUPPORTED, ())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            "Repairs of the northern lighthouse cost 415,000 crowns [1].",
            "“415,000” is not in the passages it cites.",
        ),
        (
            "The repairs were led by Mary Poppins [1].",
            "“Mary”, “Poppins” is not named in the passages it cites.",
        ),
        ("The harbour was closed during the work [1].", "This and the nearest sentence differ in a “not”."),
        (
            "Keepers earn well and eat fish on Fridays [1].",
            "“Fridays” is not named in the passages it cites.",
        ),
    ],
)
def test_what_it_does_not_say_is_unsupported_and_explained(
    answer: str, reason: str, hits: list[Hit], embedder: Embedder
) -> None:
    own = verdict(answer, hits, embedder)
    assert own.verdict == UNSUPPORTED
    assert reason in own.reasons


def test_a_true_sentence_that_cites_the_wrong_passage_is_not_supported(
    hits: list[Hit], embedder: Embedder
) -> None:
    assert (
        verdict("Tomas Okoye grafted the Bramley trees in 1931 [1].", hits, embedder).verdict == UNSUPPORTED
    )


def test_without_a_citation_all_passages_count(hits: list[Hit], embedder: Embedder) -> None:
    own = verdict("Tomas Okoye grafted the Bramley trees in 1931.", hits, embedder)
    assert (own.verdict, own.passages) == (SUPPORTED, ())


def test_every_claim_of_an_answer_is_found_in_its_place(hits: list[Hit], embedder: Embedder) -> None:
    answer = (
        "# Repairs\n\nHere is what they say:\n\n- The repairs cost 412,000 crowns [1].\n"
        "- They cost 999 crowns [1].\n\nThe passages do not say who paid."
    )
    checked = check_support(answer, hits, embedder)
    assert [answer[own.start : own.end] for own in checked] == [
        "- The repairs cost 412,000 crowns [1].",
        "- They cost 999 crowns [1].",
    ]
    assert [own.verdict for own in checked] == [SUPPORTED, UNSUPPORTED]
    assert [Support.from_dict(own.as_dict()) for own in checked] == checked


@pytest.mark.parametrize("text", ["", "## Costs", "Who paid?", "In short:", "[1]", "```python", "It is so."])
def test_what_claims_nothing_is_left_out(text: str) -> None:
    assert claim_of(text) == ""


@pytest.mark.parametrize(
    ("answer", "checked"),
    [
        ("| Work | Cost |\n| --- | :-: |\n| Northern lighthouse | 412,000 crowns [1] |\n", ["412,000"]),
        ("Work | Cost\n--- | ---\nNorthern lighthouse | 412,000 crowns [1]\n", ["412,000"]),
        # A line below a sentence makes it no header.
        ("The harbour | was closed [1].\n---\nIt rained.", ["closed", "rained"]),
    ],
)
def test_the_header_of_a_table_claims_nothing(
    answer: str, checked: list[str], hits: list[Hit], embedder: Embedder
) -> None:
    found = [answer[own.start : own.end] for own in check_support(answer, hits, embedder)]
    assert len(found) == len(checked)
    assert all(word in sentence for word, sentence in zip(checked, found, strict=True))


def test_without_passages_there_is_nothing_to_check(embedder: Embedder) -> None:
    assert check_support("It is 4 bar.", [], embedder) == []


def test_code_and_formulas_claim_nothing_and_are_not_marked(hits: list[Hit], embedder: Embedder) -> None:
    answer = "So it is:\n\n```\ncost = 99_000\n```\n\n$$\nE = 12 m\n$$\n"
    assert check_support(answer, hits, embedder) == []
