"""Styles on the pages: chosen beside the question, kept with the conversation, added in the settings."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chat_page import ask, kept, opened, texts
from model_servers import ModelServer, start_openai_server
from streamlit.testing.v1 import AppTest

from rag.export import as_html, as_json, as_markdown
from rag.settings import load_settings, save_settings
from rag.styles import get_style, own_style_names, save_style
from rag.workspace import Workspace

pytestmark = pytest.mark.usefixtures("light_embedder", "always_answers")

QUESTION = "At what pressure does the relief valve of boiler 7 open?"
OWN = "You are brief.\n$rules\n- Begin with AHOY.\n$passages"


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelServer]:
    with start_openai_server(["It opens at 8.8 bar [1]."]) as server:
        monkeypatch.setenv("ASKANCE_ANSWER_MODEL", "openai")
        monkeypatch.setenv("ASKANCE_OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("ASKANCE_OPENAI_MODEL", server.models[0])
        yield server


def chooser(page: AppTest) -> AppTest:
    (found,) = [own for own in page.selectbox if own.label == "Style of the answer"]
    return found


def settings_page() -> AppTest:
    return opened().switch_page("settings.py").run()


def test_the_style_chosen_reaches_the_model_and_comes_back_with_the_conversation(
    filled: Workspace, model: ModelServer
) -> None:
    page = opened()
    assert chooser(page).value == "standard"
    chooser(page).set_value("table").run()
    ask(page, QUESTION)
    assert "one Markdown table" in model.chats[-1].body["messages"][0]["content"]
    [conversation] = filled.history.conversations()
    assert chooser(opened(conversation=conversation.id)).value == "table"
    assert chooser(opened()).value == "standard"


def test_another_answer_in_another_style(filled: Workspace, model: ModelServer) -> None:
    page = ask(opened(), QUESTION)
    [turn] = kept(filled)
    page.button(key=f"regenerate-{turn.id}").click().run()
    page.selectbox(key=f"again-answer.style-{turn.id}").set_value("steps")
    page.button(key=f"ask-again-{turn.id}").click().run()
    assert not page.exception
    assert "step by step" in model.chats[-1].body["messages"][0]["content"]
    assert [own.details["made"]["style"]["name"] for own in kept(filled)] == ["steps"]


def test_how_an_answer_was_made_is_folded_under_it_and_exported(
    filled: Workspace, model: ModelServer
) -> None:
    save_settings(filled.settings.data_dir, {"retrieval.k": 4})
    page = ask(opened(), QUESTION)
    [turn] = kept(filled)
    assert not page.code
    page.session_state[f"found-{turn.id}"] = True
    page.run()
    assert "Style Standard; collection default in its version" in texts(page.markdown).replace("*", "")
    assert "retrieval.k = 4" in texts(page.caption)
    assert [own.value for own in page.code] == [turn.details["made"]["prompt"]["text"]]
    version = filled.table("default").version
    [conversation] = filled.history.conversations()
    for write in (as_markdown, as_html):
        text = write(conversation, [turn]).replace("\\", "")
        assert f"style Standard, prompt {turn.details['made']['prompt']['digest']}, " in text
        assert f"from default, version {version}. Settings changed: " in text
        assert "retrieval.k = 4" in text
    assert '"retrieval.k": 4' in as_json(conversation, [turn])


def test_the_built_in_answerer_says_what_it_cannot(filled: Workspace) -> None:
    page = opened()
    assert "Needs a chat model" not in texts(page.caption)
    chooser(page).set_value("table").run()
    assert "Needs a chat model" in texts(page.caption)
    ask(page, QUESTION)
    assert "The style “Table” was not followed" in texts(page.caption)


def test_a_style_of_ones_own_is_added_checked_edited_and_deleted(filled: Workspace) -> None:
    folder = load_settings().data_dir
    page = settings_page()
    page.text_input(key="style-name--0").set_value("For my boss")
    page.text_area(key="style-text--0").set_value("Be kind. $passages $mood")
    page.button(key="save-style-").click().run()
    assert "The text names $mood, which nothing fills" in texts(page.error)
    assert own_style_names(folder) == []
    page.text_area(key="style-text--0").set_value(OWN)
    page.button(key="save-style-").click().run()
    assert not page.error
    assert "“For my boss” is saved" in texts(page.success)
    assert get_style(folder, "For my boss").text == OWN
    save_settings(folder, {"answer.style": "For my boss"})
    page = settings_page()
    page.text_input(key="style-name-For my boss-0").set_value("Boss")
    page.button(key="save-style-For my boss").click().run()
    assert own_style_names(folder) == ["Boss"]
    # The setting that named it follows.
    assert load_settings().answer.style == "Boss"
    assert chooser(opened()).value == "Boss"
    page.button(key="really-delete-style-Boss").click().run()
    assert not page.exception
    assert (own_style_names(folder), load_settings().answer.style) == ([], "standard")


def test_a_style_that_is_gone_or_damaged_is_said_on_the_pages(filled: Workspace) -> None:
    folder = load_settings().data_dir
    save_style(folder, "Mine", OWN)
    save_settings(folder, {"answer.style": "Mine"})
    (folder / "styles" / "Mine.md").write_bytes(b"\xff\xfe\x00")
    page = ask(opened(), QUESTION)
    assert "Write it anew in the settings" in texts(page.error)
    assert "Open settings" in [own.label for own in page.button]
    page = settings_page()
    assert not page.exception
    assert "cannot be read" in texts(page.error)
    (folder / "styles" / "Mine.md").unlink()
    assert chooser(opened()).value == "standard"
