"""The compare page: what it asks, shows, keeps and saves, driven without a browser.

What its component shows is read from the data given to it; clicks in it are sent as it sends them.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pyarrow
import pytest
from compare_page import QUESTION, compare, labelled, opened, plain, report, shown, texts
from corpus import TEXTS, fill

from rag.evaluate import parse_variant
from rag.settings import Settings, load_settings, save_settings
from rag.workspace import Workspace, open_workspace

pytestmark = pytest.mark.usefixtures("light_embedder")

HOSTILE_NAME = "<b>[x](javascript:1)</b>.md"


def stored() -> dict[str, Any]:
    file = load_settings().data_dir / "settings.json"
    return json.loads(file.read_text()) if file.exists() else {}


def test_an_empty_collection_invites() -> None:
    page = opened()
    assert not page.exception
    assert "no documents yet" in texts(page.markdown)
    assert not page.get("bidi_component")
    labels = [button.label for button in page.button]
    assert "Try the samples" in labels
    page.button(key="compare-library").click().run()
    assert page.title[0].value == "Library"


def test_the_first_press_compares_three_settings(filled: Workspace) -> None:
    page = compare(opened())
    data = shown(page)
    assert [run["name"] for run in data["runs"]] == [
        "Words only",
        "Meaning + words",
        "Meaning + words, reranked",
    ]
    assert [run["inUse"] for run in data["runs"]] == [False, False, True]
    assert QUESTION in texts(page.markdown)
    best = data["passages"][data["runs"][0]["hits"][0]["passage"]]
    assert best["name"] == "boiler.md"
    excerpt = "".join(text for text, _ in best["excerpt"])
    assert "relief valve of boiler 7 opens at 8.8 bar" in excerpt
    assert any(marked for _, marked in best["excerpt"])
    for run in data["runs"][1:]:
        assert all(hit["move"] for hit in run["hits"])
    assert all(hit["move"] == "" for hit in data["runs"][0]["hits"])


def test_one_passage_has_one_letter_and_colour(filled: Workspace) -> None:
    data = shown(compare(opened()))
    lists = [[hit["passage"] for hit in run["hits"]] for run in data["runs"]]
    letters = [passage["letter"] for passage in data["passages"]]
    assert letters == sorted(set(letters))
    for index, passage in enumerate(data["passages"]):
        shared = sum(index in own for own in lists) > 1
        assert bool(passage["colour"]) == shared
    colours = [passage["colour"] for passage in data["passages"] if passage["colour"]]
    assert len(colours) == len(set(colours))


def test_the_times_of_each_stage_are_in_plain_words(filled: Workspace) -> None:
    page = compare(opened())
    table = page.table[0].value
    first, *others = table.columns
    assert [name.replace("\\", "") for name in others] == [
        "1. Words only",
        "2. Meaning + words",
        "3. Meaning + words, reranked",
    ]
    stages = dict(zip(table[first], table[others[0]], strict=True))
    assert stages["Search by meaning"] == "–"
    assert stages["In all"].endswith("s")
    assert stages["Length"].endswith("tokens")
    agreement = [run["agreement"] for run in shown(page)["runs"]]
    assert "measured against" in agreement[0]
    assert agreement[1].endswith("% alike")


def test_the_length_has_a_price_where_the_model_has_one(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKANCE_ANSWER_MODEL", "openai")
    monkeypatch.setenv("ASKANCE_ANSWER_CURRENCY", "EUR")
    monkeypatch.setenv("ASKANCE_OPENAI_INPUT_PRICE", "20000")
    page = compare(opened())
    table = page.table[0].value
    first, name, *_ = table.columns
    length = dict(zip(table[first], table[name], strict=True))["Length"]
    [(tokens, price)] = re.findall(r"^([\d,]+) tokens, ([\d.]+) EUR$", plain(length))
    assert float(price) == pytest.approx(int(tokens) * 0.02, abs=0.005)


def test_settings_are_added_by_name(filled: Workspace) -> None:
    page = opened()
    page.button(key="variant-preset-vector-none").click().run()
    assert not page.exception
    assert not [button for button in page.button if str(button.key).startswith("variant-preset-")]
    assert shown(compare(page))["runs"][3]["name"] == "Meaning only"


def test_plain_is_compared_used_and_left_again(filled: Workspace) -> None:
    page = opened()
    page.button(key="variant-preset-plain-none").click().run()
    data = shown(compare(page))
    assert data["runs"][3]["name"] == "Plain"
    page = report(page, "used", 3)
    assert "Plain" in texts(page.success)
    assert load_settings().retrieval == parse_variant("p:preset=plain", Settings()).settings.retrieval
    assert [run["inUse"] for run in shown(page)["runs"]] == [False, False, False, True]
    page = report(page, "used", 2)
    assert load_settings().retrieval == Settings().retrieval, "what plain alone sets is set back"


def test_a_card_becomes_plain_in_place(filled: Workspace) -> None:
    page = opened()
    page.selectbox(key="variant-1-mode").select("Plain").run()
    assert not [own for own in page.selectbox if own.key == "variant-1-reranker"]
    assert shown(compare(page))["runs"][1]["name"] == "Plain"
    page.selectbox(key="variant-1-mode").select("hybrid").run()
    assert shown(compare(page))["runs"][1]["name"] == "Meaning + words"


def test_matches_in_titles_and_headings_count_as_much_as_is_chosen(workspace: Workspace) -> None:
    words = "The caretaker oils the circulator and closes the hatch of the boiler."
    fill(workspace, {"a.md": f"# Work\n\n{words}", "b.md": "# Circulator\n\nIt is green.\n"})
    page = opened()
    page.selectbox(key="variant-1-mode").select("text").run()
    page.number_input(key="variant-1-retrieval.title_boost").set_value(10.0).run()
    page.number_input(key="variant-1-retrieval.heading_boost").set_value(2.5).run()
    data = shown(compare(page, "caretaker closes circulator hatch"))
    first = [data["passages"][run["hits"][0]["passage"]]["name"] for run in data["runs"]]
    assert first[:2] == ["a.md", "b.md"]
    assert data["runs"][0]["name"].endswith("titles count 0 · headings count 0")
    assert data["runs"][1]["name"].endswith("titles count 10 · headings count 2.5")
    page = report(page, "used", 1)
    assert (load_settings().retrieval.title_boost, load_settings().retrieval.heading_boost) == (10, 2.5)
    page.selectbox(key="variant-1-mode").select("vector").run()
    assert not [own for own in page.number_input if own.key == "variant-1-retrieval.title_boost"]


def test_using_a_setting_saves_it_and_says_so(filled: Workspace) -> None:
    page = report(compare(opened()), "used", 0)
    assert "Words only" in texts(page.success)
    chosen = load_settings().retrieval
    assert (chosen.mode, chosen.reranker) == ("text", "none")
    assert [run["inUse"] for run in shown(page)["runs"]] == [True, False, False]
    assert not page.run().success, "it is said once"
    assert load_settings().retrieval == chosen


def test_what_the_environment_holds_is_not_said_to_be_in_use(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKANCE_RETRIEVAL_MODE", "hybrid")
    page = report(compare(opened()), "used", 0)
    assert "retrieval.mode" in texts(page.warning)
    assert not page.success


def test_a_click_opens_the_passage_beside(filled: Workspace) -> None:
    page = compare(opened())
    first, second, *_ = shown(page)["runs"][1]["hits"]
    page = report(page, "opened", {"run": 1, "passage": first["passage"]})
    assert "boiler.md" in texts(page.markdown)
    assert shown(page)["opened"] == first["passage"]
    page.button(key="icon-compare-next").click().run()
    assert shown(page)["opened"] == second["passage"]
    page.button(key="icon-compare-close").click().run()
    assert shown(page)["opened"] is None


@pytest.mark.parametrize(
    "value", [{"run": 9, "passage": 0}, {"run": 0, "passage": 999}, {"run": "0", "passage": "0"}, "x", None]
)
def test_reports_that_name_nothing_open_nothing(filled: Workspace, value: Any) -> None:
    page = report(compare(opened()), "opened", value)
    assert shown(page)["opened"] is None


def test_a_missing_model_is_said_plainly(filled: Workspace) -> None:
    save_settings(load_settings().data_dir, {"reranking.cross_encoder": "nobody/no-such-model"})
    page = opened()
    page.selectbox(key="variant-2-reranker").select("cross-encoder").run()
    compare(page)
    assert "nobody/no-such-model is not on this machine" in texts(page.warning)
    assert shown(page)["runs"][2]["note"] == "Ranked by late interaction instead"
    assert shown(page)["runs"][2]["hits"]


def test_settings_come_go_and_change(filled: Workspace) -> None:
    page = opened()
    page.button(key="variant-add").click().run()
    page.selectbox(key="variant-0-mode").select("vector").run()
    page.number_input(key="variant-1-k").set_value(1).run()
    data = shown(compare(page))
    assert len(data["runs"]) == 4
    assert [run["name"] for run in data["runs"]] == [
        "Meaning only",
        "Meaning + words",
        "Meaning + words, reranked",
        "Meaning only",
    ]
    assert len(data["runs"][1]["hits"]) == 1
    assert not [button for button in page.button if button.key == "variant-add"]
    for number in (0, 1):
        page.button(key=f"icon-variant-{number}-remove").click().run()
    assert "have changed" in texts(page.info)
    assert not [button for button in page.button if str(button.key).endswith("-remove")]
    assert len(shown(compare(page))["runs"]) == 2
    assert not page.info


def test_the_comparison_survives_a_change_of_page(filled: Workspace) -> None:
    page = opened()
    page.selectbox(key="variant-0-mode").select("vector").run()
    before = shown(compare(page))
    page.switch_page("library.py").run()
    page.switch_page("compare.py").run()
    assert shown(page) == before
    assert labelled(page.text_input, "Question").value == QUESTION
    assert page.selectbox(key="variant-0-mode").value == "vector"


def test_a_suggested_question_is_compared_at_once(filled: Workspace) -> None:
    page = opened()
    page.button(key="compare-offer-0").click().run()
    assert not page.exception
    asked = labelled(page.text_input, "Question").value
    assert asked == "At what pressure does the relief valve of boiler 7 open?"
    assert asked in texts(page.markdown)
    assert shown(page)["runs"]


def test_earlier_questions_of_the_collection_are_offered(filled: Workspace) -> None:
    history = filled.history
    history.add_turn(history.start("default").id, "Who tested the valve?")
    history.add_turn(history.start("elsewhere").id, "Not of this collection?")
    labels = [button.label.replace("\\", "") for button in opened().button]
    assert "Who tested the valve?" in labels
    assert "Not of this collection?" not in labels


def test_an_empty_question_asks_for_one(filled: Workspace) -> None:
    page = compare(opened(), "   ")
    assert "Type a question" in texts(page.info)
    assert not page.get("bidi_component")


def test_text_of_documents_stays_text() -> None:
    workspace = open_workspace(load_settings())
    fill(workspace, {HOSTILE_NAME: TEXTS["hostile.md"]})
    page = compare(opened(), "click <script>alert(1)</script> **x**")
    passage = shown(page)["passages"][0]
    assert passage["document"] == HOSTILE_NAME
    for element in [*page.markdown, *page.caption]:
        assert "<script>" not in element.value


def test_a_collection_that_is_gone_is_said_plainly(filled: Workspace) -> None:
    page = opened()
    filled.store.drop("default")
    compare(page)
    assert texts(page.error)
    assert not page.get("bidi_component")


def test_a_comparison_of_another_collection_is_not_shown(filled: Workspace) -> None:
    fill(filled, {"other.txt": "Other words entirely."}, collection="other")
    page = compare(opened())
    (chooser,) = [own for own in page.selectbox if own.label == "Collection"]
    chooser.select("other").run()
    page.run()
    assert not page.get("bidi_component")


def test_the_chart_of_ranks_has_the_places_letters_and_colours_of_the_cards(filled: Workspace) -> None:
    page = compare(opened())
    (chart,) = page.get("vega_lite_chart") or page.get("arrow_vega_lite_chart")
    (dataset,) = chart.proto.datasets
    points = pyarrow.ipc.open_stream(dataset.data.data).read_all().to_pylist()
    data = shown(page)
    wanted = {
        (f"{place}. {run['name']}", data["passages"][hit["passage"]]["letter"], hit["rank"])
        for place, run in enumerate(data["runs"], start=1)
        for hit in run["hits"]
    }
    assert {(point["setting"], point["passage"], point["rank"]) for point in points} == wanted
    colours = {passage["letter"]: passage["colour"] for passage in data["passages"] if passage["colour"]}
    assert all(
        point["colour"] == colours[point["passage"]] for point in points if point["passage"] in colours
    )
