"""What the built-in answerer quotes: verbatim, whole, in reading order, without junk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from corpus import fill

from rag.evidence import sentence_evidence
from rag.extract import answer_text, extract
from rag.hash_embedder import HashEmbedder
from rag.late_interaction import pack_signs
from rag.retrieve import retrieve
from rag.sentence_value import chances
from rag.types import Chunk, Citation, Hit, Query
from rag.workspace import Workspace

EMBEDDER = HashEmbedder(dimension=256)


def query(text: str) -> Query:
    vectors, tokens = EMBEDDER.embed_with_tokens([text], query=True)
    return Query(text, vectors[0], tokens[0])


def hit(text: str, *, header: str = "", start: int = 100, name: str = "a.md") -> Hit:
    chunk = Chunk(f"{name}:{start}", name, name, text, header, header, header, None, start, start + len(text))
    return Hit(chunk, token_bits=pack_signs(EMBEDDER.embed_with_tokens([chunk.embedded_text])[1][0]))


def quotes(question: str, hits: Sequence[Hit], most_words: int = 60) -> list[Citation]:
    return extract(query(question), hits, EMBEDDER, most_words=most_words)


VALVES = "The hall is warm. The relief valve opens at 8.8 bar. Lunch is served at noon."


def test_a_quote_is_the_text_at_its_offsets() -> None:
    passage = hit(VALVES)
    best = quotes("At what pressure does the relief valve open?", [passage])[0]
    assert best.quote == VALVES[best.start - 100 : best.end - 100]
    assert "The relief valve opens at 8.8 bar." in best.quote
    for start, end in best.words:
        assert best.start <= start < end <= best.end


def test_nothing_to_quote_gives_nothing() -> None:
    assert quotes("What opens?", []) == []
    assert quotes("What opens?", [Hit(hit(VALVES).chunk)]) == []


@pytest.mark.parametrize("junk", ["# Relief valve", "Relief valve", "3 / 4", "Page 12", "---"])
def test_headings_page_numbers_and_rules_are_not_quoted(junk: str) -> None:
    passage = hit(f"{junk}\n\nThe relief valve opens at 8.8 bar.")
    for citation in quotes("relief valve page", [passage]):
        assert junk not in citation.quote.splitlines()


def test_a_table_row_is_quoted_whole() -> None:
    passage = hit("| Ticket | Price |\n| --- | --- |\n| Adult | 9.00 |\n| Annual pass | 32.00 |")
    found = quotes("How much is the annual pass?", [passage])
    assert any("| Annual pass | 32.00 |" in citation.quote for citation in found)


def test_no_more_words_than_allowed_but_the_best_sentence_always() -> None:
    text = " ".join(f"The relief valve number {number} opens at {number} bar." for number in range(20))
    for most in (5, 20, 40):
        found = quotes("When do relief valves open?", [hit(text)], most_words=most)
        total = sum(len(citation.quote.split()) for citation in found)
        assert 0 < total <= max(most, 9)


def test_what_overlapping_passages_share_is_quoted_once() -> None:
    second = hit(VALVES[VALVES.index("The relief") :], start=100 + VALVES.index("The relief"))
    found = quotes("At what pressure does the relief valve open?", [hit(VALVES), second])
    assert sum(citation.quote.count("8.8 bar") for citation in found) == 1


def test_a_sentence_that_leans_on_the_one_before_takes_it_along() -> None:
    passage = hit("The lens came from Gannet Rock. It weighs 2.4 tonnes.")
    assert quotes("How much does it weigh in tonnes?", [passage])[0].quote == passage.chunk.text


def test_a_sentence_that_leads_into_a_list_takes_the_first_item_along() -> None:
    passage = hit(
        "Refilling the boiler needs these tools:\n- a hose of two metres\n\nLunch is served at noon."
    )
    best = quotes("Which tools does refilling the boiler need?", [passage])[0]
    assert best.quote.startswith("Refilling")
    assert "a hose" in best.quote


def test_quotes_of_a_passage_are_numbered_in_reading_order() -> None:
    text = (
        "Valve A opens at 3 bar. " + "The hall is warm and dry today. " * 3 + "Valve A was tested at 5 bar."
    )
    found = quotes("At what bar was valve A tested?", [hit(text)])
    assert [citation.number for citation in found] == list(range(1, len(found) + 1))
    assert [citation.start for citation in found] == sorted(citation.start for citation in found)


def test_the_answer_names_each_quote() -> None:
    found = quotes("At what pressure does the relief valve open?", [hit(VALVES)])
    assert all(f"[{citation.number}]" in answer_text(found) for citation in found)


def test_chances_sum_to_one_and_follow_the_evidence() -> None:
    asked = query("At what pressure does the relief valve open?")
    sentences = sentence_evidence(asked, [hit(VALVES)], EMBEDDER)
    found = chances(asked, sentences, np.ones(len(asked.tokens), np.float32))
    assert found.sum() == pytest.approx(1.0)
    assert "8.8" in sentences[int(found.argmax())].text
    assert len(chances(asked, [], np.ones(len(asked.tokens), np.float32))) == 0


def test_headings_speak_for_the_sentences_below_them() -> None:
    asked = query("boiler pressure")
    plain = sentence_evidence(asked, [hit("Keep it at 2 bar.")], EMBEDDER)[0]
    under = sentence_evidence(asked, [hit("Keep it at 2 bar.", header="Boiler pressure")], EMBEDDER)[0]
    assert under.around.sum() > plain.around.sum()
    assert under.matches == pytest.approx(plain.matches)


def test_a_real_question_is_answered_from_the_store(workspace: Workspace) -> None:
    fill(workspace)
    table = workspace.table("default")
    found = retrieve("relief valve of boiler 7", table=table, settings=workspace.settings)
    best = extract(found.query, found.hits, table.embedder, most_words=60)[0]
    assert "8.8 bar" in best.quote
    assert best.document == "boiler.md"
