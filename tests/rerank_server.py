"""A stand-in on loopback for ranking services, each with its own answers and its own way to refuse.

    with start_rerank_server() as server:
        settings = with_overrides(settings, {"reranking.jina_url": server.base_url + "/v1/rerank"})

Scores are the share of a question's words that a document has, so they are the same at each asking.
Cohere's are under /cohere, Voyage's under /voyage; every other path ending in /rerank is Jina's.
"""

from __future__ import annotations

import ast
import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass
class RerankServer:
    """A running stand-in. `fault`: "" for none, or refused, busy, broken, nonsense, short, not a number."""

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
    """A server of Jina's protocol at /v1/rerank, OpenAI's at /v1/chat/completions, and the two above."""
    return RerankServer(**options).start()


#: What a fault is by HTTP, and in the service's words.
REFUSALS = {
    "refused": (401, "invalid api token"),
    "busy": (429, "You are over your rate limit."),
    "broken": (500, "internal server error"),
}


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
        if server.fault in REFUSALS:
            status, words = REFUSALS[server.fault]
            self._send(status, self._refusal(words))
        elif server.fault == "nonsense":
            self._send(200, {"hello": "world", "detail": "no such thing"})
        elif self.path == "/v1/chat/completions":
            self._send(200, self._completion(body))
        elif self.path.startswith("/voyage"):
            usage = {"total_tokens": 26}
            listed = {"object": "list", "data": self._results(body), "model": body["model"], "usage": usage}
            self._send(200, listed)
        elif self.path.startswith("/cohere"):
            meta = {"api_version": {"version": "1"}, "billed_units": {"search_units": 1}}
            self._send(200, {"id": "07734bd2", "results": self._results(body), "meta": meta})
        else:
            results = [
                {**own, "document": {"text": body["documents"][own["index"]]}} for own in self._results(body)
            ]
            self._send(200, {"model": body["model"], "usage": {"total_tokens": 26}, "results": results})

    def _refusal(self, words: str) -> dict[str, Any]:
        if self.path.startswith("/cohere"):
            return {"id": "07734bd2", "message": words}
        if self.path == "/v1/chat/completions":
            return {"error": {"message": words, "type": "requests", "param": None, "code": None}}
        return {"detail": words}

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
        """What LanceDB's prompt asks for: documents with scores, as a model writes them.

        In an order of its own, equal ones once, without blanks at the ends.
        """
        question, _, listed = body["messages"][-1]["content"].removeprefix("Query: ").partition(" Docs: ")
        documents = [
            {"content": own.strip(), "relevance_score": overlap(question, own)}
            for own in dict.fromkeys(ast.literal_eval(listed))
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
        # Who waited no longer has gone.
        with suppress(OSError):
            self.end_headers()
            self.wfile.write(encoded)
