"""Settings measured under a restriction and over several collections: the same figures everywhere, kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from authored import add_authored
from corpus import fill

from ingest.documents import remove_collection, remove_documents, tag_document
from rag.__main__ import main
from rag.errors import CollectionNotFound, QuestionsError
from rag.evaluate import QUALITY, Task, parse_variant
from rag.evaluation_runs import Evaluation, Evaluations, collections_gone, question_sets
from rag.question_sets import JudgedQuestion, Judgement
from rag.questions import Unit
from rag.reachable import left_out_text, restricted
from rag.settings import Settings
from rag.types import Filters, Scope
from rag.verdict import figures_of
from rag.workspace import Workspace, open_workspace

VARIANTS = ("words:mode=text,reranker=none", "both:mode=hybrid,reranker=late-interaction")
BOTH = ["--collection", "default", "--collection", "notes"]
#: What is asked, and the document and page that answer.
GOLD = {
    "Which pump feeds the wing, says the plan?": ("plan.docx", None),
    "Which pump feeds the wing, says the memo?": ("memo.md", None),
    "Which pump feeds the wing, says the mail?": ("note.eml", None),
    "What does page 1 of the survey say?": ("survey.pdf", 1),
    "What does page 4 of the survey say?": ("survey.pdf", 4),
}


@pytest.fixture
def workspace(settings: Settings) -> Workspace:
    own = open_workspace(settings)
    add_authored(own)
    fill(own, {"copy.md": "Which pump feeds the wing, says the memo? So asks a note.\n"}, "notes")
    tag_document(own, "default", "memo.md", ["pumps"])
    tag_document(own, "default", "plan.docx", ["pumps"])
    questions = [
        JudgedQuestion(
            text, "judged", (Judgement(name, own.catalog.resolve("default", name).document_id, page),)
        )
        for text, (name, page) in GOLD.items()
    ]
    question_sets(own).add("default", "mine", questions)
    return own


def measured(workspace: Workspace, scope: Scope) -> Evaluation:
    evaluations = Evaluations()
    variants = [parse_variant(text, workspace.settings) for text in VARIANTS]
    identifier = evaluations.start(workspace, "default", "mine", variants, scope)
    assert evaluations.wait(identifier, 60)
    found = evaluations.get(workspace, identifier)
    assert (found.state, found.error) == ("done", "")
    return found


def commanded(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    variants = [part for text in VARIANTS for part in ("--variant", text)]
    assert main(["evaluate", *arguments, *variants, "--json"]) == 0
    made: dict[str, Any] = json.loads(capsys.readouterr().out)
    return made


@pytest.mark.parametrize(
    ("scope", "options", "left_out"),
    [
        (Scope(), [], 0),
        (Scope(tags=("pumps",)), ["--tag", "pumps"], 3),
        (Scope(kinds=("PDF",), first_page=2), ["--type", "PDF", "--pages", "2-"], 4),
        (Scope(authors=("Tomas Okoye",)), ["--author", "Okoye"], 4),
        (Scope(documents=("memo.md", "copy.md"), collections=("notes",)),
         ["--document", "memo.md", "--document", "copy.md", *BOTH], 4),
        (Scope(collections=("notes",)), BOTH, 0),
    ],
)  # fmt: skip
def test_the_page_and_the_command_line_give_the_same_figures(
    workspace: Workspace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    scope: Scope,
    options: list[str],
    left_out: int,
) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    found = measured(workspace, scope)
    assert (found.scope, found.left_out) == (scope, left_out)
    assert len(found.questions) == len(found.lines) == len(GOLD) - left_out
    rows = [[line[place] for line in found.lines] for place in range(len(VARIANTS))]
    by_page = [figures.as_dict() for figures in figures_of(["words", "both"], rows)]
    file = tmp_path / "mine.jsonl"
    lines = [
        {"question": text, "document": name, "page": page}
        for text, (name, page) in GOLD.items()
    ]  # fmt: skip
    file.write_text("\n".join(map(json.dumps, lines)))
    for asked in (["--set", "mine"], [str(file)]):
        made = commanded(capsys, *asked, *options)
        assert made["left_out"] == left_out
        assert made["collections"] == ["default", *scope.collections]
        for own, told in zip(by_page, made["variants"], strict=True):
            assert told["questions"] == own["questions"]
            for name in (*QUALITY, "tokens"):
                assert told[name] == pytest.approx(own[name], abs=1e-4), name
            assert told["intervals"] == own["intervals"]


def test_another_collection_is_searched_indeed(workspace: Workspace) -> None:
    alone = measured(workspace, Scope())
    beside = measured(workspace, Scope(collections=("notes",)))
    place = [own.text for own in alone.questions].index("Which pump feeds the wing, says the memo?")
    assert alone.lines[place][0]["rank"] == 1
    assert beside.lines[place][0]["rank"] == 2, "the note of the other collection says it word for word"


def test_a_set_of_another_collection_asked_is_measured_with(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its gold is looked for where the set is from: here a document of the same name that was replaced."""
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    fill(workspace, {"memo.md": "# Ferry\n\nThe ferry leaves the north pier at noon.\n"}, "ferries")
    gold = Judgement("memo.md", workspace.catalog.resolve("ferries", "memo.md").document_id)
    question_sets(workspace).add(
        "ferries", "sailings", [JudgedQuestion("When does it leave?", "judged", (gold,))]
    )
    remove_documents(workspace, "ferries", ["memo.md"])
    fill(workspace, {"memo.md": "# Ferry\n\nThe ferry leaves the south pier at two.\n"}, "ferries")
    evaluations = Evaluations()
    variants = [parse_variant(text, workspace.settings) for text in VARIANTS]
    scope = Scope(collections=("ferries",))
    identifier = evaluations.start(
        workspace, "default", "sailings", variants, scope, set_collection="ferries"
    )
    assert evaluations.wait(identifier, 60)
    found = evaluations.get(workspace, identifier)
    assert (found.state, found.set_collection, len(found.lines)) == ("done", "ferries", 1)
    assert found.lines[0][1]["rank"] == 1
    made = commanded(capsys, "--set", "sailings", "--collection", "default", "--collection", "ferries")
    assert made["variants"][1]["hit@1"] == 1.0
    with pytest.raises(
        QuestionsError, match=r"'other' for 'default' or 'ferries'\. There are: 'mine', 'sailings'"
    ):
        question_sets(workspace).named("default", "other", beside=["ferries"])
    workspace.tables.rename("ferries", "boats")
    assert evaluations.get(workspace, identifier).set_collection == "boats"


def test_one_whose_collection_was_deleted_keeps_its_figures_and_cannot_go_on(workspace: Workspace) -> None:
    found = measured(workspace, Scope(collections=("notes",)))
    assert collections_gone(workspace, found) == []
    remove_collection(workspace, "notes")
    evaluations = Evaluations()
    assert collections_gone(workspace, evaluations.get(workspace, found.id)) == ["notes"]
    with pytest.raises(QuestionsError, match="asked of 'notes', which was deleted since"):
        evaluations.resume(workspace, found.id)
    again = evaluations.get(workspace, found.id)
    assert (again.state, again.lines) == ("done", found.lines)


def test_an_evaluation_follows_the_collections_that_it_asked(workspace: Workspace) -> None:
    found = measured(workspace, Scope(collections=("notes",)))
    workspace.tables.rename("notes", "memos")
    [again] = Evaluations().listed(workspace, "default")
    assert again.scope == replace(found.scope, collections=("memos",))
    assert Evaluations().get(workspace, again.id).lines == found.lines


def test_a_filter_that_leaves_nothing_is_refused(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    variants = [parse_variant(VARIANTS[0], workspace.settings)]
    with pytest.raises(QuestionsError, match="every question"):
        Evaluations().start(workspace, "default", "mine", variants, Scope(kinds=("Slides",)))
    with pytest.raises(CollectionNotFound):
        Evaluations().start(workspace, "default", "mine", variants, Scope(collections=("nowhere",)))
    assert main(["evaluate", "--set", "mine", "--type", "PDF"]) == 0
    assert "3 of 5 questions are left out" in capsys.readouterr().err
    assert main(["evaluate", "--set", "mine", "--author", "Nobody"]) == 1
    with pytest.raises(SystemExit):
        main(["evaluate", "--beir", "folder", "--collection", "default"])


def test_what_a_filter_rules_out_is_no_longer_to_be_found(workspace: Workspace) -> None:
    table = workspace.table("default")
    ids = {name: workspace.catalog.resolve("default", name).document_id for name in ("memo.md", "survey.pdf")}
    units = (Unit(ids["memo.md"]), Unit(ids["survey.pdf"], page=4), Unit("missing:x"))
    task = Task("1", "pump", units)
    assert restricted([task], table, Filters()) == [task]
    [pages] = restricted([task], table, Filters(first_page=2, last_page=9))
    assert pages is not None
    assert pages.units == units[1:], "what is nowhere stays, as not found"
    of_memo = replace(task, units=units[:1], filters=Filters(documents=(ids["memo.md"],)))
    assert restricted([of_memo], table, Filters(documents=(ids["survey.pdf"],))) == [None]
    [both] = restricted([of_memo], table, Filters(tags=("pumps",)))
    assert both is not None
    assert both.filters == Filters(documents=(ids["memo.md"],), tags=("pumps",))
    assert left_out_text(1, 5) == "1 of 5 questions is left out: the filter leaves out its right passage."
    assert left_out_text(0, 5) == ""
