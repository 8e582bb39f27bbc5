"""What becomes of a question whose reranker is missing, refuses, or gives back nonsense."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from corpus import fill
from model_servers import start_openai_server
from rerank_server import RerankServer, start_rerank_server

from rag.disclosure import who_answers
from rag.errors import MissingDependency, RerankingFailed
from rag.hash_embedder import HashEmbedder
from rag.rerankers import RERANKERS, get_reranker, problem_with
from rag.rerankers.hosted import get_hosted
from rag.rerankers.listwise import parsed_order
from rag.rerankers.own import get_own
from rag.retrieve import retrieve
from rag.settings import Settings, with_overrides
from rag.types import Query, SearchResult
from rag.workspace import Workspace

QUESTION = "relief valve boiler 7"


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace)
    return workspace


@pytest.fixture
def ranking() -> Iterator[RerankServer]:
    get_hosted.cache_clear()
    with start_rerank_server() as server:
        yield server


def asked(workspace: Workspace, **changes: Any) -> SearchResult:
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return retrieve(
        QUESTION, table=workspace.table("default"), settings=with_overrides(workspace.settings, named)
    )


def order(found: SearchResult) -> list[str]:
    return [hit.chunk.id for hit in found.candidates]


@pytest.mark.parametrize("name", RERANKERS)
def test_one_that_is_not_ready_says_so_and_gives_way(filled: Workspace, name: str) -> None:
    problem = problem_with(name, filled.settings)
    found = asked(filled, reranker=name)
    assert found.hits[0].chunk.document == "boiler.md"
    if not problem:
        assert (found.reranker, found.notes) == (name, ())
        return
    assert found.reranker == "late-interaction"
    assert "Late interaction ranked these passages instead." in found.notes[0]
    assert order(found) == order(asked(filled, reranker="late-interaction"))


@pytest.mark.parametrize("fault", ["refused", "nonsense", "short", "not a number"])
@pytest.mark.parametrize("name", ["jina", "openai"])
def test_a_service_that_fails_leaves_the_order_of_the_searches(
    filled: Workspace, ranking: RerankServer, name: str, fault: str
) -> None:
    ranking.fault = fault
    found = asked(
        filled,
        reranker=name,
        reranking__jina_url=f"{ranking.base_url}/v1/rerank",
        reranking__jina_key="jina-secret",
        openai__base_url=f"{ranking.base_url}/v1",
        openai__api_key="openai-secret",
    )
    assert ranking.requests
    assert found.reranker == "none"
    assert order(found) == order(asked(filled, reranker="none"))
    (note,) = found.notes
    assert name in note
    assert "stand as the searches found them" in note
    assert "secret" not in note


def test_a_service_that_is_away_is_said(filled: Workspace) -> None:
    get_hosted.cache_clear()
    found = asked(filled, reranker="jina", reranking__jina_url="http://127.0.0.1:9/v1/rerank")
    assert "The reranker jina failed" in found.notes[0]


def test_a_service_gets_its_key_and_orders(filled: Workspace, ranking: RerankServer) -> None:
    found = asked(
        filled,
        reranker="jina",
        reranking__jina_url=f"{ranking.base_url}/v1/rerank",
        reranking__jina_key="jina-secret",
    )
    assert (found.reranker, found.notes) == ("jina", ())
    assert ranking.keys == ["jina-secret"]
    assert ranking.requests[0]["query"] == QUESTION
    assert found.hits[0].chunk.document == "boiler.md"


@pytest.mark.parametrize(
    "reply",
    [
        *(
            "",
            "The first one, I think.",
            "8.8 bar",
            "[1, 2]",
            "[3]",
            "3",
            "[1, 2, 2]",
            "[1, 2, 4]",
            "[0, 1, 2]",
        ),
        *(
            "[2] > [3]",
            "2, 3",
            "1. 2\n2. 3\n3. 1",
            "[true, 2, 3]",
            "[1.0, 2, 3]",
            "[1, [2, 3]]",
            "[-1, 2, 3]",
        ),
        "Passage 3 says it, then 1 and 2.",
        "Not [1, 2, 3] but [3, 2, 1].",
        "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,",
        "[" + "9" * 5000 + ", 1, 2]",
    ],
)
def test_a_reply_that_is_no_order_is_refused(reply: str) -> None:
    with pytest.raises(RerankingFailed, match="numbers 1 to 3"):
        parsed_order(reply, 3, "small")


@pytest.mark.parametrize(
    "reply",
    [
        *("[3, 1, 2]", " [3,1,2]\n", "```json\n[3, 1, 2]\n```", '["3", "1", "2"]', '{"order": [3, 1, 2]}'),
        *("[3] > [1] > [2]", "[3], [1], [2]", "3, 1, 2", "3 > 1 > 2.", "3\n1\n2", "[[3, 1, 2]]"),
        "Sure! Here is the order: [3, 1, 2]. Passage 3 answers the question.",
        "[3, 1, 2]\n\n[3, 1, 2]",
    ],
)
def test_an_order_is_read_however_it_is_written(reply: str) -> None:
    assert parsed_order(reply, 3, "small") == [2, 0, 1]


def test_a_chat_model_that_rambles_leaves_the_order_of_the_searches(filled: Workspace) -> None:
    with start_openai_server(["The first one, I think."], models=["small"]) as server:
        found = asked(
            filled, reranker="llm", model="openai", openai__base_url=server.base_url, openai__model="small"
        )
    assert found.reranker == "none"
    assert order(found) == order(asked(filled, reranker="none"))
    assert "small was to reply with the numbers" in found.notes[0]


def test_a_chat_model_that_fails_leaves_the_order_of_the_searches(filled: Workspace) -> None:
    with start_openai_server(["[1]"], models=["small"], fault="failure") as server:
        found = asked(
            filled, reranker="llm", model="openai", openai__base_url=server.base_url, openai__model="small"
        )
    assert found.reranker == "none"
    assert "failed (HTTP 500)" in found.notes[0]


def test_the_chat_model_orders_only_as_many_as_it_is_given(filled: Workspace) -> None:
    with start_openai_server(["[2, 1]"], models=["small"]) as server:
        found = asked(
            filled,
            reranker="llm",
            model="openai",
            openai__base_url=server.base_url,
            openai__model="small",
            reranking__llm_candidates=2,
        )
    assert found.notes == ()
    first, second, *rest = order(asked(filled, reranker="none"))
    assert order(found) == [second, first, *rest]


class Short:
    def score(self, query: Query, hits: list[Any]) -> list[float]:
        return [1.0]


class Infinite:
    def score(self, query: Query, hits: list[Any]) -> list[float]:
        return [float("inf")] * len(hits)


class Words:
    def score(self, query: Query, hits: list[Any]) -> list[str]:
        return ["good"] * len(hits)


class Nothing:
    def score(self, query: Query, hits: list[Any]) -> None:
        return None


class Raises:
    def score(self, query: Query, hits: list[Any]) -> list[float]:
        raise KeyError("cells")


class Wants:
    needs = ("everything",)

    def score(self, query: Query, hits: list[Any]) -> list[float]:
        return [0.0] * len(hits)


class WantsArguments:
    def __init__(self, model: str) -> None:
        self.model = model


class Empty:
    pass


def by_lancedb() -> type:
    from lancedb.rerankers import RRFReranker

    class ByLanceDB(RRFReranker):
        pass

    return ByLanceDB


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Short", "1 scores for"),
        ("Infinite", "no finite number"),
        ("Words", "list of numbers"),
        ("Nothing", "NoneType"),
        ("Raises", "KeyError"),
    ],
)
def test_a_class_that_breaks_the_protocol_leaves_the_order(filled: Workspace, name: str, reason: str) -> None:
    found = asked(filled, reranker="own", reranking__own=f"{__name__}.{name}")
    assert found.reranker == "none"
    assert f"{__name__}.{name}" in found.notes[0]
    assert reason in found.notes[0]
    assert order(found) == order(asked(filled, reranker="none"))


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "No reranker of your own"),
        ("nowhere", "no dotted path"),
        ("no_such_package.Thing", "cannot be imported"),
        (f"{__name__}.Missing", "has no class Missing"),
        (f"{__name__}.by_lancedb", "has no class by_lancedb"),
        (f"{__name__}.WantsArguments", "made without arguments"),
        (f"{__name__}.Empty", "no method score"),
        (f"{__name__}.Wants", "needs"),
    ],
)
def test_a_class_that_cannot_be_had_is_explained_where_it_is_picked(
    filled: Workspace, path: str, reason: str
) -> None:
    settings = with_overrides(filled.settings, {"reranking.own": path})
    assert reason in problem_with("own", settings)
    with pytest.raises(MissingDependency, match=r"reranking\.own"):
        get_own(path)
    assert asked(filled, reranker="own", reranking__own=path).reranker == "late-interaction"


def test_a_lancedb_reranker_of_the_users_works(filled: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ByLanceDB", by_lancedb(), raising=False)
    chosen = {"reranker": "own", "reranking__own": f"{__name__}.ByLanceDB"}
    found = asked(filled, **chosen, retrieval__fusion_constant=60)
    assert (found.reranker, found.notes) == ("own", ())
    # LanceDB's fusion of the same two lists, whose constant is 60, must agree with ours.
    own = {hit.chunk.id: round(hit.scores["rerank"] or 0.0, 6) for hit in found.candidates}
    ours = {hit.chunk.id: round(hit.scores["fused"] or 0.0, 6) for hit in found.candidates}
    assert own == ours


def test_a_missing_key_is_asked_for_when_it_is_used(settings: Settings) -> None:
    chosen = with_overrides(settings, {"reranker": "jina"})
    reranker = get_reranker(chosen, HashEmbedder())
    with pytest.raises(MissingDependency, match=r"reranking\.jina_key"):
        reranker.score(Query("x", None, None), [_hit()])  # type: ignore[arg-type]


def test_what_is_sent_elsewhere_to_be_ranked_is_disclosed(settings: Settings) -> None:
    assert "nothing leaves this machine" in who_answers(settings)
    told = who_answers(with_overrides(settings, {"reranker": "cohere"}))
    assert "nothing leaves" not in told
    assert told.endswith("passages of your documents are sent to Cohere.")


def _hit() -> Any:
    from rag.types import Chunk, Hit

    return Hit(Chunk("1", "d", "d", "t", "", "", "", None, 0, 1), scores={"vector": 0.5})
