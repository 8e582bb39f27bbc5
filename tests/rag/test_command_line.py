"""python -m rag, as other programs call it: JSON alone on standard output, and exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from corpus import TEXTS, fill

from ingest.documents import tag_document
from rag.__main__ import main
from rag.settings import Settings
from rag.workspace import open_workspace

ROOT = Path(__file__).parents[2]
STAGES = {"embed", "vector", "text", "fuse", "rerank", "total"}
FIGURES = {
    "hit@1",
    "hit@5",
    "hit@10",
    "mrr@10",
    "ndcg@10",
    "recall@10",
    "p50_ms",
    "p95_ms",
    "precision@5",
    "tokens",
}


@pytest.fixture(autouse=True)
def _filled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "0")
    fill(
        open_workspace(settings),
        {**TEXTS, "other/leave.txt": "Leave it to the others.", "dir/only.md": "Only."},
    )


class Command:
    """Runs a command in this process and keeps what it wrote."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.errors = ""

    def text(self, *arguments: str, code: int = 0) -> str:
        try:
            found = main(arguments)
        except SystemExit as leaving:
            found = int(leaving.code or 0)
        output = self._capsys.readouterr()
        self.errors = output.err
        assert found == code, output.err
        return output.out

    def json(self, *arguments: str) -> dict[str, Any]:
        output = self.text(*arguments, "--json")
        found: dict[str, Any] = json.loads(output)
        assert output.count("\n") == 1
        return found


@pytest.fixture
def rag(capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(capsys)


@pytest.mark.parametrize(
    "query",
    [
        "relief valve boiler 7",
        "P-118B",
        '"parental leave"',
        "what (is) AND: the + 'valve' \"",
        "🍎 trees",
        "x " * 4000,
    ],
)
def test_search(rag: Command, query: str) -> None:
    found = rag.json("search", query, "--k", "3")
    assert set(found) >= {"query", "hits", "milliseconds"}
    assert found["query"] == query
    assert set(found["milliseconds"]) == STAGES
    assert 0 < len(found["hits"]) <= 3
    assert [hit["rank"] for hit in found["hits"]] == list(range(1, len(found["hits"]) + 1))
    for hit in found["hits"]:
        known = {"rank", "id", "collection", "document", "page", "start", "end", "text", "scores", "also_in"}
        assert set(hit) == known
        assert set(hit["scores"]) == {"vector", "text", "fused", "rerank"}


def test_modes_rerankers_and_candidates(rag: Command) -> None:
    found = rag.json("search", "P-118B", "--mode", "text", "--reranker", "none")
    assert found["hits"][0]["document"] == "boiler.md"
    assert found["hits"][0]["scores"]["vector"] is None
    assert len(rag.json("search", "valve leave trees", "--mode", "vector", "--candidates", "1")["hits"]) == 1


def test_blank_and_unmatched_queries_are_no_errors(rag: Command) -> None:
    assert rag.json("search", " ")["hits"] == []
    assert rag.json("search", "zzzqqq", "--mode", "text")["hits"] == []
    assert rag.text("search", "zzzqqq", "--mode", "text") == "Nothing found.\n"
    assert rag.json("search", "\udcff valve")["hits"]


def test_documents_by_name_and_by_base_name(rag: Command) -> None:
    def searched(*names: str) -> set[str]:
        wanted = [argument for name in names for argument in ("--document", name)]
        return {hit["document"] for hit in rag.json("search", "leave valve trees only", *wanted)["hits"]}

    assert searched("staff/leave.txt") == {"staff/leave.txt"}
    assert searched("only.md") == {"dir/only.md"}
    assert searched("only.md", "boiler.md") == {"dir/only.md", "boiler.md"}
    assert rag.text("search", "x", "--document", "leave.txt", "--json", code=1) == ""
    assert "'other/leave.txt', 'staff/leave.txt'" in rag.errors
    assert rag.text("search", "x", "--document", "nowhere.txt", "--json", code=1) == ""
    assert "nowhere.txt" in rag.errors


def test_types_and_tags(rag: Command, settings: Settings) -> None:
    def searched(*arguments: str) -> set[str]:
        return {hit["document"] for hit in rag.json("search", "leave valve trees only", *arguments)["hits"]}

    tag_document(open_workspace(settings), "default", "other/leave.txt", ["it's staff"])
    assert searched("--type", "text") == {"staff/leave.txt", "other/leave.txt"}
    assert searched("--type", "HTML") == {"orchard.html"}
    assert searched("--type", "html", "--type", "txt") > searched("--type", "text")
    assert searched("--tag", "it's staff") == {"other/leave.txt"}
    assert searched("--tag", "it's staff", "--type", "web page") == set()
    asked = rag.json("ask", "How long does leave last?", "--type", "web page")
    assert {citation["document"] for citation in asked["citations"]} <= {"orchard.html"}
    assert rag.text("search", "x", "--type", "cobol", code=1) == ""
    assert "no type of document called 'cobol'" in rag.errors


def test_ask(rag: Command) -> None:
    found = rag.json("ask", "At what pressure does the relief valve of boiler 7 open?")
    assert set(found) >= {"answer", "answered", "citations", "model", "tokens", "milliseconds"}
    assert "8.8" in found["answer"]
    assert (found["answered"], found["model"]) == (True, "extractive")
    for citation in found["citations"]:
        assert set(citation) >= {"number", "document", "page", "quote"}
        assert citation["quote"] in TEXTS[citation["document"]]
    shown = rag.text("ask", "At what pressure does the relief valve of boiler 7 open?")
    assert "8.8" in shown
    assert "[1] boiler.md" in shown


def test_declining_is_no_error(rag: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_ANSWER_DECLINE_BELOW", "1")
    found = rag.json("ask", "Who won the football world cup of 1998?")
    assert (found["answered"], found["citations"]) == (False, [])
    assert found["answer"]


def test_a_model_that_does_not_answer_is_an_error_in_words(
    rag: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKANCE_OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert rag.text("ask", "valve?", "--model", "openai", "--json", code=1) == ""
    assert "Nothing answers at http://127.0.0.1:9/v1" in rag.errors
    assert "Traceback" not in rag.errors


@pytest.fixture
def questions(tmp_path: Path) -> str:
    rows = [
        {"question": "Who grafted the Bramley trees?", "answers": ["Tomas Okoye"], "document": "orchard.html",
         "gold_text": "The Bramley trees were grafted in 1931 by Tomas Okoye."},
        {"question": "How long is parental leave?", "document": "staff/leave.txt",
         "gold_text": "Parental leave lasts 26 weeks."},
        {"question": "Who is the mayor?", "document": "boiler.md", "answerable": False},
        {"question": "zzz", "document": "boiler.md"},
    ]  # fmt: skip
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    return str(file)


def test_evaluate(rag: Command, questions: str) -> None:
    found = rag.json(
        "evaluate", questions, "--variant", "now:",
        "--variant", "words:mode=text,reranker=none,retrieval.fusion_constant=30", "--limit", "3",
    )  # fmt: skip
    now, words = found["variants"]
    assert (now["name"], words["name"]) == ("now", "words")
    assert words["settings"]["retrieval.fusion_constant"] == "30"
    for variant in (now, words):
        assert set(variant) == {"name", "settings", "questions", "intervals", "chance"} | FIGURES
        # Three are taken, one of them has no answer.
        assert variant["questions"] == 2
    assert words["hit@1"] == 1
    [alone] = rag.json("evaluate", questions)["variants"]
    assert (alone["name"], alone["questions"]) == ("default", 3)
    table = rag.text("evaluate", questions)
    assert "hit@1" in table
    assert "default" in table
    assert "finds the right passage first in" in table


def test_question_sets_and_their_figures(rag: Command, questions: str) -> None:
    brought = rag.json("questions", "import", "mine", questions)
    assert (brought["set"], brought["imported"]) == ("mine", 3)
    assert brought["notes"] == ["1 question left out: marked as having no answer."]
    assert "3 questions imported." in rag.text("questions", "import", "mine", questions)
    assert "1 question left out" in rag.errors
    [listed] = rag.json("questions", "list")["sets"]
    kept = rag.json("questions", "list", "mine")["questions"]
    assert (listed["name"], listed["questions"]) == ("mine", len(kept))
    figures = ("hit@1", "mrr@10", "ndcg@10", "recall@10", "questions")
    [by_set] = rag.json("evaluate", "--set", "mine")["variants"]
    [by_file] = rag.json("evaluate", questions)["variants"]
    assert {name: by_set[name] for name in figures} == {name: by_file[name] for name in figures}
    written = rag.text("questions", "export", "mine")
    Path(questions).write_text(written)
    assert rag.json("questions", "import", "again", questions)["imported"] == len(kept)
    assert rag.json("questions", "export", "again")["lines"] == [
        json.loads(own) for own in written.splitlines()
    ]
    assert rag.json("questions", "make", "made", "--count", "3")["questions"] > 0


def test_evaluate_beir(rag: Command, tmp_path: Path) -> None:
    (tmp_path / "qrels").mkdir()
    documents = [("Tides", "The moon raises tides."), ("Rust", "Iron rusts with water.")]
    (tmp_path / "corpus.jsonl").write_text(
        "\n".join(
            json.dumps({"_id": str(own), "title": title, "text": text})
            for own, (title, text) in enumerate(documents)
        )
    )
    (tmp_path / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "iron rusts"}))
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\t1\t1\n")
    for _ in range(2):
        [variant] = rag.json("evaluate", "--beir", str(tmp_path))["variants"]
        assert (variant["questions"], variant["ndcg@10"], variant["hit@1"]) == (1, 1, 1)


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["search"], ["ask"], ["sing"], ["evaluate"], ["evaluate", "q.jsonl", "--beir", "folder"],
        ["search", "x", "--mode", "sideways"], ["search", "x", "--k", "many"], ["search", "x", "--k", "0"],
        ["search", "x", "--candidates", "-5"], ["search", "x", "--reranker", "magic"],
        ["ask", "x", "--model", "parrot"], ["search", "x", "--no-such-option"],
        ["evaluate", "q.jsonl", "--limit", "0"], ["evaluate", "q.jsonl", "--limit", "-2"],
        ["evaluate", "q.jsonl", "--variant", "nameless"],
        ["evaluate", "q.jsonl", "--variant", "x:colour=red"],
        ["evaluate", "q.jsonl", "--variant", "x:reranker=magic"],
    ],
)  # fmt: skip
def test_wrong_usage(rag: Command, arguments: list[str]) -> None:
    assert rag.text(*arguments, code=2) == ""
    assert rag.errors


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["search", "x", "--collection", "nowhere"], "python -m ingest"),
        (["ask", "x", "--collection", "nowhere"], "python -m ingest"),
        (["evaluate", "nowhere.jsonl"], "nowhere.jsonl"),
        (["evaluate", "--beir", "nowhere"], "nowhere"),
    ],
)
def test_errors(rag: Command, arguments: list[str], said: str) -> None:
    assert rag.text(*arguments, "--json", code=1) == ""
    assert said in rag.errors
    assert "Traceback" not in rag.errors


def test_broken_settings_are_an_error(rag: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_RETRIEVAL_K", "none")
    assert rag.text("search", "x", "--json", code=1) == ""
    assert "retrieval.k" in rag.errors


def test_a_console_of_few_letters_shows_codes(settings: Settings) -> None:
    fill(open_workspace(settings), {"umlaut.txt": "Große Kessel 🍎 werden geprüft."})
    done = subprocess.run(
        [sys.executable, "-m", "rag", "search", "Kessel", "--mode", "text"],
        cwd=ROOT, env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"Gro\\xdfe Kessel \\U0001f34e werden" in done.stdout
