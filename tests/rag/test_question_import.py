"""What an import tells: what was taken, what was left out, and what could not be found."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from corpus import fill
from documents import pdf_with_text

from ingest.pipeline import Pipeline
from ingest.sources import bytes_source
from rag.document_names import DocumentNames
from rag.errors import DocumentNotFound, QuestionsError
from rag.evaluation_runs import question_sets
from rag.judged_tasks import judged_tasks, text_reader
from rag.question_export import as_lines
from rag.question_files import read_question_files
from rag.question_import import Imported, judged_from
from rag.workspace import Workspace

TEXTS = {
    "manual.md": "The rotor turns. " + "A bolt is a bolt. " * 8,
    "in/notes.txt": "Of the pump.",
    "out/notes.txt": "Of the fan.",
}


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace, TEXTS)
    return workspace


def imported(workspace: Workspace, files: Mapping[str, str]) -> Imported:
    return judged_from(
        read_question_files({name: text.encode() for name, text in files.items()}),
        collection="default",
        catalog=workspace.catalog,
        document_text=text_reader(workspace.blobs),
    )


def lines(*rows: dict[str, object]) -> dict[str, str]:
    return {"q.jsonl": "\n".join(map(json.dumps, rows))}


def test_all_that_is_taken_has_nothing_to_tell(filled: Workspace) -> None:
    made = imported(
        filled, lines({"question": "a", "document": "manual.md", "gold_text": "The rotor turns."})
    )
    assert (made.taken, made.notes) == ("1 question imported.", [])


def test_passages_that_are_not_found_are_counted_and_named(filled: Workspace) -> None:
    rows = [{"question": own, "document": "MANUAL.md", "gold_text": "no such words"} for own in ("a", "b")]
    [note] = imported(filled, lines(*rows)).notes
    assert note.startswith(
        "2 passages not found in the text of the document, the first: “no such words” of 'manual.md'."
    )
    assert "import the file again" in note


def test_a_passage_imported_anew_takes_the_place_of_the_whole_document(filled: Workspace) -> None:
    sets = question_sets(filled)
    row: dict[str, object] = {"question": "a", "document": "manual.md", "gold_text": "The  motor turns."}
    sets.add("default", "mine", imported(filled, lines(row)).questions)
    kept = sets.add(
        "default", "mine", imported(filled, lines(row | {"gold_text": "The rotor turns."})).questions
    )
    [task] = judged_tasks(filled, "default", sets.questions(kept.id))
    assert [unit.span for unit in task.units] == [(0, 16)]


def test_documents_that_are_missing_or_unclear_are_named(filled: Workspace) -> None:
    names = ("gone.pdf", "notes.txt", "manual.md", "gone.pdf")
    rows = [{"question": f"{number}?", "document": name} for number, name in enumerate(names)]
    made = imported(filled, lines(*rows))
    missing, unclear = made.notes
    assert missing.startswith("1 document not in this collection, of 3 named: 'gone.pdf'.")
    assert unclear.startswith("1 name of several documents: 'notes.txt'. Give more of the path")
    sets = question_sets(filled)
    kept = sets.add("default", "mine", made.questions)
    # Added later under that name, the document counts; imported anew, it is there once.
    fill(filled, {"gone.pdf": "Back again."})
    again = sets.add("default", "mine", imported(filled, lines(*rows)).questions)
    assert again.id == kept.id
    [own] = [own for own in sets.questions(kept.id) if own.text == "0?"]
    assert [judged.document for judged in own.judgements] == ["gone.pdf"]


def test_a_name_that_is_corrected_takes_the_place_of_the_one_before(filled: Workspace) -> None:
    sets = question_sets(filled)
    rows = [{"question": "a", "document": name} for name in ("manual.md", "wrong.md")]
    kept = sets.add("default", "mine", imported(filled, lines(*rows)).questions)
    [own] = sets.questions(kept.id)
    assert [judged.document for judged in own.judgements] == ["manual.md", "wrong.md"], (
        "it counts as not found"
    )
    rows[1]["document"] = "in/notes.txt"
    sets.add("default", "mine", imported(filled, lines(*rows)).questions)
    [own] = sets.questions(kept.id)
    assert [judged.document for judged in own.judgements] == ["manual.md", "in/notes.txt"]


def test_questions_left_out_are_counted_by_why(filled: Workspace) -> None:
    made = imported(
        filled,
        lines(
            {"question": "a", "document": "manual.md"},
            {"question": "a", "document": "in/notes.txt"},
            {"question": "b"},
            {"question": "c", "document": "manual.md", "answerable": False},
            {"question": "d", "document": "manual.md", "grade": 0},
        ),
    )
    assert made.taken == "1 question imported; 1 line said more of the same."
    assert made.notes == [
        "2 questions left out: no document named that answers.",
        "1 question left out: marked as having no answer.",
    ]
    wrong = lines({"question": "a", "documents": ["manual.md", "gone.md"], "grades": [1, 0]})
    assert imported(filled, wrong).notes == [], "what does not answer need not be there"
    beir = {
        "queries.jsonl": '{"_id": "1", "text": "rotor"}\n{"_id": "2", "text": "of another part"}',
        "test.tsv": "1\tmanual\t1\n3\tmanual.md\t1\n",
    }
    made = imported(filled, beir)
    assert [judged.document for own in made.questions for judged in own.judgements] == ["manual.md"]
    assert made.notes == [
        "1 question left out: no document named that answers.",
        "1 question left out: without words.",
    ]
    with pytest.raises(QuestionsError, match="1 question: no document named that answers"):
        imported(filled, lines({"question": "b"}))


def test_a_page_that_the_document_lacks_leaves_the_passage_to_count(filled: Workspace) -> None:
    source = bytes_source(
        "two.pdf", pdf_with_text(["The first page.", "The second page."]), filled.settings.ingest
    )
    list(Pipeline("default", filled).run(source))
    row: dict[str, object] = {"question": "a", "document": "two.pdf", "gold_text": "second page."}
    made = imported(filled, lines(row | {"page": 2}, row | {"page": 7, "question": "b"}))
    [first, second] = [own.judgements[0] for own in made.questions]
    assert (first.page, first.start) == (2, None)
    assert second.page is None
    assert second.quote == "second page."
    [note] = made.notes
    assert note.startswith("1 page not in the document: page 7 of 'two.pdf'. The passage counts instead")
    text = {"question": "a", "document": "manual.md", "page": 1}
    made = imported(filled, lines(text))
    assert (made.questions[0].judgements[0].page, made.notes) == (None, []), "all of it is on page 1"


def test_halves_of_characters_stop_nothing(filled: Workspace) -> None:
    made = imported(
        filled, {"q.jsonl": '{"question": "x\\ud800", "document": "a\\ud800.md", "passage": " "}'}
    )
    kept = question_sets(filled).add("default", "mine", made.questions)
    [task] = judged_tasks(filled, "default", question_sets(filled).questions(kept.id))
    assert (task.text, task.units[0].document_id) == ("x?", "missing:a?.md")


def test_a_set_that_is_written_and_read_again_is_the_same(filled: Workspace) -> None:
    source = bytes_source(
        "two.pdf", pdf_with_text(["The first page.", "The second page."]), filled.settings.ingest
    )
    list(Pipeline("default", filled).run(source))
    rows: list[dict[str, object]] = [
        {
            "question": "a",
            "document": "manual.md",
            "passage": "The rotor turns.",
            "grade": 2,
            "answer": "rotor",
        },
        {"question": "a", "document": "manual.md", "passage": "A bolt is a bolt.", "grade": 1},
        {"question": "a", "document": "in/notes.txt", "grade": 0},
        {"question": "b", "document": "two.pdf", "page": 2, "grade": 4},
        {"question": "c", "document": "gone.md", "grade": 1},
    ]
    sets = question_sets(filled)
    kept = sets.add("default", "mine", imported(filled, lines(*rows)).questions)
    written = as_lines(sets.questions(kept.id), text_reader(filled.blobs))
    assert [own["grade"] for own in written] == [0.5, 0.25, 0, 1, 0.25]
    again = sets.add("default", "again", imported(filled, lines(*written)).questions)
    assert sets.questions(again.id) == sets.questions(kept.id)


def test_a_passage_in_many_places_is_told_of(filled: Workspace) -> None:
    made = imported(filled, lines({"question": "a", "document": "manual.md", "gold_text": "bolt"}))
    assert [note.partition(":")[0] for note in made.notes] == [
        "1 passage in more than 5 places of a document"
    ]


def test_many_names_are_looked_up_by_the_rule_for_one(filled: Workspace) -> None:
    names = DocumentNames(TEXTS)
    for name in ("manual.md", "MANUAL.md", "in/notes.txt", "In/Notes.txt"):
        assert names.meant(name) == [filled.catalog.resolve("default", name).name]
    for name, said in (("notes.txt", "could be"), ("otes.txt", "no document"), ("", "no document")):
        with pytest.raises(DocumentNotFound, match=said):
            filled.catalog.resolve("default", name)
        assert (len(names.meant(name)) > 1) == (said == "could be")
    assert names.meant("Manual") == ["manual.md"], "ids of published sets have no suffix"
    assert names.meant("notes") == ["in/notes.txt", "out/notes.txt"]
