"""Conversations at the side: of the chosen collection, searched, renamed and pinned; where text goes."""

from __future__ import annotations

import pytest
from chat_page import ask, opened, texts
from corpus import fill
from streamlit.testing.v1 import AppTest

from rag.history import Conversation
from rag.workspace import Workspace

pytestmark = pytest.mark.usefixtures("light_embedder", "always_answers")


def listed(page: AppTest) -> list[str]:
    """The titles at the side, in order."""
    keys = [button for button in page.sidebar.button if str(button.key).startswith("conversation-")]
    return [button.label.replace("\\", "") for button in keys]


def kept(workspace: Workspace, collection: str, title: str, owner: str = "local") -> Conversation:
    return workspace.history.start(collection, title=title, owner=owner)


def test_the_list_is_of_the_chosen_collection_and_the_owner(filled: Workspace) -> None:
    fill(filled, {"winch.md": "The winch of the crane lifts 40 tons.\n"}, "cranes")
    kept(filled, "default", "Valves")
    kept(filled, "cranes", "Winches")
    kept(filled, "gone since", "Ropes")
    kept(filled, "default", "Secrets", owner="someone else")
    page = opened()
    assert listed(page) == ["Ropes", "Valves"]
    page.sidebar.selectbox[0].set_value("cranes").run()
    assert listed(page) == ["Ropes", "Winches"]
    assert not page.exception


def test_the_search_looks_through_all_of_them(filled: Workspace) -> None:
    fill(filled, {"winch.md": "The winch of the crane lifts 40 tons.\n"}, "cranes")
    for number in range(8):
        kept(filled, "default", f"Valves {number}")
    kept(filled, "cranes", "Winches")
    page = opened()
    page.text_input(key="conversation-search").set_value("winch").run()
    assert listed(page) == ["Winches"]
    page.text_input(key="conversation-search").set_value("wombat").run()
    assert "No conversation holds these words." in texts(page.caption)


def test_one_is_renamed_and_pinned(filled: Workspace) -> None:
    page = ask(opened(), "Who grafted the Bramley trees?")
    [own] = filled.history.conversations()
    later = kept(filled, "default", "Later")
    page.run()
    assert listed(page) == ["Later", "Who grafted the Bramley trees?"]
    page.button(key=f"pin-{own.id}").click().run()
    [title] = [field for field in page.text_input if field.label == "Title"]
    title.set_value("Apples")
    [rename] = [button for button in page.button if button.label == "Rename"]
    rename.click().run()
    assert not page.exception
    assert listed(page) == ["Apples", "Later"]
    assert filled.history.get(own.id).pinned
    assert not filled.history.get(later.id).pinned


def test_where_text_goes_is_said_before_the_first_message(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "nothing leaves this machine" in texts(opened().caption)
    monkeypatch.setenv("ASKANCE_ANSWER_MODEL", "openai")
    monkeypatch.setenv("ASKANCE_OPENAI_BASE_URL", "https://models.example/v1")
    monkeypatch.setenv("ASKANCE_OPENAI_API_KEY", "sk-quite-secret")
    monkeypatch.setenv("ASKANCE_OPENAI_MODEL", "large")
    page = opened()
    said = "your questions and passages of your documents are sent there."
    assert f"Answers come from large at models.example: {said}" in texts(page.caption)
    assert filled.history.conversations() == []
