"""The filter by author, date and pages beside the box of chat and of compare: one control, two scopes."""

from __future__ import annotations

from datetime import date
from typing import Any

import compare_page
import pytest
from authored import PUMP, add_authored
from chat_page import ask, kept, labels, opened, texts
from corpus import fill
from streamlit.testing.v1 import AppTest

from rag.evaluation_runs import question_sets
from rag.passage_grades import OWN_SET
from rag.settings import load_settings
from rag.turns import scope_of
from rag.types import Scope
from rag.workspace import Workspace, open_workspace

pytestmark = pytest.mark.usefixtures("light_embedder", "always_answers")


@pytest.fixture
def library(light_embedder: None) -> Workspace:
    own = open_workspace(load_settings())
    add_authored(own)
    return own


def field(elements: Any, label: str) -> Any:
    """The one field with this label."""
    [found] = [own for own in elements if own.label == label]
    return found


def dated_and_paged(page: AppTest) -> AppTest:
    """The page with everything chosen that fits the survey's pages 2 and 3 alone."""
    field(page.multiselect, "Only by these authors").set_value(["Ines Marchetti", "O'Brien, Pat"]).run()
    field(page.date_input, "Dated from").set_value(date(2023, 1, 1)).run()
    field(page.date_input, "Dated until").set_value(date(2023, 12, 31)).run()
    field(page.number_input, "From page").set_value(2).run()
    field(page.number_input, "To page").set_value(3).run()
    assert not page.exception
    return page


WHOLE = Scope(
    authors=("Ines Marchetti", "O'Brien, Pat"),
    since=date(2023, 1, 1),
    until=date(2023, 12, 31),
    first_page=2,
    last_page=3,
)


def test_a_question_is_asked_of_authors_days_and_pages_and_remembers_them(library: Workspace) -> None:
    page = dated_and_paged(opened())
    said = "\n".join(labels(page)).replace("\u2060", "")
    for chip in ("Ines Marchetti", "O'Brien, Pat", "2023-01-01 to 2023-12-31", "pages 2 to 3"):
        assert f"{chip} :material/close:" in said
    ask(page, PUMP)
    [turn] = kept(library)
    assert scope_of(turn) == WHOLE
    assert {(own.document, own.page) for own in turn.citations} <= {("survey.pdf", 2), ("survey.pdf", 3)}
    assert turn.citations
    # A link to the conversation brings the filter back; a new one begins without.
    page = opened(conversation=turn.conversation_id)
    line = "by Ines Marchetti, by O'Brien, Pat, dated 2023-01-01 to 2023-12-31, pages 2 to 3 only"
    assert f"Asked of {line}" in texts(page.caption)
    assert field(page.date_input, "Dated until").value == date(2023, 12, 31)
    assert field(page.number_input, "From page").value == 2
    page.button(key="new-conversation").click().run()
    assert field(page.date_input, "Dated until").value is None
    assert field(page.number_input, "From page").value is None


def test_a_chip_takes_its_restriction_away(library: Workspace) -> None:
    page = dated_and_paged(opened())
    page.button(key="scope-out-chat-first_page-last_page-None").click().run()
    assert (field(page.number_input, "From page").value, field(page.number_input, "To page").value) == (
        None,
        None,
    )
    page.button(key="scope-out-chat-since-until-None").click().run()
    page.button(key="scope-out-chat-authors-Ines Marchetti").click().run()
    assert not page.exception
    assert field(page.multiselect, "Only by these authors").value == ["O'Brien, Pat"]
    assert field(page.date_input, "Dated from").value is None


def test_what_says_no_date_is_counted_and_nothing_fitting_is_said(library: Workspace) -> None:
    page = opened()
    field(page.date_input, "Dated from").set_value(date(2024, 1, 1)).run()
    assert "1 document without a date is left out." in texts(page.caption)
    field(page.number_input, "From page").set_value(2).run()
    assert "2 documents without pages are left out." in texts(page.caption)
    assert "No document fits all of this" in texts(page.warning)


def test_the_comparison_is_asked_of_the_same_and_says_so(library: Workspace) -> None:
    page = dated_and_paged(compare_page.opened())
    compare_page.compare(page, PUMP)
    data = compare_page.shown(page)
    assert {(own["name"], own["page"]) for own in data["passages"]} == {
        ("survey.pdf", "p. 2"),
        ("survey.pdf", "p. 3"),
    }
    assert "pages 2 to 3 only" in texts(page.caption)
    page.button(key="scope-out-compare-first_page-last_page-None").click().run()
    assert "Press Compare" in texts(page.info)
    # The chat has its own.
    page.switch_page("chat.py").run()
    assert field(page.multiselect, "Only by these authors").value == []


@pytest.fixture
def shelves(library: Workspace) -> Workspace:
    """The library with two further collections."""
    fill(library, {"winch.md": "The winch of the crane lifts 40 tons.\n"}, "cranes")
    fill(library, {"mast.md": "The mast of the ship is made of larch.\n"}, "ships")
    return library


def test_several_collections_are_asked_cited_and_remembered(shelves: Workspace) -> None:
    page = opened()
    field(page.multiselect, "Ask these collections, too").set_value(["cranes"]).run()
    assert "winch.md" in field(page.multiselect, "Search only these documents").options
    assert any(label.startswith("cranes") for label in labels(page))
    ask(page, "What does the winch of the crane lift?")
    [turn] = kept(shelves)
    assert scope_of(turn) == Scope(collections=("cranes",))
    place = next(index for index, own in enumerate(turn.citations) if own.collection == "cranes")
    page = opened(conversation=turn.conversation_id)
    assert "Asked of this collection and cranes only" in texts(page.caption)
    assert field(page.multiselect, "Ask these collections, too").value == ["cranes"]
    assert any("winch.md" in label and "in cranes" in label for label in labels(page))
    page.button(key=f"source-{turn.id}-{place}").click().run()
    assert not page.exception
    # It is opened where it is, and not said to be gone.
    assert "cranes" in texts(page.caption)
    assert not [own for own in page.warning if "Removed" in own.value]
    shelves.tables.rename("cranes", "lifting")
    page = opened(conversation=turn.conversation_id)
    assert field(page.multiselect, "Ask these collections, too").value == ["lifting"]
    assert any("in lifting" in label for label in labels(page))


def test_all_collections_are_chosen_at_once_and_a_chip_takes_one_away(shelves: Workspace) -> None:
    page = opened()
    page.button(key="scope-everywhere-chat").click().run()
    assert field(page.multiselect, "Ask these collections, too").value == ["cranes", "ships"]
    page.button(key="scope-out-chat-collections-cranes").click().run()
    assert field(page.multiselect, "Ask these collections, too").value == ["ships"]


def test_settings_are_compared_and_passages_marked_in_their_own_collections(shelves: Workspace) -> None:
    page = compare_page.opened()
    page.button(key="scope-everywhere-compare").click().run()
    compare_page.compare(page, "the winch of the crane lifts")
    data = compare_page.shown(page)
    names = [own["name"] for own in data["passages"]]
    assert data["passages"][names.index("winch.md")]["page"] == "in cranes"
    assert {"winch.md", "mast.md"} <= set(names)
    compare_page.report(page, "judged", {"passage": names.index("winch.md"), "grade": "relevant"})
    assert compare_page.shown(page)["passages"][names.index("winch.md")]["grade"] == "relevant"
    assert f"“{OWN_SET}” now has 1 question of “cranes”" in compare_page.texts(page.caption)
    sets = question_sets(shelves)
    assert [own.name for own in sets.sets("cranes")] == [OWN_SET]
    assert sets.sets("default") == []
