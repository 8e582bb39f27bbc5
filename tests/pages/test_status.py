"""The status page: figures of what is there, nothing loaded or asked for looking, nothing secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from rag.embedders import get_embedder
from rag.settings import EmbeddingSettings, load_settings, save_settings
from rag.workspace import open_workspace
from tests.corpus import TEXTS, fill
from tests.model_servers import start_openai_server

MAIN = Path(__file__).parents[2] / "pages" / "main.py"
KEY = "sk-quite-secret-0123456789"


def opened() -> AppTest:
    page = AppTest.from_file(MAIN, default_timeout=30).run()
    page = page.switch_page("status.py").run()
    assert not page.exception
    return page


def everything(page: AppTest) -> str:
    """All that the page says, its own HTML included."""
    elements = [*page.markdown, *page.caption, *page.error, *page.warning, *page.success, *page.get("html")]
    said = [getattr(element, "value", None) or element.proto.body for element in elements]
    return "\n".join(said).replace("\\", "").replace("\u2060", "")


def test_a_new_installation_is_described_without_loading_a_model() -> None:
    # An own batch size makes an embedder of this test's own, which nothing has used.
    save_settings(load_settings().data_dir, {"embedding.batch_size": 3, "embedding.precision": "fp32"})
    page = opened()
    said = everything(page)
    assert "all-MiniLM-L6-v2" in said
    assert "Not yet; it loads at the first use" in said
    assert "fp32: chosen in the settings" in said
    assert "384 numbers a passage" in said
    assert "256 tokens" in said
    assert str(load_settings().data_dir) in said
    assert "None yet" in said
    embedder = get_embedder(EmbeddingSettings(batch_size=3, precision="fp32"))
    assert getattr(embedder, "loaded") is False  # noqa: B009 - only some embedders have it


@pytest.mark.usefixtures("light_embedder")
def test_collections_are_counted_and_their_troubles_named(monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = open_workspace(load_settings())
    fill(workspace)
    workspace.catalog.create_collection("empty")
    page = opened()
    rows = page.dataframe[0].value.set_index("Collection")
    table = workspace.table("default")
    assert rows.loc["default", "Documents"] == len(TEXTS)
    assert rows.loc["default", "Passages"] == table.count() > 0
    assert rows.loc["default", "Table version"] == table.version
    assert rows.loc["empty", "Passages"] == 0
    assert [metric.value for metric in page.metric][:2] == [str(len(TEXTS)), str(table.count())]
    monkeypatch.setenv("ASKANCE_EMBEDDING_MODEL", "minilm")
    assert "was made with the embedder 'hash'" in everything(opened())


@pytest.mark.usefixtures("light_embedder")
def test_a_server_is_asked_only_on_request_and_its_key_not_shown() -> None:
    with start_openai_server(["Yes."], key=KEY) as server:
        changes = {"answer.model": "openai", "openai.base_url": server.base_url, "openai.api_key": KEY}
        save_settings(load_settings().data_dir, {**changes, "openai.model": server.models[0]})
        page = opened()
        assert server.requests == []
        assert f"Answers come from {server.models[0]}" in everything(page)
        (check,) = [button for button in page.button if button.label == "Check now"]
        check.click().run()
        assert f"{server.models[0]} answers" in everything(page)
        assert KEY not in everything(page) + str(page)
    check.click().run()
    assert "Nothing answers at" in everything(page)


@pytest.mark.usefixtures("light_embedder")
def test_a_reranker_whose_model_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    save_settings(load_settings().data_dir, {"retrieval.reranker": "cross-encoder"})
    assert "is not on this machine" in everything(opened())


@pytest.mark.usefixtures("light_embedder")
def test_settings_that_cannot_answer_are_reported() -> None:
    save_settings(load_settings().data_dir, {"answer.model": "openai"})
    assert "needs a key" in everything(opened())


@pytest.mark.usefixtures("light_embedder")
def test_the_store_card_tells_how_tidy_it_is_and_tidies(monkeypatch: pytest.MonkeyPatch) -> None:
    from lancedb.table import LanceTable

    from rag.folder_lease import lease

    workspace = open_workspace(load_settings())
    for number in range(3):
        fill(workspace, {f"{number}.txt": f"Valve {number} opens at {number} bar."})
    page = opened()

    def row() -> dict[str, object]:
        (table,) = [each.value for each in page.dataframe if "Fragments" in each.value]
        found: dict[str, object] = table.set_index("Collection").loc["default"].to_dict()
        return found

    assert (row()["Fragments"], row()["Not indexed"], row()["Last tidied"]) == (3, 3, "never")
    (tidy,) = [button for button in page.button if button.label == "Tidy up now"]
    with lease(workspace.settings.data_dir, "maintenance"):
        tidy.click().run()
        assert "under way already" in everything(page)
    tidy.click().run()
    assert "3 fragments became 1" in everything(page)
    assert (row()["Fragments"], row()["Not indexed"]) == (1, 0)
    assert row()["Last tidied"] != "never"

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(LanceTable, "optimize", broken)
    tidy.click().run()
    assert "on fire" in everything(page)
