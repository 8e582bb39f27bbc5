"""Stand-ins for model servers on loopback, speaking the protocols of OpenAI and of Ollama exactly.

    with start_openai_server(["Paris [1]."], key="sk-test") as server:
        settings = OpenAISettings(base_url=server.base_url, api_key="sk-test", model=server.models[0])

A `gate` holds a stream open: each piece after the first waits until the event is set, so a test
can press stop in between; `disconnected` tells that the client hung up. They listen on
127.0.0.1 only and answer from their script.
"""

from __future__ import annotations

import json
import re
import select
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

CREATED = "2026-01-02T03:04:05.678901Z"
FAMILY = {"parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"]}
DETAILS = {**FAMILY, "parameter_size": "3.2B", "quantization_level": "Q4_K_M"}

Replies = Sequence[str] | Callable[[list[dict[str, Any]]], str]


@dataclass
class Recorded:
    """One request as it arrived; header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class ModelServer:
    """A running stand-in. `fault` chooses a failure for the chats to come; empty for none:

    rate limit, busy once, overloaded, overflow, overflow midway, break off, silent, nonsense,
    failure, no usage option, extra fields, no usage, length.
    """

    handler: type[_Handler]
    replies: Replies
    models: tuple[str, ...]
    key: str = ""
    gate: threading.Event | None = None
    fault: str = ""
    requests: list[Recorded] = field(default_factory=list)
    disconnected: threading.Event = field(default_factory=threading.Event)
    first_piece_sent: threading.Event = field(default_factory=threading.Event)
    capabilities: dict[str, list[str]] = field(default_factory=dict)
    base_url: str = ""

    def start(self) -> Self:
        """Listen on a free port; `base_url` is then the address for the settings."""
        self._stopping = threading.Event()
        self._answered = 0
        bound = type("BoundHandler", (self.handler,), {"model_server": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.base_url = f"http://127.0.0.1:{self._server.server_port}{self.handler.prefix}"
        return self

    def stop(self) -> None:
        """Hang up on everyone and free the port."""
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ignored: object) -> None:
        self.stop()

    @property
    def chats(self) -> list[Recorded]:
        """The requests for a reply, without those for lists of models."""
        return [request for request in self.requests if "messages" in request.body]

    def next_reply(self, messages: list[dict[str, Any]]) -> str:
        """The next of the script; its last one is repeated."""
        if callable(self.replies):
            return self.replies(messages)
        reply = self.replies[min(self._answered, len(self.replies) - 1)]
        self._answered += 1
        return reply

    def wait_for(self, event: threading.Event, connection: socket.socket) -> bool:
        """Wait until the event is set: True; or until the client hangs up or we stop: False."""
        while not event.wait(0.01):
            readable, _, _ = select.select([connection], [], [], 0)
            if readable and not connection.recv(1, socket.MSG_PEEK):
                self.disconnected.set()
                return False
            if self._stopping.is_set():
                return False
        return True


def start_openai_server(
    replies: Replies, *, models: Sequence[str] = ("small-model", "large-model"), key: str = "", **options: Any
) -> ModelServer:
    """A server whose `base_url` ends in /v1; with `key`, others are refused with 401."""
    return ModelServer(_OpenAIHandler, replies, tuple(models), key=key, **options).start()


def start_ollama_server(
    replies: Replies, *, models: Sequence[str] = ("small-model:latest", "large-model:latest"), **options: Any
) -> ModelServer:
    """A server as `ollama serve` starts it; `capabilities` by model name are completion by default."""
    return ModelServer(_OllamaHandler, replies, tuple(models), **options).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    prefix = ""
    model_server: ModelServer

    def log_message(self, *ignored: object) -> None:
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        self._record({})
        self.get()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._record(body)
        self.post(body)

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            self.model_server.disconnected.set()

    def get(self) -> None:
        raise NotImplementedError

    def post(self, body: dict[str, Any]) -> None:
        raise NotImplementedError

    def _record(self, body: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.model_server.requests.append(Recorded(self.path, headers, body))

    def send_json(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        encoded = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(encoded)

    def begin_stream(self, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_chunk(self, text: str) -> None:
        encoded = text.encode()
        self.wfile.write(f"{len(encoded):x}\r\n".encode() + encoded + b"\r\n")
        self.wfile.flush()

    def end_stream(self) -> None:
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def answer_nothing_useful(self) -> None:
        if self.model_server.fault == "silent":
            self.model_server.wait_for(threading.Event(), self.connection)
            self.close_connection = True
            return
        encoded = b"<html><body>It works!</body></html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def send_pieces(self, reply: str, send: Callable[[str], None]) -> bool:
        """Send the reply word by word; False when the stream must not be ended properly."""
        server = self.model_server
        for place, piece in enumerate(re.findall(r"\s*\S+\s*$|\s*\S+", reply) or [""]):
            if place and server.gate is not None and not server.wait_for(server.gate, self.connection):
                self.close_connection = True
                return False
            send(piece)
            server.first_piece_sent.set()
            if server.fault == "break off":
                self.hang_up()
                return False
        return True

    def prompt_tokens(self, body: dict[str, Any]) -> int:
        return sum(len(message["content"].split()) for message in body["messages"])


class _OpenAIHandler(_Handler):
    prefix = "/v1"

    def get(self) -> None:
        if not self._allowed():
            return
        if self.path == "/v1/models":
            if self.model_server.fault == "nonsense":
                self.answer_nothing_useful()
                return
            listed = [
                {"id": name, "object": "model", "created": 1767323045, "owned_by": "askance"}
                for name in self.model_server.models
            ]
            self.send_json(200, {"object": "list", "data": listed})
        else:
            self._fail(404, f"Invalid URL (GET {self.path})", None)

    def post(self, body: dict[str, Any]) -> None:
        if not self._allowed():
            return
        server = self.model_server
        if self.path != "/v1/chat/completions":
            self._fail(404, f"Invalid URL (POST {self.path})", None)
        elif body["model"] not in server.models:
            message = f"The model `{body['model']}` does not exist or you do not have access to it."
            self._fail(404, message, "model_not_found")
        elif server.fault in ("silent", "nonsense"):
            self.answer_nothing_useful()
        elif server.fault == "rate limit" or (server.fault == "busy once" and len(server.chats) == 1):
            # Longer than any caller may wait, to prove that nobody obeys it.
            self._fail(429, "Rate limit reached for requests", "rate_limit_exceeded", {"Retry-After": "100"})
        elif server.fault == "overloaded":
            self._fail(503, "The engine is currently overloaded, please try again later", None)
        elif server.fault == "failure":
            self._fail(500, "The server had an error while processing your request", None)
        elif server.fault == "overflow":
            message = "This model's maximum context length is 8192 tokens; your messages have 9001."
            self._fail(400, message, "context_length_exceeded")
        elif server.fault == "no usage option" and "stream_options" in body:
            self._fail(400, "Unrecognized request argument supplied: stream_options", None)
        elif server.fault == "extra fields" and "stream_options" in body:
            self.send_json(422, {"detail": [{"type": "extra_forbidden", "msg": "Extra inputs"}]})
        else:
            self._stream(body)

    def _stream(self, body: dict[str, Any]) -> None:
        server = self.model_server
        with_usage = bool(body.get("stream_options", {}).get("include_usage"))
        with_usage = with_usage and server.fault != "no usage"
        sent = 0

        def event(choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> None:
            content: dict[str, Any] = {
                "id": "chatcmpl-1",
                "object": "chat.completion.chunk",
                "created": 1767323045,
                "model": body["model"],
                "system_fingerprint": "fp_1",
                "choices": choices,
            }
            if with_usage:
                content["usage"] = usage
            self.send_chunk(f"data: {json.dumps(content)}\n\n")

        def choice(delta: dict[str, str], finish_reason: str | None = None) -> list[dict[str, Any]]:
            return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]

        def send(piece: str) -> None:
            nonlocal sent
            sent += 1
            event(choice({"content": piece}))

        self.begin_stream("text/event-stream; charset=utf-8")
        event(choice({"role": "assistant", "content": ""}))
        if server.fault == "overflow midway":
            message = "the request exceeds the available context size"
            failure = {"error": {"message": message, "type": "exceed_context_size_error", "code": 400}}
            self.send_chunk(f"data: {json.dumps(failure)}\n\n")
            self.end_stream()
            return
        if not self.send_pieces(server.next_reply(body["messages"]), send):
            return
        event(choice({}, "length" if server.fault == "length" else "stop"))
        if with_usage:
            prompt = self.prompt_tokens(body)
            event([], {"prompt_tokens": prompt, "completion_tokens": sent, "total_tokens": prompt + sent})
        self.send_chunk("data: [DONE]\n\n")
        self.end_stream()

    def _allowed(self) -> bool:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.model_server.key and given != self.model_server.key:
            # Some servers repeat the key in clear; the message must lose it on its way to the page.
            self._fail(401, f"Incorrect API key provided: {given}.", "invalid_api_key")
            return False
        return True

    def _fail(
        self, status: int, message: str, code: str | None, headers: dict[str, str] | None = None
    ) -> None:
        failure = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
        self.send_json(status, {"error": failure}, headers)


class _OllamaHandler(_Handler):
    def get(self) -> None:
        server = self.model_server
        if self.path == "/api/version":
            self.send_json(200, {"version": "0.35.0"})
        elif self.path == "/api/tags":
            if server.fault == "nonsense":
                self.answer_nothing_useful()
                return
            listed = [
                {
                    "name": name,
                    "model": name,
                    "modified_at": CREATED,
                    "size": 2019393189,
                    "digest": "a80c4f17acd55265feec403c7aef86be0c25983ab279d83f3bcd3abbcb5b8b72",
                    "details": DETAILS,
                }
                for name in server.models
            ]
            self.send_json(200, {"models": listed})
        else:
            self.send_json(404, {"error": "not found"})

    def post(self, body: dict[str, Any]) -> None:
        server = self.model_server
        name = body.get("model", "")
        known = name in server.models or f"{name}:latest" in server.models
        if self.path not in ("/api/chat", "/api/show"):
            self.send_json(404, {"error": "not found"})
        elif not known:
            self.send_json(404, {"error": f"model '{name}' not found"})
        elif self.path == "/api/show":
            shown: dict[str, Any] = {"modelfile": "FROM model", "parameters": "", "details": DETAILS}
            shown["template"] = "{{ .Prompt }}"
            shown["model_info"] = {"general.architecture": "llama", "llama.context_length": 131072}
            shown["capabilities"] = server.capabilities.get(name, ["completion", "tools"])
            self.send_json(200, {**shown, "modified_at": CREATED})
        elif server.fault in ("silent", "nonsense"):
            self.answer_nothing_useful()
        elif server.fault == "rate limit" or (server.fault == "busy once" and len(server.chats) == 1):
            self.send_json(429, {"error": "too many concurrent requests"}, {"Retry-After": "100"})
        elif server.fault == "overloaded":
            message = "server busy, please try again.  maximum pending requests exceeded"
            self.send_json(503, {"error": message})
        elif server.fault == "failure":
            self.send_json(500, {"error": "model requires more system memory (5.5 GiB) than is available"})
        elif server.fault == "overflow":
            self.send_json(400, {"error": "the input length exceeds the context length"})
        else:
            self._stream(body)

    def _stream(self, body: dict[str, Any]) -> None:
        server = self.model_server
        sent = 0

        def event(text: str, **more: Any) -> None:
            message = {"role": "assistant", "content": text}
            content = {"model": body["model"], "created_at": CREATED, "message": message, "done": False}
            self.send_chunk(json.dumps(content | more) + "\n")

        def send(piece: str) -> None:
            nonlocal sent
            sent += 1
            event(piece)

        self.begin_stream("application/x-ndjson")
        if server.fault == "overflow midway":
            self.send_chunk(json.dumps({"error": "the input length exceeds the context length"}) + "\n")
            self.end_stream()
            return
        if not self.send_pieces(server.next_reply(body["messages"]), send):
            return
        counts = {"prompt_eval_count": self.prompt_tokens(body), "eval_count": sent}
        reason = "length" if server.fault == "length" else "stop"
        durations = {"total_duration": 4883583458, "load_duration": 1334875, "eval_duration": 4535599000}
        event(
            "", done=True, done_reason=reason, **durations, **({} if server.fault == "no usage" else counts)
        )
        self.end_stream()
