"""The filter above the question box: types and tags, kept with their conversation."""

from __future__ import annotations

from typing import Any

import pytest
from chat_page import ask, kept, labels, opened, texts
from streamlit.testing.v1 import AppTest

from ingest.documents import tag_document
from rag.turns import scope_of
from rag.types import Scope
from rag.workspace import Workspace

pytestmark = pytest.mark.usefixtures("light_embedder", "always_answers")


def choice(page: AppTest, label: str) -> Any:
    """The pills of the filter with this label."""
    [found] = [group for group in page.button_group if group.proto.label == label]
    return found


def test_tags_and_types_are_chosen_shown_and_kept_with_the_conversation(filled: Workspace) -> None:
    types, tags = "Only these types", "Only documents with one of these tags"
    for name in ("staff/leave.txt", "boiler.md"):
        tag_document(filled, "default", name, ["[house](x)"])
    page = opened()
    assert choice(page, types).options == ["Markdown", "Text", "Web page"]
    choice(page, tags).set_value(["[house](x)"]).run()
    choice(page, types).set_value(["Text", "Web page"]).run()
    # A chip takes its own restriction away.
    page.button(key="scope-out-chat-kinds-Web page").click().run()
    assert not page.exception
    assert "[house](x) :material/close:" in labels(page)
    ask(page, "How long does parental leave last?")
    [turn] = kept(filled)
    assert scope_of(turn) == Scope(tags=("[house](x)",), kinds=("Text",))
    assert {citation.document for citation in turn.citations} == {"staff/leave.txt"}
    page = opened(conversation=turn.conversation_id)
    assert "Asked of tagged [house](x), Text only" in texts(page.caption)
    # A reload or a link brings the filter back, too.
    assert [choice(page, label).value for label in (types, tags)] == [["Text"], ["[house](x)"]]


def test_the_filter_stays_with_its_conversation(filled: Workspace) -> None:
    types = "Only these types"
    page = opened()
    choice(page, types).set_value(["Text"]).run()
    ask(page, "How long does parental leave last?")
    page.button(key="new-conversation").click().run()
    assert choice(page, types).value == []
    [conversation] = filled.history.conversations()
    page.button(key=f"conversation-{conversation.id}").click().run()
    assert choice(page, types).value == ["Text"]
