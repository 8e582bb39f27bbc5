"""Stand-ins on loopback for ranking services, and for the packages that speak to two of them.

    with start_rerank_server() as server:
        settings = with_overrides(settings, {"reranking.jina_url": server.base_url + "/v1/rerank"})

Scores are the share of a question's words that a document has, so they are the same at each asking.
The packages cohere and voyageai are no dependency; their stand-ins have the one call that LanceDB
makes of them, and pass it on over HTTP.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType, SimpleNamespace
from typing import Any, Self


@dataclass
class RerankServer:
    """A running stand-in. `fault`: "" for none, or refused, nonsense, short, not a number."""

    fault: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    gate: threading.Event | None = None
    base_url: str = ""

    def start(self) -> Self:
        """Listen on a free port."""
        bound = type("BoundHandler", (_Handler,), {"rerank_server": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ignored: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def start_rerank_server(**options: Any) -> RerankServer:
    """A server that speaks Jina's protocol at /v1/rerank, and scores for OpenAI's at /v1/chat/completions."""
    return RerankServer(**options).start()


def overlap(question: str, document: str) -> float:
    """The share of the question's words that the document has."""
    wanted = set(question.lower().split())
    return len(wanted & set(document.lower().split())) / max(len(wanted), 1)


class _Handler(BaseHTTPRequestHandler):
    rerank_server: RerankServer

    def log_message(self, *ignored: object) -> None:
        """Keep the test's output clean."""

    def do_POST(self) -> None:
        server = self.rerank_server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server.requests.append(body)
        server.keys.append(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if server.gate is not None:
            server.gate.wait(20)
        if server.fault == "refused":
            self._send(401, {"detail": "invalid key"})
        elif server.fault == "nonsense":
            self._send(200, {"hello": "world", "detail": "no such thing"})
        elif self.path == "/v1/chat/completions":
            self._send(200, self._completion(body))
        else:
            self._send(200, {"results": self._results(body)})

    def _results(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        scored = [
            {"index": place, "relevance_score": overlap(body["query"], document)}
            for place, document in enumerate(body["documents"])
        ]
        if self.rerank_server.fault == "short":
            scored = scored[:-1]
        if self.rerank_server.fault == "not a number":
            scored[0]["relevance_score"] = float("nan")
        return sorted(scored, key=lambda own: -own["relevance_score"])

    def _completion(self, body: dict[str, Any]) -> dict[str, Any]:
        """What LanceDB's prompt asks for: the documents with their scores, in an order of the model's own."""
        import ast

        question, _, listed = body["messages"][-1]["content"].removeprefix("Query: ").partition(" Docs: ")
        documents = [
            {"content": own, "relevance_score": overlap(question, own)} for own in ast.literal_eval(listed)
        ]
        if self.rerank_server.fault == "short":
            documents = documents[:-1]
        if self.rerank_server.fault == "not a number":
            documents[0]["relevance_score"] = float("nan")
        documents.sort(key=lambda own: own["content"])
        content = json.dumps({"documents": documents})
        message = {"role": "assistant", "content": content}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1767323045,
            "model": body["model"],
            "choices": [choice],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }

    def _send(self, status: int, content: Any) -> None:
        encoded = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)


def stand_in_package(name: str, server: RerankServer) -> ModuleType:
    """A module with the client that LanceDB calls: `Client(api_key=...).rerank(query, documents, ...)`."""

    class Client:
        def __init__(self, api_key: str, **ignored: Any) -> None:
            self._key = api_key

        def rerank(self, query: str, documents: list[str], model: str, **ignored: Any) -> Any:
            request = urllib.request.Request(  # noqa: S310 (loopback)
                f"{server.base_url}/v1/rerank",
                json.dumps({"query": query, "documents": documents, "model": model}).encode(),
                {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                found = json.loads(answer.read())["results"]
            return SimpleNamespace(results=[SimpleNamespace(**own) for own in found])

    module = ModuleType(name)
    module.__spec__ = SimpleNamespace(name=name)  # type: ignore[assignment]
    module.Client = Client  # type: ignore[attr-defined]
    return module


def stand_in_colbert() -> ModuleType:
    """The package rerankers as LanceDB's ColBERT calls it; its model is the overlap of words."""

    class Reranker:
        def __init__(self, **ignored: Any) -> None:
            pass

        def rank(self, query: str, documents: list[str], doc_ids: list[int]) -> Any:
            scores = {number: overlap(query, own) for number, own in zip(doc_ids, documents, strict=True)}
            return SimpleNamespace(get_result_by_docid=lambda number: SimpleNamespace(score=scores[number]))

    module = ModuleType("rerankers")
    module.__spec__ = SimpleNamespace(name="rerankers")  # type: ignore[assignment]
    module.Reranker = Reranker  # type: ignore[attr-defined]
    return module
