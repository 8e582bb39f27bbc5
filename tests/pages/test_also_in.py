"""A passage that stands in several documents is shown once, with the places of all."""

from __future__ import annotations

import chat_page
import compare_page
import pytest
from corpus import fill
from streamlit.testing.v1 import AppTest

from rag.workspace import Workspace

TEXT = "The yearly fee of the reading room is 40 euros, and members pay it at the desk in the hall."
QUESTION = "What is the yearly fee of the reading room?"


pytestmark = pytest.mark.usefixtures("light_embedder", "always_answers")


@pytest.fixture
def twice(workspace: Workspace) -> Workspace:
    """The same words in two documents."""
    fill(workspace, {"fees.md": f"# Fees\n\n{TEXT}\n", "[copy](x).md": f"# Once more\n\n{TEXT}\n"})
    return workspace


def test_the_sources_of_an_answer_name_the_copies(twice: Workspace) -> None:
    page = chat_page.ask(chat_page.opened(), QUESTION)
    [turn] = chat_page.kept(twice)
    [citation] = turn.citations
    [other] = citation.also_in
    assert {citation.document, other} == {"fees.md", "[copy](x).md"}
    assert f"1: Also in {other}" in chat_page.texts(page.caption)
    assert not any("](x)" in caption.value for caption in page.caption)


def test_copies_in_other_collections_are_named_with_these(twice: Workspace) -> None:
    fill(twice, {"memo.md": f"# Memo\n\n{TEXT}\n"}, "memos")
    page = chat_page.opened()
    choose_beside(page, "memos")
    chat_page.ask(page, QUESTION)
    [turn] = chat_page.kept(twice)
    [citation] = turn.citations
    places = {citation.document + f", in {citation.collection}", *citation.also_in}
    assert places == {"fees.md, in default", "[copy](x).md, in default", "memo.md, in memos"}
    twice.tables.rename("memos", "notices")
    [turn] = chat_page.kept(twice)
    assert "memo.md, in notices" in {
        turn.citations[0].document + f", in {turn.citations[0].collection}",
        *turn.citations[0].also_in,
    }
    twice.tables.rename("notices", "memos")
    page = compare_page.opened()
    choose_beside(page, "memos")
    passages = compare_page.shown(compare_page.compare(page, QUESTION))["passages"]
    [passage] = [own for own in passages if own["also"]]
    own = f"{passage['document']}, {passage['page']}"
    assert {own, *passage["also"].removeprefix("Also in ").split("; ")} == places


def choose_beside(page: AppTest, collection: str) -> None:
    """Have this collection asked, too."""
    (field,) = [own for own in page.multiselect if own.label == "Ask these collections, too"]
    field.set_value([collection]).run()


def test_a_card_names_the_copies(twice: Workspace) -> None:
    page = compare_page.compare(compare_page.opened(), QUESTION)
    passages = compare_page.shown(page)["passages"]
    [passage] = [own for own in passages if own["also"]]
    assert passage["also"] == f"Also in {'fees.md' if passage['document'] != 'fees.md' else '[copy](x).md'}"
