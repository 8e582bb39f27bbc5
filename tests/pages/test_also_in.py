"""A passage that stands in several documents is shown once, with the places of all."""

from __future__ import annotations

import chat_page
import compare_page
import pytest
from corpus import fill

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


def test_a_card_names_the_copies(twice: Workspace) -> None:
    page = compare_page.compare(compare_page.opened(), QUESTION)
    passages = compare_page.shown(page)["passages"]
    [passage] = [own for own in passages if own["also"]]
    assert passage["also"] == f"Also in {'fees.md' if passage['document'] != 'fees.md' else '[copy](x).md'}"
