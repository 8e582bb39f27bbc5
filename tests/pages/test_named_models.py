"""Several chat models: added, tested and removed on the settings page, chosen and replaced in the chat."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chat_page import ask, kept, labels, texts
from chat_page import opened as opened_chat
from model_servers import start_ollama_server, start_openai_server
from streamlit.testing.v1 import AppTest

from rag.settings import load_settings, save_settings
from rag.workspace import Workspace

pytestmark = pytest.mark.usefixtures("light_embedder", "always_answers")

QUESTION = "At what pressure does the relief valve of boiler 7 open?"
KEY = "sk-quite-secret-0123456789"


def opened() -> AppTest:
    return opened_chat().switch_page("settings.py").run()


def labelled(elements: Any, label: str) -> Any:
    (found,) = [element for element in elements if element.label == label]
    return found


def stored(name: str = "settings.json") -> dict[str, Any]:
    file = load_settings().data_dir / name
    return json.loads(file.read_text()) if file.exists() else {}


def add(page: AppTest, name: str, kind: str) -> AppTest:
    page.text_input(key="new-model-name").set_value(name)
    page.radio(key="new-model-kind").set_value(kind).run()
    return page.button(key="add-model-now").click().run()


def test_a_model_is_added_tested_and_kept_with_its_key_apart() -> None:
    with start_openai_server(["Yes."], key=KEY) as server:
        page = add(opened(), "fast", "openai")
        assert stored() == {"models.fast.kind": "openai"}
        labelled(page.text_input, "Address").set_value(server.base_url)
        labelled(page.text_input, "Key").set_value(KEY).run()
        page.button(key="list-models.fast.model").click().run()
        labelled(page.selectbox, "Model").set_value("large-model").run()
        page.button(key="test-model-fast").click().run()
        assert "large-model answers" in texts(page.success)
        page.button(key="save-model-fast").click().run()
    assert not page.exception
    assert stored("secrets.json") == {"models.fast.api_key": KEY}
    assert stored()["models.fast.model"] == "large-model"
    assert KEY not in str(page)


def test_an_ollama_model_says_how_much_it_reads() -> None:
    with start_ollama_server(["Yes."], own_window=4096) as server:
        page = add(opened(), "deep", "ollama")
        labelled(page.text_input, "Address").set_value(server.base_url).run()
        assert set(server.models) < set(labelled(page.selectbox, "Model").options), "it lists by itself"
        labelled(page.text_input, "Stays loaded").set_value("24h").run()
        page.button(key="test-model-deep").click().run()
        assert "It reads up to 4,096 tokens" in texts(page.success)
        page.button(key="save-model-deep").click().run()
    assert stored()["models.deep.keep_alive"] == "24h"


def test_names_that_cannot_be_are_refused_in_words() -> None:
    page = add(opened(), "openai", "openai")
    assert "cannot be the name of a model" in texts(page.error)
    assert stored() == {}


def test_a_saved_key_is_not_sent_to_another_address() -> None:
    with start_openai_server(["Yes."]) as elsewhere:
        save_settings(
            load_settings().data_dir,
            {
                "models.fast.kind": "openai",
                "models.fast.base_url": "https://one.example/v1",
                "models.fast.api_key": KEY,
            },
        )
        page = opened()
        labelled(page.text_input, "Address").set_value(elsewhere.base_url).run()
        for button in ("test-model-fast", "save-model-fast"):
            page.button(key=button).click().run()
            assert "belongs to https://one.example" in texts(page.error)
        page.button(key="list-models.fast.model").click().run()
        assert elsewhere.requests == []


def test_a_model_in_use_is_removed_and_the_quotes_answer_again() -> None:
    save_settings(
        load_settings().data_dir,
        {
            "models.fast.kind": "openai",
            "models.fast.api_key": KEY,
            "answer.model": "fast",
            "answer.fallbacks": "fast",
        },
    )
    page = opened()
    page.button(key="remove-now-fast").click().run()
    assert not page.exception
    assert "Removed fast" in texts(page.success)
    assert (stored(), stored("secrets.json")) == ({}, {})
    assert "nothing leaves this machine" in texts(page.markdown)


def test_who_steps_in_is_chosen_in_order() -> None:
    save_settings(load_settings().data_dir, {"models.a.kind": "openai", "models.b.kind": "ollama"})
    page = opened()
    labelled(page.multiselect, "When the chosen one fails, ask").set_value(["b", "extractive"]).run()
    page.button(key="save-fallbacks").click().run()
    assert stored()["answer.fallbacks"] == "b,extractive"


def two_models(first: str, second: str) -> None:
    save_settings(
        load_settings().data_dir,
        {
            "models.fast.kind": "openai",
            "models.fast.base_url": first,
            "models.fast.model": "small-model",
            "models.deep.kind": "ollama",
            "models.deep.host": second,
            "models.deep.model": "small-model:latest",
        },
    )


def test_the_model_is_chosen_beside_the_question(filled: Workspace) -> None:
    with start_openai_server(["8.8 bar [1]."]) as fast, start_ollama_server(["It is 8.8 bar [1]."]) as deep:
        two_models(fast.base_url, deep.base_url)
        page = opened_chat()
        assert "quotes from your documents" in texts(page.caption)
        labelled(page.selectbox, "Who answers").set_value("deep").run()
        assert "small-model:latest on this machine" in texts(page.caption)
        ask(page, QUESTION)
        [turn] = kept(filled)
        assert (turn.answer, turn.details["answerer"]) == ("It is 8.8 bar [1].", "deep")
        assert turn.details["model"] == "small-model:latest"
        assert fast.requests == []
        # It is kept with the conversation: not with the visit, nor forgotten when that ends.
        page.button(key="new-conversation").click().run()
        assert labelled(page.selectbox, "Who answers").value == "extractive"
        page.button(key=f"conversation-{turn.conversation_id}").click().run()
        assert labelled(page.selectbox, "Who answers").value == "deep"
        anew = opened_chat(conversation=turn.conversation_id)
        assert labelled(anew.selectbox, "Who answers").value == "deep"


def test_a_fallback_and_a_model_that_rests_are_said_in_words(filled: Workspace) -> None:
    with (
        start_openai_server(["Never."], fault="overloaded") as fast,
        start_ollama_server(["8.8 bar [1]."]) as deep,
    ):
        two_models(fast.base_url, deep.base_url)
        save_settings(load_settings().data_dir, {"answer.model": "fast", "answer.fallbacks": "deep"})
        page = ask(opened_chat(), QUESTION)
        assert "Answered by deep, since fast did not answer." in texts(page.caption)
        assert "is busy or limits the rate" in texts(page.caption)
        page = ask(page, QUESTION)
    said = texts(page.caption)
    assert "has failed 5 times; trying again in" in said
    assert "Use another model until then." in said


def test_without_any_other_model_nothing_is_to_be_chosen(filled: Workspace) -> None:
    page = opened_chat()
    assert "Who answers" not in [box.label for box in page.selectbox]
    assert not page.exception
    assert labels(page)
