"""Cohere, Jina, Voyage, OpenAI and ColBERT as their packages are: orders taken, failures explained.

The stand-ins behave as cohere 7.3.1, voyageai 0.5.0, rerankers 0.10.0 and transformers 5.23 were seen to
(tests/reranking_packages.py); openai and requests are the real packages.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from corpus import fill
from rerank_server import REFUSALS, RerankServer, start_rerank_server
from reranking_packages import stand_in_cohere, stand_in_rerankers, stand_in_voyageai

from rag.rerankers import problem_with
from rag.rerankers.hosted import get_hosted
from rag.rerankers.score_cache import score_cache
from rag.retrieve import retrieve
from rag.settings import Settings, with_overrides
from rag.types import SearchResult
from rag.workspace import Workspace

QUESTION = "relief valve boiler 7"
SERVICES = ("cohere", "jina", "voyage", "openai")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Any:
    get_hosted.cache_clear()
    with start_rerank_server() as running:
        monkeypatch.setitem(sys.modules, "cohere", stand_in_cohere(running))
        monkeypatch.setitem(sys.modules, "voyageai", stand_in_voyageai(running))
        for name, module in stand_in_rerankers().items():
            monkeypatch.setitem(sys.modules, name, module)
        yield running


@pytest.fixture
def filled(workspace: Workspace, server: RerankServer, tiny_colbert: Path) -> Workspace:
    settings = with_overrides(
        workspace.settings,
        {
            "reranking.cohere_key": "secret",
            "reranking.jina_key": "secret",
            "reranking.jina_url": f"{server.base_url}/v1/rerank",
            "reranking.voyage_key": "secret",
            "openai.base_url": f"{server.base_url}/v1",
            "openai.api_key": "secret",
            "reranking.colbert": str(tiny_colbert),
        },
    )
    fill(workspace)
    return replace(workspace, settings=settings)


def asked(workspace: Workspace, name: str, question: str = QUESTION, **changes: Any) -> SearchResult:
    score_cache(workspace.settings.reranking.cached_scores).clear()
    return retrieve(
        question,
        table=workspace.table("default"),
        settings=with_overrides(workspace.settings, {"reranker": name, **changes}),
    )


@pytest.mark.parametrize("name", [*SERVICES, "colbert"])
def test_each_orders_without_a_word_to_the_terminal(
    filled: Workspace, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = asked(filled, name)
    assert (found.reranker, found.notes) == (name, ())
    scores = [hit.scores["rerank"] for hit in found.candidates]
    assert scores == sorted(scores, key=lambda score: -(score or 0.0))
    assert len(set(scores)) > 1
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", [*SERVICES, "colbert"])
def test_one_passage_and_equal_passages_are_ordered_too(filled: Workspace, name: str) -> None:
    fill(filled, {"alone.txt": "The relief valve of boiler 7."}, "one")
    # Blank lines at the end make other files, and leave the passages the same.
    copies = {f"{place}/alone.txt": "The relief valve of boiler 7." + "\n" * place for place in range(4)}
    fill(filled, copies, "same")
    for collection, count in (("one", 1), ("same", 4)):
        found = retrieve(
            QUESTION,
            table=filled.table(collection),
            settings=with_overrides(filled.settings, {"reranker": name, "retrieval.fold_copies": False}),
        )
        assert (found.reranker, found.notes) == (name, ())
        assert len(found.candidates) == count
        assert len({hit.scores["rerank"] for hit in found.candidates}) == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("refused", "the key was refused (HTTP 401"),
        ("busy", "it has been asked too often (HTTP 429"),
        ("broken", "the service has a problem of its own (HTTP 500"),
    ],
)
@pytest.mark.parametrize("name", SERVICES)
def test_a_refusal_is_told_by_what_it_means(
    filled: Workspace, server: RerankServer, name: str, fault: str, reason: str
) -> None:
    server.fault = fault
    found = asked(filled, name)
    assert found.reranker == "none"
    (note,) = found.notes
    assert f"The reranker {name} failed: {reason}" in note
    assert "headers" not in note
    assert "secret" not in note
    if (name, fault) != ("voyage", "broken"):
        assert REFUSALS[fault][1].rstrip(".") in note
    if fault == "refused":
        key = "openai.api_key" if name == "openai" else f"reranking.{name}_key"
        assert f"Correct {key}." in note
    assert len(server.requests) == 1, "nobody waits for a second and third try"


@pytest.mark.parametrize("name", ["jina", "openai"])
def test_one_that_does_not_answer_is_waited_for_as_long_as_the_settings_say(
    filled: Workspace, server: RerankServer, name: str
) -> None:
    server.gate = threading.Event()
    try:
        found = asked(filled, name, **{"reranking.timeout_seconds": 1})
    finally:
        server.gate.set()
    assert found.reranker == "none"
    assert "no answer came within 1 s" in found.notes[0]
    assert "reranking.timeout_seconds" in found.notes[0]


@pytest.mark.parametrize("name", ["cohere", "voyage", "colbert"])
def test_a_package_that_is_there_but_cannot_be_imported_is_explained(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """As voyageai 0.5.0 without aiohttp."""
    package = {"cohere": "cohere", "voyage": "voyageai", "colbert": "rerankers"}[name]
    for own in [own for own in sys.modules if own.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, own)
    (tmp_path / f"{package}.py").write_text("import a_package_that_is_missing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    get_hosted.cache_clear()
    found = asked(filled, name)
    assert found.reranker == "late-interaction"
    assert f"The reranker {name} lacks a package" in found.notes[0]
    assert "a_package_that_is_missing" in found.notes[0]


def test_colbert_weights_of_another_shape_leave_the_order_of_the_searches(
    filled: Workspace, tiny_colbert: Path, tmp_path: Path
) -> None:
    for file in tiny_colbert.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "hidden_size": 32}))
    found = asked(filled, "colbert", **{"reranking.colbert": str(tmp_path)})
    assert found.reranker == "none"
    assert "The reranker colbert failed" in found.notes[0]


def test_a_package_that_cannot_load_colbert_is_told_to_be_installed_whole(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As rerankers 0.10.0: without a dependency it prints what to install, and returns nothing."""
    monkeypatch.setattr(sys.modules["rerankers"], "Reranker", lambda **ignored: None)
    found = asked(filled, "colbert")
    assert found.reranker == "late-interaction"
    assert "pip install 'rerankers[transformers]'" in found.notes[0]


def test_a_colbert_model_that_is_not_here_is_told_by_its_own_setting(filled: Workspace) -> None:
    for name in ("nobody/has-this", "no name/at/all", ""):
        settings: Settings = with_overrides(filled.settings, {"reranking.colbert": name})
        assert "reranking.colbert" in problem_with("colbert", settings)
        assert "cross" not in problem_with("colbert", settings)
