"""Question sets: judgements that survive re-chunking and new versions; import; questions made."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from corpus import fill

from ingest.pipeline import Pipeline
from ingest.revision import read_again
from ingest.sources import bytes_source
from rag.errors import QuestionsError
from rag.evaluate import evaluate, parse_variant
from rag.evaluation_runs import question_sets
from rag.judged_tasks import judged_tasks, text_reader
from rag.llms import ScriptedChatModel
from rag.question_columns import columns_of
from rag.question_files import read_question_files
from rag.question_import import judged_from
from rag.question_making import make_questions
from rag.question_sets import NOT, PARTLY, RELEVANT, JudgedQuestion, Judgement
from rag.question_writing import from_model, written_question
from rag.settings import with_overrides
from rag.workspace import Workspace, open_workspace

LONG = "# Manual\n\n" + "\n\n".join(
    f"## Part {number}\n\nThe {word} stands in part {number}. " + "Other words follow here and there. " * 12
    for number, word in enumerate(["flange", "gasket", "rotor", "piston", "camshaft", "bearing"], start=1)
)


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace, {"manual.md": LONG, "note.txt": "The kettle is a vessel that boils water for tea."})
    return workspace


def judged(workspace: Workspace, phrase: str, grade: float = RELEVANT) -> Judgement:
    record = workspace.catalog.resolve("default", "manual.md")
    start = LONG.index(phrase)
    return Judgement("manual.md", record.document_id, None, start, start + len(phrase), (), grade, phrase)


def hits(workspace: Workspace, set_id: str) -> list[float]:
    tasks = judged_tasks(workspace, "default", question_sets(workspace).questions(set_id))
    words = parse_variant("words:mode=text,reranker=none", workspace.settings)
    (result,) = evaluate(tasks, [words], workspace.table("default"))
    return [row["hit@1"] for row in result.rows]


def test_a_judgement_is_kept_replaced_and_counted(filled: Workspace) -> None:
    sets = question_sets(filled)
    mine = sets.judge("default", "mine", "camshaft", judged(filled, "The camshaft stands in part 5."))
    sets.judge("default", "mine", "rotor", judged(filled, "The flange stands in part 1."))
    assert hits(filled, mine.id) == [1.0, 0.0]
    sets.judge("default", "mine", "rotor", judged(filled, "The flange stands in part 1.", NOT))
    sets.judge("default", "mine", "rotor", judged(filled, "The rotor stands in part 3.", PARTLY))
    assert hits(filled, mine.id) == [1.0, 1.0]
    assert [own.grade for own in sets.judgements("default", "mine", "rotor")] == [NOT, PARTLY]
    assert [(own.name, own.questions) for own in sets.sets("default")] == [("mine", 2)]
    sets.delete(mine.id)
    assert sets.sets("default") == []
    assert sets.questions(mine.id) == []


def test_a_set_is_replaced_whole_or_not_at_all(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = question_sets(filled)
    old = JudgedQuestion("rotor", "judged", (judged(filled, "The rotor stands in part 3."),))
    new = JudgedQuestion("flange", "judged", (judged(filled, "The flange stands in part 1."),))
    kept = sets.add("default", "mine", [old])

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("rag.question_sets._merge", stopped)
        with pytest.raises(KeyboardInterrupt):
            sets.add("default", "mine", [new], instead=True)
    assert [own.text for own in sets.questions(kept.id)] == ["rotor"]
    assert sets.add("default", "mine", [new], instead=True).id == kept.id
    assert [own.text for own in sets.questions(kept.id)] == ["flange"]


def test_judgements_survive_cutting_anew(filled: Workspace) -> None:
    sets = question_sets(filled)
    mine = sets.judge("default", "mine", "camshaft", judged(filled, "The camshaft stands in part 5."))
    before = filled.table("default").count()
    smaller = open_workspace(with_overrides(filled.settings, {"chunking.max_tokens": 48}))
    assert read_again(smaller, "default")
    assert smaller.table("default").count() > before
    assert hits(smaller, mine.id) == [1.0]


def test_judgements_follow_a_new_version_of_their_document(filled: Workspace) -> None:
    mine = question_sets(filled).judge(
        "default", "mine", "camshaft", judged(filled, "The camshaft stands in part 5.")
    )
    newer = LONG.replace("# Manual\n", "# Manual\n\nA new preface.\n").encode()
    results = list(Pipeline("default", filled).run(bytes_source("manual.md", newer, filled.settings.ingest)))
    assert [result.status for result in results] == ["updated"]
    assert hits(filled, mine.id) == [1.0]


def test_a_renamed_collection_keeps_its_sets(filled: Workspace) -> None:
    sets = question_sets(filled)
    sets.judge("default", "mine", "camshaft", judged(filled, "The camshaft stands in part 5."))
    filled.tables.rename("default", "workshop")
    assert [own.name for own in sets.sets("workshop")] == ["mine"]


@pytest.mark.parametrize(
    "files",
    [
        {
            "q.jsonl": json.dumps(
                {"question": "rotor", "document": "manual.md", "gold_text": "The rotor stands"}
            )
        },
        {"q.csv": "Question;File;Passage\nrotor;manual.md;The rotor stands\n"},
        {
            "queries.jsonl": json.dumps({"_id": "1", "text": "rotor"}),
            "test.tsv": "query-id\tcorpus-id\tscore\n1\tmanual.md\t1\n1\tnote.txt\t0\n",
        },
    ],
)
def test_questions_come_as_jsonl_csv_and_beir(filled: Workspace, files: dict[str, str]) -> None:
    read = read_question_files({name: text.encode() for name, text in files.items()})
    imported = judged_from(
        read, collection="default", catalog=filled.catalog, document_text=text_reader(filled.blobs)
    )
    assert (imported.taken, imported.notes) == ("1 question imported.", [])
    kept = question_sets(filled).add("default", "imported", imported.questions)
    assert [own.origin for own in question_sets(filled).questions(kept.id)] == ["imported"]
    assert hits(filled, kept.id) == [1.0]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"q.csv": "colour\nred\n"}, "no column named question or document"),
        ({"q.csv": "colour\nred\n"}, "It names 'colour'"),
        ({"q.csv": "question,document,page\nx,manual.md,two\n"}, "line 2: page 'two'"),
        ({"q.csv": "sep=;\nquestion;document;page\nx;manual.md;two\n"}, "line 3: page 'two'"),
        ({"q.csv": "question,document,grade\nx,manual.md,good\n"}, "line 2: grade 'good'"),
        ({"q.csv": "question,document\nWhat, then?,manual.md\n"}, "line 2: there are more cells"),
        ({"q.csv": "question,document\n,\n,manual.md\n"}, "holds no questions"),
        ({"q.jsonl": "nonsense"}, "q.jsonl, line 1"),
        ({"q.docx": "x"}, "q.docx: questions come as"),
        ({"test.tsv": "1\tmanual.md\t1"}, "its queries are missing"),
        ({"queries.jsonl": '{"_id": 1, "text": "x"}', "test.tsv": "1\tmanual.md"}, "test.tsv, line 1"),
        ({"queries.jsonl": '{"_id": 1, "text": "x"}', "test.tsv": "1\tmanual.md\tinf"}, "test.tsv, line 1"),
        (
            {
                "a.jsonl": '{"_id": 1, "text": "x"}',
                "b.jsonl": '{"_id": 1, "text": "y"}',
                "test.tsv": "1\ta\t1",
            },
            "'1' is there twice",
        ),
        ({"test.tsv": "1\ta\t1", "own.csv": "question,document\nx,a"}, "own.csv does not go with"),
        ({"q.csv": f"question,document,page\nx,a,{'9' * 5000}"}, "is no number"),
        ({"q.csv": f'question,document\n"{"x" * 140_000}",a'}, "field larger"),
        ({"q.jsonl": '{"question": "x", "document": "a", "page": Infinity}'}, "q.jsonl, line 1"),
        ({"q.jsonl": "[" * 100_000}, "q.jsonl, line 1"),
        ({"q.jsonl": '{"question": " ", "document": "a"}'}, "q.jsonl, line 1"),
        ({"q.jsonl": "null"}, "no JSON object"),
        ({"queries.jsonl": '{"_id": "1", "text": "x"}'}, r"Choose the .tsv together with them"),
        ({"q.csv": "question,document\n\0,a"}, "is not UTF-8 text"),
        ({"q.jsonl": '{"question": "x", "document": "a", "passage": 5}'}, "passage must be text"),
        ({"q.jsonl": '{"question": "x", "answerable": "false"}'}, "q.jsonl, line 1"),
    ],
)
def test_a_file_that_holds_no_questions_says_where(files: dict[str, str], said: str) -> None:
    with pytest.raises(QuestionsError, match=said):
        read_question_files({name: text.encode() for name, text in files.items()})


def test_tables_and_lines_as_programs_write_them() -> None:
    quoted = '"question";"document, or file";"document"\r\n"What, then?";"";"a.md"\r\n'
    assert [own.documents for own in read_question_files({"q.csv": quoted.encode()})] == [("a.md",)]
    old = "question,document\rWhich?,a.md\r"
    assert [own.text for own in read_question_files({"q.csv": old.encode()})] == ["Which?"]
    parted = '{"question": "One\u2028line", "documents": "a.md"}\r\n'
    [own] = read_question_files({"q.jsonl": parted.encode()})
    assert (own.text, own.documents) == ("One\u2028line", ("a.md",))


@pytest.mark.parametrize(
    ("titles", "known"),
    [
        (["QUESTION", " Document ", "Page"], ["question", "document", "page"]),
        (["Question text", "document, or file", "page no."], ["question", "document", "page"]),
        (["query_text", "File-Name", "Pages"], ["question", "document", "page"]),
        (["Question", "Source document", "Gold_Text"], ["question", "document", "passage"]),
        (["Question", "Name of the file", "Expected answer"], ["question", "document", "answer"]),
        (["text", "doc", "Relevance"], ["question", "document", "grade"]),
        (["Question number", "question", "Document"], ["", "question", "document"]),
        (["Question", "Document", "Page text"], ["question", "document", ""]),
        (["Question", "document, or file", "document"], ["question", "", "document"]),
        (["Question id", "Name", "The"], ["", "", ""]),
    ],
)
def test_columns_are_known_by_many_names(titles: list[str], known: list[str]) -> None:
    columns = columns_of(titles)
    assert [next((own for own, name in columns.items() if name == title), "") for title in titles] == known


def test_cells_as_programs_write_them() -> None:
    table = "Query\tFile\tPage\tGrade\nWhich?\ta.pdf\t9.0\t2\nWhich?\tb.pdf\t3, 4\t0,5\n\t\t\t\n"
    for name, data in (("q.tsv", table.encode()), ("q.csv", table.encode("utf-16"))):
        first, second = read_question_files({name: data})
        assert (first.pages, first.grades, second.pages, second.grades) == ((9,), (1.0,), (3, 4), (0.25,))
    trailing = "question,document\nWhich?,a.md,,\n"
    assert [own.documents for own in read_question_files({"q.csv": trailing.encode()})] == [("a.md",)]


def test_one_thing_in_a_line_of_json_is_one_thing() -> None:
    line = '{"question": "x", "document": "a", "pages": "12", "answers": "May", "passage": "In May."}'
    [own] = read_question_files({"q.jsonl": line.encode()})
    assert (own.pages, own.answers, own.gold_text) == ((12,), ("May",), "In May.")


def test_no_questions_are_not_asked_for(filled: Workspace) -> None:
    for by_model in (False, True):
        with pytest.raises(QuestionsError, match="Ask for 1 or more"):
            make_questions(filled, "default", 0, by_model=by_model)


def test_a_page_and_a_short_answer_in_a_table_are_what_they_say(filled: Workspace) -> None:
    table = "question,document,page,passage,answer\nWhich part?,a.pdf,9,not to the letter,5\n"
    [own] = read_question_files({"q.csv": table.encode()})
    assert (own.pages, own.gold_text, own.answers) == ((9,), "not to the letter", ("5",))


def test_judgements_follow_their_words_when_a_document_is_read_otherwise(filled: Workspace) -> None:
    own = judged(filled, "The piston stands in part 4.")
    assert own.start is not None
    later = replace(own, start=own.start + 40, end=(own.end or 0) + 40)
    sets = question_sets(filled)
    kept = sets.judge("default", "mine", "piston", later)
    [task] = judged_tasks(filled, "default", sets.questions(kept.id))
    assert task.units[0].span == (own.start, own.end)


def test_a_passage_that_stands_twice_follows_to_both_places(filled: Workspace) -> None:
    said = "The rotor stands in part 3."
    fill(filled, {"twice.md": f"{said} Between them is this. {said} And more."})
    line = {"question": "rotor", "document": "twice.md", "gold_text": said}
    [own] = judged_from(
        read_question_files({"q.jsonl": json.dumps(line).encode()}),
        collection="default",
        catalog=filled.catalog,
        document_text=text_reader(filled.blobs),
    ).questions
    sets = question_sets(filled)
    kept = sets.add("default", "mine", [own])

    def places() -> list[tuple[int, int] | None]:
        [task] = judged_tasks(filled, "default", sets.questions(kept.id))
        [unit] = task.units
        return [unit.span, *unit.elsewhere]

    assert places() == [(0, 27), (50, 77)]
    newer = f"New. {said} {said}".encode()
    list(Pipeline("default", filled).run(bytes_source("twice.md", newer, filled.settings.ingest)))
    assert places() == [(5, 32), (33, 60)]


def test_questions_without_a_document_are_refused(filled: Workspace) -> None:
    read = read_question_files({"q.jsonl": b'{"question": "rotor"}'})
    with pytest.raises(QuestionsError, match="names a document"):
        judged_from(
            read, collection="default", catalog=filled.catalog, document_text=text_reader(filled.blobs)
        )


def test_questions_are_made_from_headings_and_definitions(filled: Workspace) -> None:
    made = make_questions(filled, "default", 20)
    assert {own.origin for own in made} == {"headings"}
    asked = {own.text: own for own in made}
    assert "What is the kettle?" in asked
    (gold,) = asked["What is the kettle?"].judgements
    assert gold.quote == "The kettle is a vessel that boils water for tea."
    assert len(make_questions(filled, "default", 1)) == 1


def test_the_model_writes_questions_and_other_replies_are_left_out(filled: Workspace) -> None:
    model = ScriptedChatModel(["Where is the rotor?", "Sure! Here is one:\nWhat now?"])
    chunks = filled.table("default").chunks(filled.catalog.resolve("default", "manual.md").document_id)
    made = from_model(chunks, model, 2)
    assert [(own.text, own.origin) for own in made] == [("Where is the rotor?", "model")]
    assert made[0].judgements[0].start == chunks[0].start
    assert chunks[0].text in model.asked[0][0].content
    with pytest.raises(QuestionsError, match="no usable question"):
        from_model(chunks, ScriptedChatModel(["No."]), 1)


def test_what_counts_as_one_question() -> None:
    assert written_question(' "Which valve opens?" \n') == "Which valve opens?"
    for reply in ("", "A statement.", "One?\nTwo?", "x" * 400 + "?"):
        assert written_question(reply) == ""


def test_an_unknown_set_names_those_there_are(filled: Workspace) -> None:
    sets = question_sets(filled)
    with pytest.raises(QuestionsError, match="none yet"):
        sets.named("default", "mine")
    with pytest.raises(QuestionsError, match="needs a name"):
        sets.add("default", "  ", [JudgedQuestion("x", "judged", ())])
