"""The settings page: what is saved and what is not, keys, locks, tests of connections, the download."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.shared import session
from rag.settings import known_paths, load_settings, save_settings
from rag.workspace import Workspace, open_workspace
from tests.hub_server import HubServer
from tests.model_servers import start_ollama_server, start_openai_server

pytestmark = pytest.mark.usefixtures("light_embedder")

MAIN = Path(__file__).parents[2] / "pages" / "main.py"
KEY = "sk-quite-secret-0123456789"
MODEL = "someone/tiny-cross-encoder"
FILES = {"config.json": b'{"model_type": "bert"}', "model.safetensors": bytes(400_000)}


def opened() -> AppTest:
    page = AppTest.from_file(MAIN, default_timeout=30).run()
    return page.switch_page("settings.py").run()


def labelled(elements: Any, label: str) -> Any:
    """The one element with this label."""
    (found,) = [element for element in elements if element.label == label]
    return found


def press(page: AppTest, key: str) -> AppTest:
    return page.button(key=key).click().run()


def texts(elements: Any) -> str:
    """What elements say, with the marks that keep it from being Markdown taken away."""
    return "\n".join(element.value for element in elements).replace("\\", "").replace("\u2060", "")


def stored(name: str = "settings.json") -> dict[str, Any]:
    file = load_settings().data_dir / name
    return json.loads(file.read_text()) if file.exists() else {}


def test_it_opens_and_says_where_text_goes() -> None:
    page = opened()
    assert not page.exception
    assert "nothing leaves this machine" in texts(page.markdown)
    assert stored() == {}


def test_only_the_save_button_saves_and_only_what_was_changed() -> None:
    page = opened()
    labelled(page.number_input, "Passages kept").set_value(7).run()
    assert stored() == {}
    assert "Not saved yet" in texts(page.markdown)
    press(page, "save-certainty")
    assert stored() == {}, "another card's button saves its own card"
    press(page, "save-search")
    assert stored() == {"retrieval.k": 7}
    assert "Saved 1 change" in texts(page.success)
    assert "Not saved yet" not in texts(page.markdown)
    page.run()
    assert not page.success, "the confirmation is shown once"
    assert labelled(page.number_input, "Passages kept").value == 7


def test_back_to_defaults_forgets_what_the_card_saved() -> None:
    folder = load_settings().data_dir
    save_settings(folder, {"retrieval.k": 7, "answer.quote_words": 90})
    page = opened()
    press(page, "defaults-search")
    assert stored() == {"answer.quote_words": 90}
    assert labelled(page.number_input, "Passages kept").value == 10
    assert "Set back 1 setting" in texts(page.success)


def test_a_value_changed_elsewhere_is_shown() -> None:
    page = opened()
    save_settings(load_settings().data_dir, {"retrieval.k": 3})
    page.run()
    assert labelled(page.number_input, "Passages kept").value == 3


def test_values_that_disagree_are_refused_beside_their_card() -> None:
    page = opened()
    labelled(page.slider, "For passages").set_value(8000).run()
    assert "claim 9,800 tokens" in texts(page.error)
    press(page, "save-budgets")
    assert stored() == {}
    labelled(page.number_input, "The model's window").set_value(16384).run()
    labelled(page.slider, "For passages").set_value(8000).run()
    assert not page.error
    press(page, "save-budgets")
    assert stored() == {"answer.context_tokens": 8000, "answer.window_tokens": 16384}


def test_the_sliders_tell_at_once_what_would_fit() -> None:
    page = opened()
    assert "Of a usual question **10 of 10 passages**" in texts(page.markdown)
    labelled(page.slider, "For passages").set_value(600).run()
    assert "**2 of 10 passages**" in texts(page.markdown)
    conversation = load_workspace().history.start("default")
    turn = load_workspace().history.add_turn(conversation.id, "Why?")
    tokens = {"offered": [300, 400, 250], "turns": [900, 100], "system": 300, "question": 9}
    load_workspace().history.finish_turn(turn.id, answer="So.", status="done", details={"tokens": tokens})
    page.run()
    assert "Of your last question **2 of 3 passages** and **2 of 2 earlier turns**" in texts(page.markdown)
    labelled(page.slider, "For earlier turns").set_value(500).run()
    assert "**1 of 2 earlier turns** would fit whole. Older turns are summed up." in texts(page.markdown)
    assert stored() == {}


def load_workspace() -> Workspace:
    return open_workspace(load_settings())


def test_passages_say_that_documents_must_be_read_again() -> None:
    page = opened()
    labelled(page.number_input, "Longest passage (tokens)").set_value(128).run()
    press(page, "save-passages")
    assert stored() == {"chunking.max_tokens": 128}
    assert "read them again" in texts(page.success)


def test_the_threshold_is_a_slider() -> None:
    page = opened()
    labelled(page.slider, "Answer only when at least this sure").set_value(0.8).run()
    press(page, "save-certainty")
    assert load_settings().answer.decline_below == pytest.approx(0.8)


def test_what_the_environment_sets_is_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKANCE_RETRIEVAL_K", "4")
    monkeypatch.setenv("ASKANCE_OPENAI_API_KEY", KEY)
    page = opened()
    field = labelled(page.number_input, "Passages kept")
    assert (field.value, field.disabled) == (4, True)
    assert "ASKANCE_RETRIEVAL_K" in texts(page.caption)
    page.radio[0].set_value("openai").run()
    assert "ASKANCE_OPENAI_API_KEY" in texts(page.caption)
    assert not [field for field in page.text_input if "key" in field.label.lower()]
    assert KEY not in str(page)


def test_a_locked_setting_is_neither_unsaved_nor_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    # Fields drop the spaces around a text; that makes no change of a value that is not theirs to change.
    monkeypatch.setenv("ASKANCE_OLLAMA_MODEL", " spaced ")
    monkeypatch.setenv("ASKANCE_RETRIEVAL_K", "4")
    page = opened()
    page.radio[0].set_value("ollama").run()
    page.radio[0].set_value("extractive").run()
    assert not [button for button in page.button if button.key == "defaults-search"]
    page.radio[0].set_value("ollama").run()
    press(page, "save-answering")
    assert stored() == {"answer.model": "ollama"}


def test_a_key_is_never_shown_again_and_can_be_replaced_and_removed() -> None:
    page = opened()
    page.radio[0].set_value("openai").run()
    labelled(page.text_input, "Key").set_value(KEY).run()
    assert KEY in str(page), "what is typed is in the page until it is saved"
    press(page, "save-answering")
    assert stored("secrets.json") == {"openai.api_key": KEY}
    assert "openai.api_key" not in stored()
    assert "A key is saved" in texts(page.markdown)
    assert KEY not in str(page)
    assert [field.value for field in page.text_input if field.label == "New key"] == [""]
    labelled(page.text_input, "New key").set_value("sk-another").run()
    press(page, "save-answering")
    assert stored("secrets.json") == {"openai.api_key": "sk-another"}
    page.radio[0].set_value("extractive").run()
    press(page, "save-answering")
    page.radio[0].set_value("openai").run()
    labelled(page.text_input, "Address").set_value("http://127.0.0.1:9/v1").run()
    labelled(page.checkbox, "Remove the saved key").check().run()
    press(page, "save-answering")
    assert stored("secrets.json") == {}
    assert load_settings().openai.base_url == "http://127.0.0.1:9/v1"


def test_a_saved_key_is_not_sent_to_another_address() -> None:
    with start_openai_server(["Yes."]) as elsewhere:
        address = "https://one.example/v1"
        save_settings(
            load_settings().data_dir,
            {"openai.api_key": KEY, "openai.base_url": address, "answer.model": "openai"},
        )
        page = opened()
        labelled(page.text_input, "Address").set_value(elsewhere.base_url).run()
        for button in ("test-answering", "save-answering"):
            press(page, button)
            assert "belongs to https://one.example" in texts(page.error)
        press(page, "list-openai.model")
        assert elsewhere.requests == []
        assert stored()["openai.base_url"] == address


def test_the_connection_is_tested_as_typed_before_saving() -> None:
    with start_openai_server(["Yes."], key=KEY) as server:
        page = opened()
        page.radio[0].set_value("openai").run()
        labelled(page.text_input, "Address").set_value(server.base_url)
        labelled(page.text_input, "Model").set_value(server.models[0])
        labelled(page.text_input, "Key").set_value("sk-wrong").run()
        press(page, "test-answering")
        assert "refused access" in texts(page.error)
        labelled(page.text_input, "Key").set_value(KEY).run()
        press(page, "test-answering")
        assert f"{server.models[0]} answers" in texts(page.success)
        assert stored() == {}
        assert stored("secrets.json") == {}


def test_a_server_that_is_not_there_says_so_itself() -> None:
    page = opened()
    page.radio[0].set_value("openai").run()
    labelled(page.text_input, "Address").set_value("http://127.0.0.1:9/v1").run()
    press(page, "test-answering")
    assert "Nothing answers at http://127.0.0.1:9/v1" in texts(page.error)


@pytest.mark.parametrize("answerer", ["openai", "ollama"])
def test_an_address_that_is_none_is_refused(answerer: str) -> None:
    page = opened()
    page.radio[0].set_value(answerer).run()
    labelled(page.text_input, "Address").set_value("http://me:sesame@[bad").run()
    for button in ("test-answering", "save-answering"):
        press(page, button)
        assert not page.exception
        assert "is no address" in texts(page.error)
        assert "sesame" not in texts([*page.error, *page.caption, *page.warning])
    assert stored() == {}


def test_models_of_a_server_can_be_chosen() -> None:
    with start_openai_server(["Yes."], models=("b-model", "a-model")) as server:
        page = opened()
        page.radio[0].set_value("openai").run()
        labelled(page.text_input, "Address").set_value(server.base_url).run()
        press(page, "list-openai.model")
        listed = labelled(page.selectbox, "Model")
        assert set(server.models) < set(listed.options)
        listed.set_value("a-model").run()
        press(page, "save-answering")
    assert load_settings().openai.model == "a-model"


def test_ollama_lists_its_models_by_itself() -> None:
    with start_ollama_server(["Yes."]) as server:
        save_settings(load_settings().data_dir, {"ollama.host": server.base_url})
        page = opened()
        assert server.requests == [], "it is asked when it is chosen"
        page.radio[0].set_value("ollama").run()
        listed = labelled(page.selectbox, "Model")
        assert listed.value == ""
        listed.set_value("large-model:latest").run()
        press(page, "test-answering")
        assert "large-model:latest answers" in texts(page.success)
        press(page, "save-answering")
    settings = load_settings()
    assert (settings.answer.model, settings.ollama.model) == ("ollama", "large-model:latest")


def test_a_service_without_its_key_is_refused() -> None:
    page = opened()
    page.radio[0].set_value("openai").run()
    assert not page.error, "no complaint before anything is pressed"
    press(page, "save-answering")
    assert "needs a key" in texts(page.error)
    assert stored() == {}


def test_all_other_settings_are_drawn_and_saved() -> None:
    page = opened()
    labelled(page.number_input, "Largest file (MB)").set_value(99).run()
    press(page, "save-other")
    assert stored() == {"ingest.max_file_megabytes": 99}


@pytest.mark.parametrize("answerer", ["extractive", "openai", "ollama"])
def test_no_setting_has_two_fields(answerer: str) -> None:
    save_settings(load_settings().data_dir, {"answer.model": answerer, "retrieval.reranker": "ensemble"})
    page = opened()
    keys = [key for element in page.main if (key := getattr(element, "key", None))]
    drawn = [path for path in known_paths() for key in keys if f"-{path}-" in key]
    assert len(drawn) > 40
    assert sorted(drawn) == sorted(set(drawn))


def test_an_embedder_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASKANCE_EMBEDDING_MODEL")
    save_settings(load_settings().data_dir, {"embedding.model": "hash"})
    page = opened()
    labelled(page.text_input, "Embedding model").set_value("/nowhere").run()
    press(page, "save-other")
    assert "no such folder" in texts(page.error)
    assert stored() == {"embedding.model": "hash"}


def test_a_missing_model_is_offered_fetched_and_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    gate = threading.Event()
    with HubServer({MODEL: FILES}, gate=gate) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        page = opened()
        labelled(page.selectbox, "Order of what was found").set_value("cross-encoder").run()
        labelled(page.text_input, "Second model").set_value(MODEL).run()
        assert "is not on this machine" in texts(page.markdown)
        assert session.downloads().latest(MODEL) is None
        assert hub.headers == [], "nothing is asked before the button is pressed"
        press(page, "download-model")
        assert hub.half_sent.wait(60)
        press(page, "stop-download")
        assert "was stopped" in texts(page.caption)
        press(page, "download-model")
        gate.set()
        download = session.downloads().latest(MODEL)
        assert download is not None
        assert download.wait(60)
    page.run()
    assert "this model is on this machine" in texts(page.caption)
    press(page, "save-search")
    assert load_settings().retrieval.reranker == "cross-encoder"


def test_a_colbert_model_is_offered_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with HubServer({MODEL: FILES}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        page = opened()
        labelled(page.selectbox, "Order of what was found").set_value("colbert").run()
        labelled(page.text_input, "ColBERT model").set_value(MODEL).run()
        press(page, "download-model")
        download = session.downloads().latest(MODEL)
        assert download is not None
        assert download.wait(60)
    page.run()
    assert "this model is on this machine" in texts(page.caption)
    labelled(page.text_input, "ColBERT model").set_value(str(tmp_path)).run()
    assert "Set reranking.colbert to a model's folder" in texts(page.error)


def test_a_download_that_fails_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with HubServer({}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        page = opened()
        labelled(page.selectbox, "Order of what was found").set_value("cross-encoder").run()
        labelled(page.text_input, "Second model").set_value("someone/unknown").run()
        press(page, "download-model")
        download = session.downloads().latest("someone/unknown")
        assert download is not None
        assert download.wait(60)
    page.run()
    assert "no model named someone/unknown" in texts(page.error)
    for name, reason in (
        ("no/model/name", "nor a model's name"),
        (str(tmp_path), "holds no model"),
        ("", "nor"),
    ):
        labelled(page.text_input, "Second model").set_value(name).run()
        assert reason in texts(page.error)
        assert not [button for button in page.button if button.key == "download-model"]
