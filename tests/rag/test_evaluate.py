"""What counts as right, end to end: documents in, questions asked, figures worked out by hand."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from math import log2
from typing import Any

import pytest
from corpus import fill

from ingest.beir import ingest_beir
from rag.beir import BeirSet
from rag.errors import SettingsError
from rag.evaluate import Variant, VariantResult, beir_tasks, evaluate, parse_variant, question_tasks
from rag.questions import Question
from rag.settings import Settings
from rag.workspace import Workspace

#: Each word stands in one passage only, so that full-text search finds exactly what a question names.
TEXTS = {
    "birds.md": "# Birds\n\n## Owls\n\nThe owl hunts at night.\n\n## Larks\n\nThe lark sings at dawn.\n",
    "in/fish.md": "# Fish\n\n## Eels\n\nThe eel swims to Sargasso.\n\n## Pike\n\nThe pike waits in weeds.\n",
    "copy/fish.md": "# Fish again\n\n## Trout\n\nThe trout likes gravel.\n",
}
WORDS = "words:mode=text,reranker=none"

Evaluate = Callable[..., dict[str, Any]]


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace, TEXTS)
    return workspace


@pytest.fixture
def figures(filled: Workspace) -> Evaluate:
    def evaluated(*questions: Question, variant: str = WORDS) -> dict[str, Any]:
        return results(filled, questions, variant)[0].as_dict()

    return evaluated


def results(workspace: Workspace, questions: Sequence[Question], *variants: str) -> list[VariantResult]:
    tasks = question_tasks(questions, collection="default", catalog=workspace.catalog, blobs=workspace.blobs)
    chosen = [parse_variant(text, workspace.settings) for text in variants]
    return evaluate(tasks, chosen, workspace.table("default"))


def question(text: str, **known: Any) -> Question:
    return Question("1", text, **known)


def test_the_document_suffices_where_nothing_else_is_known(figures: Evaluate) -> None:
    right = figures(question("owl", documents=("birds.md",)))
    assert [right[name] for name in ("hit@1", "mrr@10", "ndcg@10", "recall@10")] == [1, 1, 1, 1]
    assert figures(question("owl", documents=("in/fish.md",)))["hit@10"] == 0


def test_the_right_document_with_the_wrong_passage_does_not_count(figures: Evaluate) -> None:
    gold = {"documents": ("birds.md",), "gold_text": "The lark sings\nat dawn."}
    assert figures(question("owl", **gold))["hit@10"] == 0
    assert figures(question("lark", **gold))["hit@1"] == 1


def test_rank_and_gain_of_a_later_hit_by_hand(figures: Evaluate) -> None:
    # The owl's passage matches two words and comes first, the lark's matches one and comes second.
    gold = {"documents": ("birds.md",), "gold_text": "The lark sings at dawn."}
    found = figures(question("owl hunts lark", **gold))
    assert (found["hit@1"], found["hit@5"]) == (0, 1)
    assert found["mrr@10"] == pytest.approx(1 / 2)
    assert found["ndcg@10"] == pytest.approx(1 / log2(3), abs=1e-4)


def test_recall_is_the_share_of_the_units_found(figures: Evaluate, filled: Workspace) -> None:
    record = filled.catalog.resolve("default", "birds.md")
    parsed = filled.blobs.get_parsed(record.document_id)
    assert parsed is not None
    spans = []
    for said in ("The owl hunts at night.", "The lark sings at dawn."):
        start = parsed.text.index(said)
        spans.append((start, start + len(said)))
    both = question("owl", documents=("birds.md",), gold_spans=tuple(spans))
    found = figures(both)
    assert (found["hit@1"], found["recall@10"]) == (1, 0.5)
    # One unit at rank 1 of two: 1 / (1 + 1 / log2(3)).
    assert found["ndcg@10"] == pytest.approx(1 / (1 + 1 / log2(3)), abs=1e-4)
    documents = question("owl", documents=("birds.md", "in/fish.md"))
    assert figures(documents)["recall@10"] == 0.5


def test_a_gold_text_may_stand_in_any_of_the_documents(figures: Evaluate) -> None:
    gold = {"documents": ("birds.md", "in/fish.md"), "gold_text": "The eel swims to Sargasso."}
    assert figures(question("eel", **gold))["hit@1"] == 1
    assert figures(question("owl", **gold))["hit@10"] == 0


def test_passages_that_are_not_found_are_told_of(filled: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    asked = [
        Question(str(n), "q", documents=("birds.md",), gold_text=own) for n, own in enumerate(("no", "owl"))
    ]
    question_tasks(asked, collection="default", catalog=filled.catalog, blobs=filled.blobs)
    assert "1 of the questions' passages are not in their documents" in caplog.text


def test_unanswerable_questions_are_left_out(figures: Evaluate) -> None:
    found = figures(
        question("owl", documents=("birds.md",)),
        question("unicorn", documents=("birds.md",), answerable=False),
    )
    assert (found["questions"], found["hit@1"]) == (1, 1)
    assert figures(question("x", answerable=False))["questions"] == 0


def test_scope_document_searches_that_document_alone(figures: Evaluate) -> None:
    gold = {"documents": ("birds.md",), "gold_text": "The lark sings at dawn."}
    everywhere = figures(question("eel swims Sargasso lark", **gold))
    assert (everywhere["hit@1"], everywhere["hit@5"]) == (0, 1)
    alone = figures(question("eel swims Sargasso lark", scope="document", **gold))
    assert alone["hit@1"] == 1


def test_documents_go_by_base_name_unless_that_is_ambiguous(
    figures: Evaluate, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert figures(question("owl", documents=("birds.md",)))["hit@1"] == 1
        assert not caplog.records
        assert figures(question("eel", documents=("fish.md",)))["hit@10"] == 0
    assert "'copy/fish.md', 'in/fish.md'" in caplog.text
    caplog.clear()
    # Not in the collection: counts as not found, whatever the scope.
    gone = figures(
        question("eel", documents=("gone.md",)),
        question("eel", documents=("gone.md",), scope="document"),
    )
    assert (gone["questions"], gone["hit@10"]) == (2, 0)


def test_k_bounds_what_is_looked_at(figures: Evaluate) -> None:
    gold = question("owl hunts lark", documents=("birds.md",), gold_text="The lark sings at dawn.")
    assert figures(gold, variant="one:mode=text,reranker=none,k=1")["hit@10"] == 0


def test_variants_are_the_settings_with_changes(settings: Settings) -> None:
    assert parse_variant("now:", settings) == Variant("now", settings, {})
    changed = parse_variant("w: mode = text, retrieval.fusion_constant=5,reranking.text_weight=3", settings)
    assert changed.settings.retrieval.mode == "text"
    assert changed.settings.retrieval.fusion_constant == 5
    assert changed.settings.reranking.text_weight == 3
    assert changed.changes["mode"] == "text"
    for wrong in ("", "x", ":k=3", "x:k", "x:k=", "x:k=0", "x:colour=red", "x:mode=sideways"):
        with pytest.raises(SettingsError):
            parse_variant(wrong, settings)


def test_the_printed_form_says_what_was_varied(filled: Workspace) -> None:
    asked = [question("owl", documents=("birds.md",))]
    first, second = results(filled, asked, "now:", "w:mode=text,k=4,retrieval.fusion_constant=5")
    assert list(first.as_dict()) == [
        "name", "settings", "questions", "hit@1", "hit@5", "hit@10", "mrr@10", "ndcg@10", "recall@10",
        "p50_ms", "p95_ms", "precision@5", "tokens",
    ]  # fmt: skip
    assert first.settings == {"mode": "hybrid", "reranker": "late-interaction", "k": 10, "candidates": 50}
    assert second.settings["mode"] == "text"
    assert int(second.settings["k"]) == 4
    assert second.settings["retrieval.fusion_constant"] == "5"
    assert 0 < second.metrics["p50_ms"] <= second.metrics["p95_ms"]
    json.dumps([first.as_dict(), second.as_dict()])


BEIR = BeirSet(
    documents=(
        ("d1", "Tides", "The moon raises the tides."),
        ("d2", "Bread", "Sourdough rises slowly. " * 800),
        ("d3", "Twin", "Sourdough rises slowly. " * 800),
        ("d4", "Rust", "Iron rusts slowly."),
        ("d5", "Empty", " "),
    ),
    queries=(("q1", "sourdough slowly"), ("q2", "moon tides"), ("q3", "absent")),
    judgements={"q1": {"d4": 1.0, "d2": 2.0}, "q2": {"d1": 1.0, "d5": 1.0}, "q3": {"gone": 1.0}},
)


def test_beir_collapses_passages_to_documents_before_the_cut(workspace: Workspace) -> None:
    collection, ids = ingest_beir(BEIR, workspace)
    table = workspace.table(collection)
    # Two records with the same words stay two; the empty one is left out.
    counts = table.chunk_counts()
    assert set(counts) == {ids[own] for own in ("d1", "d2", "d3", "d4")}
    assert counts[ids["d2"]] > 10
    [result] = evaluate(
        beir_tasks(BEIR, ids), [parse_variant(WORDS, workspace.settings)], table, by_document=True
    )
    rows = {row["id"]: row for row in result.rows}
    # d2 and its twin have more than ten passages each, and still d4 is found behind them.
    assert rows["q1"]["recall@10"] == 1
    assert rows["q2"]["recall@10"] == 0.5
    assert rows["q2"]["ndcg@10"] == pytest.approx(1 / (1 + 1 / log2(3)))
    assert rows["q3"]["hit@10"] == 0
    version = table.version
    assert ingest_beir(BEIR, workspace) == (collection, ids)
    assert workspace.table(collection).version == version
