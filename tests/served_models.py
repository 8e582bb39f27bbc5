"""The running part of a stand-in model server: listening, recording, streaming, failing on request.

The protocols are in openai_protocol.py and ollama_protocol.py; tests start servers by model_servers.py.
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

    rate limit, busy once, back in 3 s, overloaded, overflow, overflow midway, break off, silent, nonsense,
    failure, no usage option, extra fields, no usage, length.
    """

    handler: type[Handler]
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
    #: Sent before the reply, in the field of this name where the protocol leaves a choice.
    thinking: str = ""
    thinking_field: str = "reasoning_content"
    #: The longest context of Ollama's models.
    own_window: int = 131_072
    #: Characters of a piece; 0 for a word each.
    piece_characters: int = 0

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

    def refusal(self) -> tuple[int, str] | None:
        """Status and Retry-After of a server that is busy for the chat just recorded."""
        if self.fault == "rate limit":
            # Longer than any caller may wait, to prove that nobody obeys it.
            return 429, "100"
        if self.fault in ("busy once", "back in 3 s") and len(self.chats) == 1:
            return 429, "3" if self.fault == "back in 3 s" else ""
        return None

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


class Handler(BaseHTTPRequestHandler):
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
        pieces = re.findall(r"\s*\S+\s*$|\s*\S+", reply) or [""]
        if size := server.piece_characters:
            pieces = [reply[start : start + size] for start in range(0, len(reply), size)]
        for place, piece in enumerate(pieces):
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
