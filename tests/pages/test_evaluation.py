"""Many questions on the compare page: a set made, settings measured, a verdict, the winner taken into use."""

from __future__ import annotations

import csv
import io
import json

import pyarrow
import pytest
from compare_page import labelled, opened, plain, shown, texts
from corpus import fill
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from ingest.documents import remove_collection
from pages.shared.evaluation.exports import whole
from rag.database import open_database
from rag.evaluation_runs import Evaluations, _set_state, get_evaluations, question_sets
from rag.question_sets import JudgedQuestion, Judgement
from rag.settings import load_settings
from rag.verdict import figures_of
from rag.workspace import Workspace

pytestmark = pytest.mark.usefixtures("light_embedder")


def many(page: AppTest) -> AppTest:
    page.segmented_control(key="compare-kind-0").set_value("Many questions").run()
    assert not page.exception
    return page


def measured(workspace: Workspace, page: AppTest) -> AppTest:
    """Press the button, and look again when it is done."""
    next(own for own in page.button if own.label.startswith("Measure over")).click().run()
    assert not page.exception
    evaluations = get_evaluations()
    (own,) = evaluations.listed(workspace, "default")
    assert evaluations.wait(own.id, 60)
    page.run()
    assert not page.exception
    return page


def look_at_first(page: AppTest) -> None:
    """Choose the first question of the table and compare what was found for it."""
    states = page._tree.get_widget_states()
    states.widgets.append(
        WidgetState(id=page.dataframe[-1].proto.id, string_value=json.dumps({"selection": {"rows": [0]}}))
    )
    page._run(states)
    page.button(key="evaluation-look").click().run()
    assert not page.exception


def test_from_nothing_to_a_verdict_and_a_winner_in_use(filled: Workspace) -> None:
    page = many(opened())
    assert "Find out which setting is best for your documents" in texts(page.markdown)
    labelled(page.button, "Make questions").click().run()
    assert not page.exception
    page = measured(filled, page)
    said = texts(page.subheader)
    assert "finds the right passage first in" in said or "find the right passage first in" in said
    assert "headings" in texts(page.caption), "how these questions were made is said"
    (use, *_) = [own for own in page.button if own.label.startswith("Use in chat")]
    use.click().run()
    assert not page.exception
    assert "is in use now" in texts(page.success)
    stored = json.loads((load_settings().data_dir / "settings.json").read_text())
    assert stored


def test_figures_and_exports_are_those_of_the_core(filled: Workspace) -> None:
    record = filled.catalog.resolve("default", "boiler.md")
    gold = Judgement("boiler.md", record.document_id)
    hostile = "=cmd <b>[x](javascript:1)</b> relief valve of boiler 7"
    question_sets(filled).add("default", "mine", [JudgedQuestion(hostile, "judged", (gold,))])
    page = measured(filled, many(opened()))
    downloads = {own.proto.label: own for own in page.get("download_button")}
    assert {"Download CSV", "Download JSON"} <= set(downloads)
    assert hostile in page.dataframe[-1].value["Question"].tolist()
    assert "1 of 1 question" in texts(page.subheader)
    (chart,) = page.get("vega_lite_chart") or page.get("arrow_vega_lite_chart")
    (dataset,) = chart.proto.datasets
    points = pyarrow.ipc.open_stream(dataset.data.data).read_all().to_pylist()
    found = get_evaluations().listed(filled, "default")[0]
    [line] = get_evaluations().get(filled, found.id).lines
    assert [(own["share"], own["time"]) for own in points] == [
        (own["hit@1"], pytest.approx(own["milliseconds"], abs=0.01)) for own in line
    ]


def test_a_question_of_the_list_is_compared_under_the_settings_measured(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKANCE_OPENAI_INPUT_PRICE", "20000")
    monkeypatch.setenv("ASKANCE_ANSWER_MODEL", "openai")
    record = filled.catalog.resolve("default", "boiler.md")
    gold = Judgement("boiler.md", record.document_id)
    question_sets(filled).add("default", "mine", [JudgedQuestion("relief valve", "judged", (gold,))])
    page = many(opened())
    page.selectbox(key="variant-0-mode").select("vector").run()
    page = measured(filled, page)
    assert all(plain(cell).endswith(" USD)") for cell in page.table[0].value["Tokens to a model"])
    assert "too few questions to choose by" in texts(page.markdown)
    look_at_first(page)
    assert labelled(page.text_input, "Question").value == "relief valve"
    runs = shown(page)["runs"]
    assert [run["name"] for run in runs] == ["Meaning only", "Meaning + words", "Meaning + words, reranked"]


def test_a_set_that_grows_stays_chosen_and_results_say_when_they_are_done(filled: Workspace) -> None:
    gold = Judgement("boiler.md", filled.catalog.resolve("default", "boiler.md").document_id)
    for name in ("older", "newer"):
        question_sets(filled).add("default", name, [JudgedQuestion("relief valve", "judged", (gold,))])
    page = many(opened())
    sets = labelled(page.selectbox, "Questions")
    assert sets.options == ["newer (1)", "older (1)"]
    sets.select_index(1).run()
    question_sets(filled).add("default", "older", [JudgedQuestion("pump", "judged", (gold,))])
    page.run()
    sets = labelled(page.selectbox, "Questions")
    assert (sets.options[sets.index], sets.value) == ("older (2)", 1)
    page = measured(filled, page)
    again = get_evaluations().listed(filled, "default")[0]
    engine = open_database(filled.settings.data_dir)
    labelled(page.button, "Measure over 2 questions").click().run()
    for own in get_evaluations().listed(filled, "default"):
        assert get_evaluations().wait(own.id, 60)
    _set_state(engine, again.id, "stopped")
    page.run()
    results = labelled(page.selectbox, "Results")
    assert [label.rpartition(" · ")[2] for label in results.options] == ["3 settings", "stopped"]
    assert results.options[results.index].endswith("3 settings"), "the latest is shown, and is done"


def test_a_stopped_one_goes_on_from_the_page(filled: Workspace) -> None:
    record = filled.catalog.resolve("default", "boiler.md")
    gold = Judgement("boiler.md", record.document_id)
    question_sets(filled).add(
        "default", "mine", [JudgedQuestion(text, "judged", (gold,)) for text in ("valve", "pump")]
    )
    page = measured(filled, many(opened()))
    (own,) = Evaluations().listed(filled, "default")
    _set_state(open_database(filled.settings.data_dir), own.id, "stopped")
    page.run()
    assert "Stopped" in texts(page.markdown)
    labelled(page.button, "Go on").click().run()
    assert not page.exception
    assert get_evaluations().wait(own.id, 30)
    assert get_evaluations().get(filled, own.id).state == "done"


def test_questions_without_a_right_passage_are_explained(filled: Workspace) -> None:
    question_sets(filled).add("default", "mine", [JudgedQuestion("why?", "judged", ())])
    page = many(opened())
    labelled(page.button, "Measure over 1 question").click().run()
    assert not page.exception
    assert "marked as relevant" in texts(page.error)


def test_a_set_is_imported_and_deleted(filled: Workspace) -> None:
    page = many(opened())
    stream = io.StringIO()
    csv.writer(stream).writerows([["question", "document"], ["valve", "boiler.md"]])
    page.file_uploader[0].set_value([("mine.csv", stream.getvalue().encode(), "text/csv")])
    labelled(page.button, "Import").click().run()
    assert not page.exception
    assert [own.name for own in question_sets(filled).sets("default")] == ["Imported"]
    labelled(page.button, "Delete this set").click().run()
    assert question_sets(filled).sets("default") == []


def test_passages_that_left_their_documents_are_told_of_with_the_figures(filled: Workspace) -> None:
    record = filled.catalog.resolve("default", "boiler.md")
    lost = Judgement("boiler.md", record.document_id, None, 0, 10, quote="no such words")
    there = Judgement("boiler.md", record.document_id)
    asked = [JudgedQuestion(own, "judged", (lost, there)) for own in ("relief valve", "pump")]
    question_sets(filled).add("default", "mine", asked)
    page = measured(filled, many(opened()))
    assert "2 passages of the questions are no longer in their documents" in texts(page.caption)


def test_an_import_tells_what_it_could_not_find_until_that_is_put_away(filled: Workspace) -> None:
    page = many(opened())
    table = "question,document,passage\nvalve,boiler.md,no such <b>words\nwhen?,gone.pdf,\nwhy?,,\n"
    page.file_uploader[0].set_value([("mine.csv", table.encode(), "text/csv")])
    labelled(page.button, "Import").click().run()
    assert not page.exception
    said = plain(texts(page.markdown))
    assert "2 questions imported." in said
    assert "1 question left out: no document named that answers." in said
    assert "1 document not in this collection, of 2 named: 'gone.pdf'." in said
    assert "1 passage not found in the text of the document: “no such <b>words” of 'boiler.md'." in said
    page.run()
    assert "1 passage not found" in plain(texts(page.markdown)), "it stays until it is read"
    labelled(page.button, "Close").click().run()
    assert not page.exception
    assert "imported" not in texts(page.markdown)
    assert [own.name for own in question_sets(filled).sets("default")] == ["Imported"]


def test_what_was_measured_under_a_filter_says_so_and_is_looked_at_under_it(filled: Workspace) -> None:
    fill(filled, {"memo.md": "Leave lasts, says a memo."}, "memos")
    questions = [
        JudgedQuestion(
            text, "judged", (Judgement(name, filled.catalog.resolve("default", name).document_id),)
        )
        for text, name in (("relief valve", "boiler.md"), ("How long is leave?", "staff/leave.txt"))
    ]
    question_sets(filled).add("default", "mine", questions)
    page = many(opened())
    labelled(page.multiselect, "Ask these collections, too").set_value(["memos"]).run()
    labelled(page.multiselect, "Search only these documents").set_value(["staff/leave.txt", "memo.md"]).run()
    page = measured(filled, page)
    said = "Asked of this collection and memos, leave.txt, memo.md only. 1 of 2 questions is left out"
    assert said in texts(page.caption)
    # Reopened elsewhere, it is still known, and what is chosen there is another matter.
    page = many(opened())
    assert said in texts(page.caption)
    assert labelled(page.multiselect, "Search only these documents").value == []
    own = get_evaluations().listed(filled, "default")[0]
    found = get_evaluations().get(filled, own.id)
    names = [name for name, _ in found.variants]
    rows = [[line[place] for line in found.lines] for place in range(len(names))]
    made = whole(found, rows, figures_of(names, rows))
    assert made["asked_of"]["documents"] == ["staff/leave.txt", "memo.md"]
    assert (made["asked_of"]["collections"], made["left_out"]) == (["memos"], 1)
    look_at_first(page)
    assert "Asked of this collection and memos, leave.txt, memo.md only" in texts(page.caption)
    assert {own["name"] for own in shown(page)["passages"]} == {"leave.txt", "memo.md"}


def test_sets_of_all_collections_asked_are_offered(filled: Workspace) -> None:
    fill(filled, {"memo.md": "Leave lasts, says a memo."}, "memos")
    gold = Judgement("memo.md", filled.catalog.resolve("memos", "memo.md").document_id)
    question_sets(filled).add("memos", "mine", [JudgedQuestion("What says a memo?", "judged", (gold,))])
    page = many(opened())
    assert "There are questions for “memos”. Ask it, too" in texts(page.caption)
    labelled(page.multiselect, "Ask these collections, too").set_value(["memos"]).run()
    assert labelled(page.selectbox, "Questions").options == ["memos: mine (1)"]
    page = measured(filled, page)
    assert "1 of 1 question" in texts(page.subheader)
    gold = Judgement("boiler.md", filled.catalog.resolve("default", "boiler.md").document_id)
    question_sets(filled).add("default", "mine", [JudgedQuestion("relief valve", "judged", (gold,))])
    page.run()
    assert labelled(page.selectbox, "Questions").options == ["mine (1)", "memos: mine (1)"]


def test_one_whose_collection_is_gone_stays_readable_and_is_not_gone_on_with(filled: Workspace) -> None:
    fill(filled, {"memo.md": "Leave lasts, says a memo."}, "memos")
    gold = Judgement("boiler.md", filled.catalog.resolve("default", "boiler.md").document_id)
    questions = [JudgedQuestion(text, "judged", (gold,)) for text in ("valve", "pump")]
    question_sets(filled).add("default", "mine", questions)
    page = many(opened())
    labelled(page.multiselect, "Ask these collections, too").set_value(["memos"]).run()
    page = measured(filled, page)
    (own,) = Evaluations().listed(filled, "default")
    _set_state(open_database(filled.settings.data_dir), own.id, "failed", "There is no collection 'memos'.")
    remove_collection(filled, "memos")
    page.run()
    assert not page.exception
    assert "“memos” was deleted since. These figures stay" in texts(page.info)
    assert not page.error
    assert "Go on" not in [button.label for button in page.button]
    assert "of 2 questions" in texts(page.subheader)
    look_at_first(page)
    assert {passage["name"] for passage in shown(page)["passages"]} >= {"boiler.md"}


def test_a_filter_that_leaves_no_question_is_explained(filled: Workspace) -> None:
    gold = Judgement("boiler.md", filled.catalog.resolve("default", "boiler.md").document_id)
    question_sets(filled).add("default", "mine", [JudgedQuestion("relief valve", "judged", (gold,))])
    page = many(opened())
    labelled(page.multiselect, "Search only these documents").set_value(["orchard.html"]).run()
    labelled(page.button, "Measure over 1 question").click().run()
    assert not page.exception
    assert "The filter leaves out the right passage of every question of" in texts(page.error)
