"""Grades of imported judgements: one scale, kept with the set, and the gain that nDCG counts."""

from __future__ import annotations

import json
from math import log2
from pathlib import Path

import pytest
from corpus import fill

from rag.beir import load_beir, read_judgements, read_queries
from rag.errors import QuestionsError
from rag.evaluate import beir_tasks, evaluate, parse_variant, question_tasks
from rag.evaluation_runs import question_sets
from rag.judged_tasks import judged_tasks, text_reader
from rag.passage_grades import grades_of
from rag.question_files import read_question_files
from rag.question_import import judged_from
from rag.question_sets import NOT, JudgedQuestion, Judgement, grade_name
from rag.questions import Question, load_questions, parse_questions
from rag.types import Citation
from rag.workspace import Workspace

QUERIES = '{"_id": "q1", "text": "kettle"}\n{"_id": "q2", "text": "unjudged"}\n'
#: best.txt answers wholly, good.txt less so, none.txt not at all, and one is in no collection.
GRADED = (
    "query-id\tcorpus-id\tscore\nq1\tgood.txt\t1\nq1\tbest.txt\t4\nq1\tnone.txt\t0\nq1\tgone.txt\t-1\n"
    "q9\tbest.txt\t1\n"
)
WORDS = "words:mode=text,reranker=none"


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    texts = {
        "good.txt": "The kettle. A kettle, kettle and kettle.",
        "best.txt": "How a kettle is descaled with vinegar, in more words than it needs.",
        "none.txt": "Birds sing.",
    }
    fill(workspace, texts)
    return workspace


def imported(workspace: Workspace, files: dict[str, str]) -> list[JudgedQuestion]:
    made = judged_from(
        read_question_files({name: text.encode() for name, text in files.items()}),
        collection="default",
        catalog=workspace.catalog,
        document_text=text_reader(workspace.blobs),
    )
    return list(made.questions)


def test_the_grades_of_beir_files_are_kept_and_count_in_ndcg(filled: Workspace) -> None:
    made = imported(filled, {"queries.jsonl": QUERIES, "test.tsv": GRADED})
    kept = question_sets(filled).add("default", "imported", made)
    [own] = question_sets(filled).questions(kept.id)
    grades = {judgement.document: judgement.grade for judgement in own.judgements}
    assert grades == {"good.txt": 0.25, "best.txt": 1.0, "none.txt": NOT}
    [result] = evaluate(
        judged_tasks(filled, "default", [own]),
        [parse_variant(WORDS, filled.settings)],
        filled.table("default"),
    )
    [row] = result.rows
    assert (row["rank"], row["recall@10"]) == (1, 1.0), "what answers in part is found, too"
    # good.txt with 1 of 4 comes before best.txt with 4 of 4.
    assert row["ndcg@10"] == pytest.approx((1 + 4 / log2(3)) / (4 + 1 / log2(3)))


def test_a_document_judged_otherwise_later_counts_as_it_is_judged_now(filled: Workspace) -> None:
    sets = question_sets(filled)
    queries = '{"_id": "q1", "text": "kettle"}'
    sets.add("default", "mine", imported(filled, {"q.jsonl": queries, "a.tsv": "q1\tgood.txt\t1"}))
    corrected = imported(filled, {"q.jsonl": queries, "a.tsv": "q1\tgood.txt\t0\nq1\tbest.txt\t1"})
    kept = sets.add("default", "mine", corrected)
    [task] = judged_tasks(filled, "default", sets.questions(kept.id))
    best = filled.catalog.resolve("default", "best.txt").document_id
    assert [unit.document_id for unit in task.units] == [best]


def test_a_folder_and_its_files_are_read_by_one_rule(tmp_path: Path, filled: Workspace) -> None:
    (tmp_path / "qrels").mkdir()
    corpus = "".join(
        f"{json.dumps({'_id': name, 'text': 'x'})}\n" for name in ("good.txt", "best.txt", "none.txt")
    )
    (tmp_path / "corpus.jsonl").write_text(corpus)
    (tmp_path / "queries.jsonl").write_text(QUERIES)
    (tmp_path / "qrels" / "test.tsv").write_text(GRADED)
    beir = load_beir(tmp_path)
    assert beir.judgements["q1"] == {"good.txt": 0.25, "best.txt": 1.0}
    files = {"corpus.jsonl": corpus, "queries.jsonl": QUERIES, "test.tsv": GRADED}
    [own] = imported(filled, files)
    [task] = beir_tasks(beir, {name: filled.catalog.resolve("default", name).document_id
                               for name in beir.judgements["q1"]})  # fmt: skip
    [same] = judged_tasks(filled, "default", [own])
    assert (task.text, set(task.units)) == (same.text, set(same.units))


def test_lines_of_judgements_as_programs_write_them() -> None:
    assert read_judgements({"a.tsv": "qid\tdocid\trel\r\n1\ta b.pdf\t2\t\r\n"}) == {"1": {"a b.pdf": 1.0}}
    assert read_judgements({"trec.tsv": "1 0 184 2\n1 0 29 1\n"}) == {"1": {"184": 1.0, "29": 0.5}}
    assert read_judgements({"a.tsv": "1\ta\t0.3\n1\ta\t0.2"}) == {"1": {"a": 0.2}}, "the later counts"
    for line in ("1\ta\tb\tc\t1", "1\ta\thigh2", "1\ta\t1\n1\ta\thigh"):
        with pytest.raises(QuestionsError, match=r"a\.tsv, line \d: expected query-id"):
            read_judgements({"a.tsv": line})
    with pytest.raises(QuestionsError, match=r"line 1: expected a JSON object with _id and text"):
        read_queries({"corpus.jsonl": '{"_id": "1"}'})


def test_grades_in_lines_of_json(tmp_path: Path, filled: Workspace) -> None:
    file = tmp_path / "q.jsonl"
    rows = [
        {"question": "kettle", "documents": ["good.txt", "best.txt", "none.txt"], "grades": [1, 3, 0]},
        {"question": "kettle?", "document": "best.txt", "page": 2, "grade": 2},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    first, second = load_questions(file)
    assert (first.grades, second.grades) == ((1 / 3, 1.0, 0.0), (2 / 3,))
    one, two = question_tasks([first, second], collection="default", catalog=filled.catalog,
                              blobs=filled.blobs)  # fmt: skip
    assert [unit.gain for unit in one.units] == [1 / 3, 1.0], "what does not answer need not be found"
    assert [(unit.page, unit.gain) for unit in two.units] == [(None, 2 / 3)], "text has no pages"
    [halves] = parse_questions('{"question": "x", "documents": ["a", "b"], "grades": [0.5, 0.25]}', "q")
    assert halves.grades == (0.5, 0.25), "a scale that ends at 1 is taken as it is"
    for bad in ('"grades": [1]', '"grade": "good"', '"grade": true', '"grades": [1, NaN]'):
        with pytest.raises(QuestionsError, match="line 1"):
            parse_questions(f'{{"question": "x", "documents": ["a", "b"], {bad}}}', "q")


def test_a_question_whose_documents_all_do_not_answer_is_left_out(filled: Workspace) -> None:
    nothing = Question("1", "kettle", documents=("none.txt",), grades=(0.0,))
    with pytest.raises(QuestionsError, match="names a document"):
        judged_from(
            [nothing], collection="default", catalog=filled.catalog, document_text=text_reader(filled.blobs)
        )


def test_every_grade_has_a_name_and_is_shown(filled: Workspace) -> None:
    assert [grade_name(own) for own in (1.0, 0.99, 0.33, 0.0)] == ["relevant", "partly", "partly", "not"]
    record = filled.catalog.resolve("default", "good.txt")
    third = Judgement("good.txt", record.document_id, None, 0, 11, grade=0.33)
    sets = question_sets(filled)
    sets.judge("default", "My questions", "kettle", third)
    passage = Citation(1, "good.txt", record.document_id, "id", None, 0, 11, "The kettle.")
    assert grades_of(sets, "default", "kettle", [passage]) == ["partly"]
