"""Judged places whose words are gone: told of, never put at another place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from corpus import fill
from documents import pdf_with_text

from ingest.pipeline import Pipeline
from ingest.sources import bytes_source
from rag.errors import QuestionsError
from rag.evaluate import parse_variant
from rag.evaluation_runs import Evaluations, question_sets
from rag.judged_places import lost_text
from rag.judged_tasks import made_ready
from rag.passage_grades import OWN_SET, grades_of
from rag.question_sets import JudgedQuestion, Judgement
from rag.types import Citation
from rag.workspace import Workspace

TEXT = "The rotor turns at noon. The gasket is made of cork. The flange has eight bolts."
FLANGE, ROTOR = "The flange has eight bolts.", "The rotor turns at noon."


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace, {"manual.md": TEXT, "note.txt": "The kettle boils."})
    return workspace


def judged(workspace: Workspace, phrase: str, name: str = "manual.md") -> Judgement:
    record = workspace.catalog.resolve("default", name)
    start = TEXT.index(phrase)
    return Judgement(name, record.document_id, None, start, start + len(phrase), quote=phrase)


def replaced(workspace: Workspace, name: str, text: bytes) -> None:
    [result] = Pipeline("default", workspace).run(bytes_source(name, text, workspace.settings.ingest))
    assert result.status == "updated"


def test_words_that_left_their_document_are_lost_and_the_others_stay(filled: Workspace) -> None:
    flange, rotor = (JudgedQuestion(own, "judged", (judged(filled, own),)) for own in (FLANGE, ROTOR))
    both = JudgedQuestion("both", "judged", flange.judgements + rotor.judgements)
    question_sets(filled).add("default", "mine", [flange, rotor, both])
    replaced(filled, "manual.md", f"A preface. {ROTOR} Nothing else.".encode())
    ready = made_ready(filled, "default", [flange, rotor, both])
    spans = [[unit.span for unit in task.units] if task else None for task in ready.tasks]
    assert spans == [None, [(11, 35)], [(11, 35)]]
    assert ready.lost == 2
    evaluations = Evaluations()
    words = parse_variant("words:mode=text,reranker=none", filled.settings)
    identifier = evaluations.start(filled, "default", "mine", [words])
    assert evaluations.wait(identifier, 60)
    found = evaluations.get(filled, identifier)
    assert ([own.text for own in found.questions], found.lost, found.left_out) == ([ROTOR, "both"], 2, 0)
    assert len(found.lines) == 2
    # Gone later, too, what is measured keeps its place, and counts as not found.
    replaced(filled, "manual.md", b"Nothing is left of it at all.")
    evaluations.resume(filled, identifier)
    assert evaluations.wait(identifier, 60)
    assert evaluations.get(filled, identifier).lines == found.lines
    with pytest.raises(QuestionsError, match="4 passages of the questions are no longer in their documents"):
        evaluations.start(filled, "default", "mine", [words])


def test_what_is_lost_is_said_in_words() -> None:
    assert lost_text(0) == ""
    assert lost_text(1).startswith(
        "1 passage of the questions is no longer in its document, and not asked for;"
    )
    assert "Mark the passages anew" in lost_text(2)


def test_the_page_counts_where_the_same_file_reads_otherwise(filled: Workspace) -> None:
    source = bytes_source("two.pdf", pdf_with_text(["One thing.", "Another."]), filled.settings.ingest)
    list(Pipeline("default", filled).run(source))
    record = filled.catalog.resolve("default", "two.pdf")
    garbled = Judgement("two.pdf", record.document_id, 2, 11, 20, quote="An0ther t#xt")
    [task] = made_ready(filled, "default", [JudgedQuestion("q", "judged", (garbled,))]).tasks
    assert task is not None
    assert [(unit.page, unit.span) for unit in task.units] == [(2, None)]
    pageless = replace(garbled, page=None)
    assert made_ready(filled, "default", [JudgedQuestion("q", "judged", (pageless,))]).lost == 1


def test_offsets_without_words_are_not_those_of_another_version(filled: Workspace) -> None:
    wordless = replace(judged(filled, FLANGE), quote="")
    asked = [JudgedQuestion("q", "judged", (wordless,))]
    assert made_ready(filled, "default", asked).lost == 0
    replaced(filled, "manual.md", f"A preface. {TEXT}".encode())
    assert made_ready(filled, "default", asked).lost == 1


def test_a_document_that_was_removed_leaves_its_question_as_one_not_found(filled: Workspace) -> None:
    gone = replace(judged(filled, FLANGE), document="gone.md", document_id="0" * 64)
    ready = made_ready(filled, "default", [JudgedQuestion("q", "judged", (gone,))])
    assert ([len(task.units) for task in ready.tasks if task], ready.lost) == ([1], 0)


def test_a_mark_does_not_show_at_another_passage_of_a_document_read_otherwise(filled: Workspace) -> None:
    own = judged(filled, FLANGE)
    sets = question_sets(filled)
    sets.judge("default", OWN_SET, "q", own)
    assert own.start is not None
    same = Citation(1, "manual.md", own.document_id, "a", None, own.start, own.start + 27, FLANGE)
    inside = replace(same, start=own.start + 4, quote=FLANGE[4:])
    around = replace(same, start=own.start - 6, quote=f"cork. {FLANGE}")
    other = replace(same, quote="These words stand there now")
    assert grades_of(sets, "default", "q", [same, inside, around, other]) == ["relevant"] * 3 + [""]
