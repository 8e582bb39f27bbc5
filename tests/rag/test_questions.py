"""What counts as right, and how question sets are read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.beir import load_beir
from rag.errors import QuestionsError
from rag.questions import Question, Unit, gold_units, load_questions, located
from rag.types import Chunk


def chunk(start: int, end: int, *, document: str = "d", page: int | None = None) -> Chunk:
    return Chunk(
        id="c", document_id=document, document="d.md", text="x" * (end - start), header="", title="",
        headings="", page=page, start=start, end=end,
    )  # fmt: skip


def test_a_span_is_found_by_half_of_the_shorter() -> None:
    unit = Unit("d", span=(100, 200))
    assert unit.found_by(chunk(150, 400))  # 50 of the span's 100
    assert not unit.found_by(chunk(151, 400))  # 49
    assert unit.found_by(chunk(120, 140))  # the whole of a shorter hit
    assert unit.found_by(chunk(90, 110))  # 10 of the hit's 20
    assert not unit.found_by(chunk(89, 109))  # 9 of 20
    assert not unit.found_by(chunk(100, 200, document="other"))


def test_an_answer_inside_the_span_suffices() -> None:
    unit = Unit("d", span=(0, 1000), answers=((10, 20),))
    assert unit.found_by(chunk(5, 25))
    long_hit = chunk(-4000, 25)
    assert unit.found_by(long_hit)
    assert not unit.found_by(chunk(-4000, 19))


def test_a_passage_that_stands_twice_is_found_in_either_place() -> None:
    twice = Question("1", "q", documents=("a",), gold_text="two words", answers=("words",))
    [unit] = units(twice, "two words, and then: two words.")
    assert unit == Unit("a", span=(0, 9), answers=((4, 9), (25, 30)), elsewhere=((21, 30),))
    assert unit.found_by(chunk(0, 12, document="a"))
    assert unit.found_by(chunk(18, 31, document="a"))
    assert not unit.found_by(chunk(10, 20, document="a"))
    spans = Question("2", "q", documents=("a",), gold_spans=((0, 9), (21, 30)))
    assert len(units(spans, "two words, and then: two words.")) == 2, "what a file names apart is two things"


def test_pages_and_documents_as_units() -> None:
    assert Unit("d", page=3).found_by(chunk(0, 5, page=3))
    assert not Unit("d", page=3).found_by(chunk(0, 5, page=4))
    assert Unit("d").found_by(chunk(0, 5))


def units(question: Question, text: str = "") -> list[Unit]:
    return gold_units(question, lambda name: name if name != "gone" else None, lambda _: text)


def test_one_document_with_two_names_is_to_be_found_once() -> None:
    twice = Question("1", "q", documents=("a", "b"))
    assert gold_units(twice, lambda _: "same", lambda _: "") == [Unit("same")]


def test_spans_outside_the_text_are_refused() -> None:
    for span in ((5, 900), (-1, 3), (4, 4)):
        with pytest.raises(QuestionsError, match="lies outside"):
            units(Question("1", "q", documents=("a",), gold_spans=(span,)), "x" * 20)


def test_a_passage_is_known_by_its_words_whatever_became_of_its_marks() -> None:
    told = Question("1", "q", documents=("a",), gold_text="It’s the “first” – so far")
    assert units(told, 'Here: it\'s the "first" - so\nfar.') == [Unit("a", span=(6, 31))]


def test_a_passage_is_found_as_whole_words_only() -> None:
    short = Question("1", "q", documents=("a",), gold_text="5")
    assert units(short, "Revision 15. The pump has 5 blades.") == [Unit("a", span=(26, 27))]
    assert units(short, "Revision 15.") == [Unit("a")]
    assert units(Question("1", "q", documents=("a",), gold_text="四十"), "是四十欧元") == [
        Unit("a", span=(1, 3))
    ]


def test_gold_is_pages_else_spans_else_text_else_documents() -> None:
    both = Question("1", "q", documents=("a", "b"), pages=(1, 2))
    assert len(units(both)) == 4
    spans = Question("2", "q", documents=("a",), gold_spans=((3, 9),), gold_text="ignored")
    assert units(spans, "x" * 20) == [Unit("a", span=(3, 9))]
    quoted = Question("3", "q", documents=("a",), gold_text="two   words", answers=("words",))
    assert units(quoted, "Here: two\nwords.") == [Unit("a", span=(6, 15), answers=((10, 15),))]
    absent = Question("4", "q", documents=("a",), gold_text="nowhere")
    assert units(absent, "text") == [Unit("a")]
    assert units(Question("5", "q", documents=("gone",), gold_text="x")) == [Unit("missing:gone")]


def test_located_folds_white_space_and_escapes() -> None:
    assert located("a (b)  c", "x a (b)\n\nc y") == [(2, 10)]
    assert located("  ", "text") == []


def test_question_files(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    rows = [
        {"id": 7, "question": "Who?", "document": "a.md", "page": 2, "answers": ["me"]},
        {
            "question": "What?",
            "documents": ["a", "b"],
            "pages": [1],
            "scope": "document",
            "answerable": False,
        },
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    first, second = load_questions(file)
    assert (first.id, first.documents, first.pages, first.answers) == ("7", ("a.md",), (2,), ("me",))
    assert (second.id, second.documents, second.scope, second.answerable) == (
        "2",
        ("a", "b"),
        "document",
        False,
    )
    assert len(load_questions(file, limit=1)) == 1


@pytest.mark.parametrize(
    "line", ["not json", "[]", '{"id": 1}', '{"question": 5}', '{"question": "q", "pages": ["x"]}']
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text(line)
    with pytest.raises(QuestionsError, match="line 1"):
        load_questions(file)


def test_missing_and_empty_files(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match="cannot be read"):
        load_questions(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(QuestionsError, match="holds no questions"):
        load_questions(tmp_path / "empty.jsonl")


def test_beir_folders(tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text('{"_id": "1", "title": "T", "text": "x"}\n')
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "?"}\n{"_id": "unjudged", "text": "?"}\n')
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\t1\t2\nq\t9\t0\n")
    beir = load_beir(tmp_path)
    assert beir.documents == (("1", "T", "x"),)
    assert beir.queries == (("q", "?"),)
    assert beir.judgements == {"q": {"1": 1.0}}
    (tmp_path / "qrels" / "test.tsv").write_text("header\nq\n")
    with pytest.raises(QuestionsError, match="line 1"):
        load_beir(tmp_path)
    (tmp_path / "qrels" / "test.tsv").unlink()
    with pytest.raises(QuestionsError, match="qrels"):
        load_beir(tmp_path)
