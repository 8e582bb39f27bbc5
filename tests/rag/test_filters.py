"""Authors, dates and pages: from what files say of themselves to the passages found."""

from __future__ import annotations

import json
from datetime import date

import pytest
from authored import PUMP, add_authored
from corpus import fill

from rag.__main__ import main
from rag.document_authors import authors_of
from rag.document_scope import left_out
from rag.errors import DocumentNotFound, StoreError
from rag.retrieve import retrieve
from rag.settings import Settings, with_overrides
from rag.types import Filters, Scope
from rag.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(settings: Settings) -> Workspace:
    own = open_workspace(with_overrides(settings, {"k": 20}))
    add_authored(own)
    return own


def found(workspace: Workspace, scope: Scope, **changes: object) -> list[str]:
    """The documents of the passages found about the pump, each as often as it has some, sorted."""
    settings = with_overrides(workspace.settings, changes)
    filters = workspace.filters("default", scope)
    hits = retrieve(PUMP, table=workspace.table("default"), settings=settings, filters=filters).hits
    return sorted(hit.chunk.document for hit in hits)


def test_documents_keep_what_their_files_say(workspace: Workspace) -> None:
    said = {record.name: (record.authors, record.dated) for record in workspace.catalog.documents("default")}
    assert said == {
        "survey.pdf": (("Ines Marchetti", "José Ortiz"), date(2023, 5, 17)),
        "plan.docx": (("O'Brien, Pat",), date(2022, 12, 31)),
        "note.eml": (("Tomas Okoye <tomas@works.example>",), date(2024, 3, 4)),
        "page.html": (("Ines Marchetti",), date(2024, 3, 5)),
        "memo.md": (("Li Wei",), date(2023, 5, 17)),
        "plain.txt": ((), None),
    }


#: Scopes, and the documents of the passages in them.
CASES: list[tuple[Scope, list[str]]] = [
    (Scope(authors=("Li Wei",)), ["memo.md"]),
    # Any words of a name, capitals and accents or not; all whom they fit.
    (Scope(authors=("MARCHETTI",)), ["page.html", *["survey.pdf"] * 5]),
    (Scope(authors=("jose ortiz",)), ["survey.pdf"] * 5),
    (Scope(authors=("o'brien", "tomas@works.example")), ["note.eml", "plan.docx"]),
    (Scope(since=date(2024, 3, 4)), ["note.eml", "page.html"]),
    (Scope(until=date(2022, 12, 31)), ["plan.docx"]),
    (Scope(since=date(2023, 5, 17), until=date(2023, 5, 17)), ["memo.md", *["survey.pdf"] * 5]),
    (Scope(since=date(2025, 1, 1)), []),
    (Scope(first_page=4), ["survey.pdf"] * 2),
    (Scope(last_page=1), ["survey.pdf"]),
    (Scope(first_page=2, last_page=3, authors=("ines",), kinds=("PDF",)), ["survey.pdf"] * 2),
    (Scope(authors=("Li Wei",), since=date(2024, 1, 1)), []),
]


@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
def test_authors_days_and_pages_restrict_every_search(workspace: Workspace, mode: str) -> None:
    for scope, expected in CASES:
        assert found(workspace, scope, mode=mode) == expected, scope


def test_a_restriction_is_looked_at_before_ranking(workspace: Workspace) -> None:
    fill(workspace, {f"pump{number}.txt": f"{PUMP}." for number in range(12)})
    assert found(workspace, Scope(authors=("Li Wei",)), k=1, candidates=1) == ["memo.md"]


def test_a_name_is_never_read_as_an_expression(workspace: Workspace) -> None:
    table = workspace.table("default")
    for name in ("x') OR ('1'='1", "x' OR dated IS NULL --", "O'Brien, Pat') --"):
        assert table.text_search("pump", 20, Filters(authors=(name,))) == []
    assert [
        hit.chunk.document for hit in table.text_search("pump", 20, Filters(authors=("O'Brien, Pat",)))
    ] == ["plan.docx"]


def test_whom_nobody_names_is_said_with_who_is_meant(workspace: Workspace) -> None:
    with pytest.raises(DocumentNotFound, match=r"'Marcheti'.*Did you mean 'Ines Marchetti'"):
        workspace.filters("default", Scope(authors=("Marcheti",)))
    with pytest.raises(DocumentNotFound, match="'Li Wei'"):
        workspace.filters("default", Scope(authors=("!",)))


def test_names_are_parted_as_people_write_them() -> None:
    assert authors_of(" A. Okoye;I.  Marchetti ; A. Okoye\n") == ("A. Okoye", "I. Marchetti")
    assert authors_of("Marchetti, Ines") == ("Marchetti, Ines",)
    assert authors_of(" ; ") == ()


def test_what_is_left_out_for_want_of_a_value_is_counted(workspace: Workspace) -> None:
    records = workspace.catalog.documents("default")
    assert left_out(records, Scope()) == []
    assert left_out(records, Scope(since=date(2024, 1, 1))) == ["1 document without a date is left out."]
    assert left_out(records, Scope(first_page=2)) == ["5 documents without pages are left out."]
    # Only what would fit otherwise counts.
    assert left_out(records, Scope(authors=("Li Wei",), kinds=("PDF",))) == []
    assert left_out(records, Scope(authors=("Li Wei",), kinds=("Text",), first_page=1)) == []


def test_a_table_of_an_earlier_version_goes_on_and_says_what_to_do(workspace: Workspace) -> None:
    workspace.table("default")._table.drop_columns(["authors", "dated"])
    assert len(found(workspace, Scope())) == 10
    assert found(workspace, Scope(first_page=5)) == ["survey.pdf"]
    with pytest.raises(StoreError, match="python -m ingest again default"):
        found(workspace, Scope(authors=("Li Wei",)))
    # What is added from then on has them.
    fill(workspace, {"new.md": f"---\nauthor: Li Wei\ndate: 2025-01-01\n---\n{PUMP}."})
    assert found(workspace, Scope(authors=("Li Wei",))) == ["new.md"]
    assert len(found(workspace, Scope())) == 11


def test_the_command_line_restricts_and_says_what_it_left_out(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")

    def documents(*options: str) -> set[str]:
        assert main(["search", PUMP, "--k", "20", "--json", *options]) == 0
        return {hit["document"] for hit in json.loads(capsys.readouterr().out)["hits"]}

    assert documents("--author", "marchetti", "--type", "pdf", "--pages", "2-3") == {"survey.pdf"}
    assert documents("--since", "2024-03", "--until", "2024") == {"note.eml", "page.html"}
    assert documents("--until", "2022-12") == {"plan.docx"}
    assert main(["compare", PUMP, "--since", "2024-03", "--until", "2024", "--json"]) == 0
    runs = json.loads(capsys.readouterr().out)["variants"]
    assert [{hit["document"] for hit in run["hits"]} for run in runs] == 3 * [{"note.eml", "page.html"}]
    assert main(["search", PUMP, "--since", "2023", "--until", "2023-05-16"]) == 0
    output = capsys.readouterr()
    assert (output.out, output.err) == ("Nothing found.\n", "1 document without a date is left out.\n")
    assert main(["search", PUMP, "--since", "2024", "--until", "2023"]) == 1
    assert "swap the two" in capsys.readouterr().err
    assert main(["search", PUMP, "--author", "nobody"]) == 1
    assert "Ines Marchetti" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [("--author", "WEI"), ("--type", "md"), ("--type", "markdown"), ("--document", "undated.md")],
)
def test_what_is_left_out_is_counted_by_what_a_part_of_a_name_means(
    workspace: Workspace,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    value: str,
) -> None:
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "hash")
    fill(workspace, {"notes/undated.md": f"---\nauthor: Li Wei\n---\n{PUMP}."})
    assert main(["search", PUMP, option, value, "--since", "2024"]) == 0
    assert capsys.readouterr().err == "1 document without a date is left out.\n"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--since", "March"),
        ("--since", "2024-13"),
        ("--until", "2023-02-29"),
        ("--since", "0000"),
        ("--pages", "7-3"),
        ("--pages", "-"),
        ("--pages", "0"),
        ("--pages", "a"),
    ],
)
def test_a_day_or_range_that_is_none_is_wrong_usage(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["search", "pump", f"{option}={value}"])
    assert leaving.value.code == 2
    assert value in capsys.readouterr().err


def test_a_scope_is_kept_and_read_back() -> None:
    whole = Scope(("a.md",), ("t",), ("PDF",), ("Li",), date(2024, 1, 2), date(2024, 2, 1), 3, 7)
    assert Scope.from_dict(json.loads(json.dumps(whole.as_dict()))) == whole
    assert Scope.from_dict({"documents": ["a.md"]}) == Scope(documents=("a.md",))
    assert not Scope.from_dict({})
