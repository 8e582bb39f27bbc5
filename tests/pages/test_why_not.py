"""Why wasn't it found, on the compare page: asked, shown stage by stage, tried."""

from __future__ import annotations

import pytest
from compare_page import compare, labelled, opened, report, shown, texts
from corpus import fill
from streamlit.testing.v1 import AppTest

from rag.workspace import Workspace

pytestmark = pytest.mark.usefixtures("filled")


def follow(page: AppTest, document: str, phrase: str, place: int = 0) -> AppTest:
    page.selectbox(key="why-not-document").select(document)
    page.text_input(key="why-not-phrase").set_value(phrase)
    page.selectbox(key="why-not-variant").select(place)
    page.button(key="FormSubmitter:why-not-form-Find out").click().run()
    assert not page.exception
    return page


def stages(page: AppTest) -> dict[str, str]:
    table = page.table[-1].value
    return {
        stage.split(" ", 1)[1].strip(): said.replace("\\", "")
        for stage, said in zip(table["Stage"], table["What happened"], strict=True)
    }


def test_a_passage_without_common_words_is_lost_by_the_search_by_words_and_a_try_finds_it() -> None:
    page = compare(opened(), "relief valve")
    page = follow(page, "staff/leave.txt", "Parental leave lasts 26 weeks.")
    assert "Lost: search by words" in texts(page.markdown)
    assert "shares no word" in stages(page)["Search by words"]
    before = len(shown(page)["runs"])
    page.button(key="why-not-try-0").click().run()
    assert not page.exception
    runs = shown(page)["runs"]
    assert len(runs) == before + 1
    names = [shown(page)["passages"][hit["passage"]]["name"] for hit in runs[-1]["hits"]]
    assert "leave.txt" in names


def test_words_that_are_not_there_are_said_and_hostile_words_stay_text() -> None:
    page = follow(compare(opened()), "hostile.md", "click ![x](http://192.0.2.1/x.png) never")
    assert "Lost: reading the document" in texts(page.markdown)
    assert "Check the spelling" in stages(page)["Reading the document"]
    raw = "".join(page.table[-1].value["What happened"])
    assert "![x](http" not in raw


def test_what_was_found_says_its_place_and_the_opened_passage_can_be_followed() -> None:
    page = compare(opened())
    first = shown(page)["runs"][0]["hits"][0]["passage"]
    page = report(page, "opened", {"run": 0, "passage": first})
    page.button(key="why-not-opened").click().run()
    assert not page.exception
    assert "It was found, and comes 1st." in texts(page.markdown)


def test_a_passage_of_another_collection_is_followed_and_the_filter_that_leaves_it_out_is_named(
    filled: Workspace,
) -> None:
    fill(filled, {"winch.md": "The winch of the crane lifts 40 tons.\n"}, "cranes")
    page = opened()
    labelled(page.multiselect, "Ask these collections, too").set_value(["cranes"]).run()
    page = compare(page, "the winch of the crane lifts")
    page = follow(page, "winch.md (in cranes)", "lifts 40 tons")
    assert "It was found" in texts(page.markdown)
    labelled(page.multiselect, "Search only these documents").set_value(["boiler.md"]).run()
    page = compare(page, "the winch of the crane lifts, again")
    page = follow(page, "winch.md (in cranes)", "lifts 40 tons")
    assert "Lost: the filter" in texts(page.markdown)
    assert "by its document" in stages(page)["The filter"]
