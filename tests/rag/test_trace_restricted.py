"""Where a passage is lost when the search is restricted, or goes through several collections."""

from __future__ import annotations

import json
from datetime import date

import pytest
from authored import PUMP, add_authored
from corpus import fill

from ingest.documents import tag_document
from rag.__main__ import main
from rag.expected_passage import expected_passage
from rag.retrieve import retrieve
from rag.settings import with_overrides
from rag.trace import Step, Trace, trace
from rag.types import Scope
from rag.workspace import Workspace

MEMOS = {"winch.md": "# Winch\n\nThe relief valve of the winch opens at 40 bar.\n"}


@pytest.fixture
def library(workspace: Workspace) -> Workspace:
    add_authored(workspace)
    tag_document(workspace, "default", "plan.docx", ["plans"])
    fill(workspace, collection="reports")
    fill(workspace, MEMOS, "memos")
    return workspace


def follow(
    workspace: Workspace,
    question: str,
    document: str,
    *collections: str,
    scope: Scope = Scope(),  # noqa: B008 (frozen)
    where: str = "",
    **changes: object,
) -> Trace:
    settings = with_overrides(workspace.settings, {"answer.decline_below": 0.0} | changes)
    return trace(
        question,
        expected_passage(workspace, where or collections[0], document),
        table=workspace.searched(collections),
        settings=settings,
        filters=workspace.filters(collections[0], scope),
    )


def step(made: Trace, stage: str) -> Step:
    return next(own for own in made.steps if own.stage == stage)


@pytest.mark.parametrize(
    ("scope", "parts"),
    [
        (Scope(documents=("memo.md",)), "its document"),
        (Scope(authors=("O'Brien, Pat",)), "its author"),
        (Scope(kinds=("Word",)), "its type"),
        (Scope(tags=("plans",)), "its tags"),
        (Scope(since=date(2024, 1, 1)), "its date"),
        (Scope(first_page=6), "its page"),
        (Scope(tags=("plans",), first_page=2, kinds=("Word",)), "its tags and its type"),
    ],
)
def test_the_parts_of_the_filter_that_leave_it_out_are_named(
    library: Workspace, scope: Scope, parts: str
) -> None:
    made = follow(library, PUMP, "survey.pdf", "default", scope=scope)
    assert made.lost_at == ("filter",)
    assert f"leaves it out by {parts}." in step(made, "filter").says
    assert {own.outcome for own in made.steps[3:]} == {"unreached"}


def test_what_goes_through_the_filter_is_ranked_within_it(library: Workspace) -> None:
    scope = Scope(first_page=2, last_page=3)
    made = follow(library, PUMP, "survey.pdf", "default", scope=scope)
    assert made.lost_at == ()
    assert "2 of 5" in step(made, "filter").says
    found = retrieve(
        PUMP,
        table=library.table("default"),
        settings=library.settings,
        filters=library.filters("default", scope),
    )
    assert made.passage is not None
    assert made.passage.chunk.id == found.hits[0].chunk.id
    assert step(made, "kept").rank == 1
    assert step(follow(library, PUMP, "survey.pdf", "default"), "filter").outcome == "unreached"


def test_a_remedy_is_tried_with_the_filter(library: Workspace) -> None:
    made = follow(
        library,
        PUMP,
        "memo.md",
        "default",
        scope=Scope(since=date(2023, 1, 1)),
        k=1,
        mode="text",
        reranker="none",
    )
    assert made.lost_at == ("kept",)
    filters = library.filters("default", Scope(since=date(2023, 1, 1)))
    for remedy in made.remedies:
        settings = with_overrides(
            library.settings, {"k": 1, "mode": "text", "reranker": "none"} | remedy.changes
        )
        found = retrieve(PUMP, table=library.table("default"), settings=settings, filters=filters)
        assert found.hits[remedy.rank - 1].chunk.document == "memo.md"
    assert made.remedies


def test_a_passage_of_another_collection_is_followed_among_all(library: Workspace) -> None:
    question = "At what pressure does the relief valve of the winch open?"
    made = follow(library, question, "winch.md", "reports", "memos", where="memos", k=3)
    table = library.searched(["reports", "memos"])
    found = retrieve(question, table=table, settings=with_overrides(library.settings, {"k": 3}))
    place = next(rank for rank, hit in enumerate(found.hits, start=1) if hit.chunk.document == "winch.md")
    assert made.lost_at == ()
    assert step(made, "kept").rank == place
    assert step(made, "text").rank == found.hits[place - 1].ranks["text"]
    lost = follow(library, "parental leave", "winch.md", "reports", "memos", where="memos", k=1)
    assert lost.lost_at


def test_the_command_follows_it_too(
    library: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    searched = ["--collection", "reports", "--collection", "memos", "--json"]
    assert main(["trace", "relief valve of the winch", "--document", "winch.md", *searched]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["document"] == "winch.md"
    assert made["steps"][2] == {
        "stage": "filter",
        "outcome": "unreached",
        "rank": None,
        "score": None,
        "limit": None,
        "says": "",
    }
    assert main(["trace", PUMP, "--document", "survey.pdf", "--pages", "9-", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["lost_at"] == ["filter"]
    assert "its page" in made["steps"][2]["says"]
    assert main(["trace", PUMP, "--document", "nowhere.pdf", *searched]) == 1
    assert "nowhere.pdf" in capsys.readouterr().err
