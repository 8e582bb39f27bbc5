"""Passages that say the same are one hit that names all places; what differs in a fact stays by itself."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout

import pytest
from corpus import fill
from word_counter import WordCounter

from rag.__main__ import main
from rag.answer import ask
from rag.compare import Variant, compare
from rag.context import fit
from rag.evaluate import evaluate, parse_variant, question_tasks
from rag.expected_passage import expected_passage
from rag.near_copies import also_in, folded, is_copy
from rag.questions import Question
from rag.retrieve import retrieve
from rag.settings import with_overrides
from rag.trace import trace
from rag.types import Chunk, Citation, Hit
from rag.workspace import Workspace

FEE = (
    "The yearly fee of the reading room is 40 euros. Members pay at the desk in the hall, by card or in "
    "cash, and get a receipt that the keeper signs on the same day."
)
QUESTION = "yearly fee of the reading room"


def chunk(text: str, name: str = "a.md", headings: str = "") -> Chunk:
    return Chunk(name, name, name, text, headings, "", headings, None, 0, len(text))


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(
        workspace,
        {
            "fees.md": f"# Fees of the library\n\n{FEE}\n",
            "copy.md": f"# What members pay\n\n{FEE.replace('in the hall,', 'in the hall –')}\n",
            "old.md": f"# Fees before\n\n{FEE.replace('40', '35')}\n",
            "garden.md": "# Garden\n\nThe beds are dug in March, and the roses cut when the frost ends.\n",
        },
    )
    return workspace


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        (FEE, True),
        (FEE.upper().lower().replace(".", " !"), True),
        (FEE.replace(", by card", " – by card"), True),
        (FEE.split(". ")[0], True),
        (FEE.replace("40", "45"), False),
        (FEE.replace("40", "-40"), False),
        (FEE.replace("40", "4.0"), False),
        (FEE.replace("40", "> 40"), False),
        (FEE.replace("40 euros", "40 %"), False),
        (FEE.replace("keeper", "keepee"), False),
        (FEE.replace("receipt", "reciept"), False),
        (FEE.replace("euros", "pounds"), False),
        (FEE.replace("Members pay", "Members do not pay"), False),
        (FEE.replace("Members pay", "Members never pay"), False),
        (FEE.replace("by card or in cash", "in cash or by card"), False),
        (FEE.replace("Members", "Guests"), False),
        (FEE + " Children pay nothing.", False),
        ("Members pay nothing at all, and " + FEE, False),
        (FEE.replace(", by card or in cash,", ""), False),
    ],
)
def test_a_copy_says_nothing_that_the_better_one_does_not(changed: str, same: bool) -> None:
    assert is_copy(chunk(changed), chunk(FEE)) is same


def test_under_another_heading_the_same_words_mean_something_else() -> None:
    hours = "Open from Monday to Friday, nine to five."
    assert not is_copy(chunk(hours, headings="Paris"), chunk(hours, headings="Berlin"))
    assert is_copy(chunk(hours, headings="Berlin"), chunk(hours, headings="Berlin"))
    assert is_copy(chunk(hours), chunk(hours, headings="Berlin"))


def test_swapped_figures_are_no_copy() -> None:
    table = "North sold 17 boats and South sold 23 boats in the third quarter of that year, as reported."
    swapped = table.replace("17", "x").replace("23", "17").replace("x", "23")
    assert not is_copy(chunk(swapped), chunk(table))


def test_words_of_other_scripts_must_all_be_there() -> None:
    text = "图书馆 的 年费 是 四十 欧元 会员 在 大厅 的 柜台 付款"
    assert is_copy(chunk(text), chunk(f"{text} 。"))
    assert not is_copy(chunk(text.replace("四十", "五十")), chunk(text))


def test_only_the_first_ones_take_copies_in_and_the_order_stays() -> None:
    texts = [FEE, "Roses are cut when the frost ends.", FEE, "Roses are cut when the frost ends.", FEE]
    hits = [Hit(chunk(text, str(place))) for place, text in enumerate(texts)]
    kept = folded(hits, most=1)
    assert [hit.chunk.id for hit in kept] == ["0", "1", "3"]
    assert [own.chunk.id for own in kept[0].also_in] == ["2", "4"]


def test_a_search_names_the_places_of_copies_and_keeps_what_differs(filled: Workspace) -> None:
    found = retrieve(QUESTION, table=filled.table("default"), settings=filled.settings)
    by_document = {hit.chunk.document: hit for hit in found.hits}
    assert len({"fees.md", "copy.md"} & by_document.keys()) == 1
    assert "old.md" in by_document
    [kept] = [hit for hit in found.hits if hit.also_in]
    assert {own.document for own in kept.chunks} == {"fees.md", "copy.md"}
    assert [hit.rank for hit in found.hits] == list(range(1, len(found.hits) + 1))


@pytest.mark.parametrize("changes", [{"retrieval.fold_copies": False}, {"preset": "plain"}])
def test_it_can_be_turned_off_and_plain_has_it_off(filled: Workspace, changes: dict[str, object]) -> None:
    text = ",".join(f"{name}={value}" for name, value in changes.items())
    settings = parse_variant(f"v:{text}", filled.settings).settings
    found = retrieve(QUESTION, table=filled.table("default"), settings=settings)
    assert {"fees.md", "copy.md", "old.md"} <= {hit.chunk.document for hit in found.hits}
    assert not any(hit.also_in for hit in found.hits)


@pytest.mark.parametrize("document", ["fees.md", "copy.md"])
def test_evaluation_counts_a_folded_copy_as_found(filled: Workspace, document: str) -> None:
    gold = {"documents": (document,), "gold_text": "The yearly fee of the reading room is 40 euros."}
    tasks = question_tasks(
        [Question("1", QUESTION, **gold)],
        collection="default",
        catalog=filled.catalog,
        blobs=filled.blobs,
    )
    [result] = evaluate(tasks, [parse_variant("default:", filled.settings)], filled.table("default"))
    assert result.rows[0]["hit@1"] == 1
    assert result.rows[0]["recall@10"] == 1


@pytest.mark.parametrize("document", ["fees.md", "copy.md"])
def test_a_trace_finds_the_passage_that_another_stands_for(filled: Workspace, document: str) -> None:
    expected = expected_passage(filled, "default", document, "40 euros")
    made = trace(QUESTION, expected, table=filled.table("default"), settings=filled.settings)
    assert not {"text", "vector", "fusion", "reranking", "kept"} & set(made.lost_at)
    [kept] = [step for step in made.steps if step.stage == "kept"]
    is_named = made.passage is not None and made.passage.chunk.document == document
    assert ("stands for it" in kept.says) is not is_named
    assert "code or quoted words" not in kept.says


def test_settings_that_put_another_copy_first_still_have_the_same_passage(filled: Workspace) -> None:
    choices = [{"mode": "text", "reranker": "none"}, {"mode": "vector", "reranker": "none"}, {}]
    variants = [Variant(str(own), with_overrides(filled.settings, own), own) for own in choices]
    made = compare(QUESTION, variants, filled.table("default"))
    firsts = {run.placements[0].passage for run in made.runs if not run.error}
    places = {passage.citation.document for passage in made.passages}
    assert len({"fees.md", "copy.md"} & places) == 1
    assert made.passages[min(firsts)].citation.also_in


def test_beside_settings_that_do_not_fold_each_passage_stands_once_in_a_column(filled: Workspace) -> None:
    choices = [{"retrieval.fold_copies": False}, {}]
    for order in (choices, choices[::-1]):
        variants = [Variant(str(own), with_overrides(filled.settings, own), own) for own in order]
        made = compare(QUESTION, variants, filled.table("default"))
        for run in made.runs:
            numbers = [own.passage for own in run.placements]
            assert len(set(numbers)) == len(numbers)
            assert {own.passage for own in run.dropped}.isdisjoint(numbers)


def test_the_command_line_names_the_places(filled: Workspace) -> None:
    with redirect_stdout(io.StringIO()) as out:
        assert main(["search", QUESTION, "--json"]) == 0
    hits = json.loads(out.getvalue())["hits"]
    named = [(hit["document"], own["document"]) for hit in hits for own in hit["also_in"]]
    assert [set(pair) for pair in named] == [{"fees.md", "copy.md"}]
    with redirect_stdout(io.StringIO()) as out:
        assert main(["search", QUESTION]) == 0
    assert out.getvalue().count("Also in") == 1


def test_a_model_reads_it_once_and_is_told_the_other_place(filled: Workspace) -> None:
    found = retrieve(QUESTION, table=filled.table("default"), settings=filled.settings)
    context = fit("q", found.hits, (), settings=filled.settings.answer, counter=WordCounter())
    prompt = context.messages[0].content
    assert prompt.count("40 euros") == prompt.count("35 euros") == 1
    assert prompt.count("Also in ") == 1


def test_a_quote_names_only_places_that_hold_its_words(filled: Workspace) -> None:
    settings = with_overrides(filled.settings, {"answer.decline_below": 0.0})
    reply = ask("What is the yearly fee?", table=filled.table("default"), settings=settings)
    list(reply)
    for citation in reply.citations:
        for place in citation.also_in:
            record = filled.catalog.resolve("default", place)
            parsed = filled.blobs.get_parsed(record.document_id)
            assert parsed is not None
            assert " ".join(citation.quote.split()) in " ".join(parsed.text.split())
    quoted = [own for own in reply.citations if own.quote.startswith("The yearly fee") and "40" in own.quote]
    assert quoted
    assert quoted[0].also_in
    kept = json.loads(json.dumps(quoted[0].as_dict()))
    assert Citation.from_dict(kept) == quoted[0]
    del kept["also_in"]
    assert Citation.from_dict(kept).also_in == ()


def test_many_places_are_counted() -> None:
    assert also_in(()) == ""
    assert also_in(("b.pdf, page 2",)) == "Also in b.pdf, page 2"
    assert also_in(tuple("abcdef")) == "Also in a; b; c and 3 more"
