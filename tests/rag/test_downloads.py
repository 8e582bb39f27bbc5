"""Fetching models: a stand-in hub on loopback, a real process, a cache of the test's own."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import numpy as np
import pytest

from rag.downloads import Downloads, ModelDownload, download_model
from rag.errors import ModelNotAvailable
from rag.hub_fetch import is_wanted
from rag.rerankers import CrossEncoderReranker, local_model_folder
from rag.types import Chunk, Hit, Query
from tests.hub_server import HubServer

NAME = "someone/tiny-cross-encoder"
FILES = {
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": bytes(range(256)) * 4000,
    "tokenizer.json": b'{"version": "1.0"}',
    "vocab.txt": b"[PAD]\n",
    "1_Pooling/config.json": b"{}",
    "pytorch_model.bin": b"pickle",
    "modeling.py": b"import os",
    "onnx/model.onnx": b"onnx",
    "onnx/config.json": b"{}",
    "README.md": b"# Tiny",
}
WANTED = {"config.json", "model.safetensors", "tokenizer.json", "vocab.txt", "1_Pooling/config.json"}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache of the test's own, and a hub where nobody listens."""
    from huggingface_hub import constants

    cache = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{closed.getsockname()[1]}")
    return cache


def test_a_model_arrives_whole_and_is_found_without_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelNotAvailable):
        local_model_folder(NAME)
    monkeypatch.setenv("HF_TOKEN", "hf_quite_secret")
    with HubServer({NAME: FILES}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        download = ModelDownload(NAME)
        folder = download.result()
    assert (download.state, download.error) == ("done", None)
    assert download.bytes_done == download.bytes_total == sum(len(FILES[file]) for file in WANTED)
    assert local_model_folder(NAME) == folder
    found = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
    assert found == WANTED
    assert (folder / "model.safetensors").read_bytes() == FILES["model.safetensors"]
    assert not any("authorization" in headers for headers in hub.headers)
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_a_reranker_fetches_its_model_only_when_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    query = Query("valve", np.zeros(3, np.float32), np.zeros((1, 3), np.float32))
    hits = [Hit(Chunk("1", "d", "d", "a valve", "", "", "", None, 0, 7))]
    with HubServer({NAME: FILES}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        with pytest.raises(ModelNotAvailable, match="Settings page"):
            CrossEncoderReranker(NAME).score(query, hits)
        assert hub.asked == []
        # The stand-in's weights are no model: what matters is that they came and were opened.
        with pytest.raises(ModelNotAvailable, match="cannot be loaded"):
            CrossEncoderReranker(NAME, allow_downloads=True).score(query, hits)
    assert (local_model_folder(NAME) / "model.safetensors").exists()


def test_a_reranker_does_not_ask_a_hub_that_failed_at_each_search(monkeypatch: pytest.MonkeyPatch) -> None:
    query = Query("valve", np.zeros(3, np.float32), np.zeros((1, 3), np.float32))
    hits = [Hit(Chunk("1", "d", "d", "a valve", "", "", "", None, 0, 7))]
    reranker = CrossEncoderReranker(NAME, allow_downloads=True)
    with HubServer({}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        for _ in range(3):
            with pytest.raises(ModelNotAvailable, match="no model named"):
                reranker.score(query, hits)
    assert len(hub.headers) == 1


def test_a_second_download_fetches_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with HubServer({NAME: FILES}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        first = download_model(NAME)
        assert set(hub.asked) == WANTED
        hub.asked.clear()
        assert download_model(NAME) == first
    assert hub.asked == []


def test_a_stopped_download_leaves_no_half_model(monkeypatch: pytest.MonkeyPatch) -> None:
    with HubServer({NAME: FILES}, gate=threading.Event()) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        download = ModelDownload(NAME)
        assert hub.half_sent.wait(60)
        while not download.bytes_done and not download.wait(0.05):
            pass
        assert 0 < download.bytes_done < len(FILES["model.safetensors"]), "progress is told underway"
        assert download.active
        download.stop()
    assert download.state == "stopped"
    assert download.error is None
    with pytest.raises(ModelNotAvailable, match="not on this machine"):
        local_model_folder(NAME)
    with pytest.raises(ModelNotAvailable, match="was stopped"):
        download.result()
    download.stop()


def test_a_hub_where_nobody_listens_is_named_with_what_to_do() -> None:
    with pytest.raises(ModelNotAvailable, match=r"from http://127\.0\.0\.1:\d+ .*reranking\.cross_encoder"):
        download_model(NAME)


def test_a_hub_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with HubServer({NAME: FILES}, silent=True) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        download = ModelDownload(NAME, silence_seconds=0.5)
        with pytest.raises(ModelNotAvailable, match=r"sent nothing for 0\.5 seconds"):
            download.result()
    assert download.state == "failed"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("someone/unknown", "no model named someone/unknown"),
        ("someone/private", "licence"),
        ("someone/pickled", "safetensors"),
        ("someone/damaged", "arrived damaged"),
    ],
)
def test_models_that_cannot_be_had_say_why(name: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pickled = {file: content for file, content in FILES.items() if not file.endswith(".safetensors")}
    models = {"someone/private": FILES, "someone/pickled": pickled, "someone/damaged": FILES}
    with HubServer(models, private=("someone/private",), damaged=("model.safetensors",)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        with pytest.raises(ModelNotAvailable, match=message):
            download_model(name)
    with pytest.raises(ModelNotAvailable):
        local_model_folder(name)


@pytest.mark.parametrize("name", ["", "--help", "../../etc", "/srv/model", "a/b/c", "a b"])
def test_names_that_no_model_has_start_nothing(name: str) -> None:
    with pytest.raises(ModelNotAvailable, match="no model's name"):
        ModelDownload(name)


def test_one_download_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    downloads = Downloads()
    with HubServer({NAME: FILES}, gate=threading.Event()) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        first = downloads.start(NAME)
        assert downloads.start(NAME) is first
        assert downloads.latest(NAME) is first
        downloads.forget(NAME)
        assert downloads.latest(NAME) is first, "one under way stays"
        first.stop()
        downloads.forget(NAME)
    assert downloads.latest(NAME) is None


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("model-00001-of-00002.safetensors", True),
        ("model.safetensors.index.json", True),
        ("spiece.model", True),
        ("2_Dense/model.safetensors", True),
        ("pytorch_model.bin", False),
        ("model.pkl", False),
        ("model.onnx", False),
        ("openvino/openvino_model.xml", False),
        ("onnx/tokenizer.json", False),
        ("../config.json", False),
        ("1_Pooling/../../config.json", False),
        ("train.py", False),
    ],
)
def test_only_weights_without_code_are_taken(file: str, wanted: bool) -> None:
    assert is_wanted(file) is wanted
