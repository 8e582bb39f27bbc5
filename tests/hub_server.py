"""A stand-in for the model hub on loopback: lists a model's files and gives them out.

    with HubServer({"some/model": {"config.json": b"{}"}}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)

With a `gate`, a file of weights stops after its first half until the event is set.
"""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import unquote, urlsplit


class HubServer:
    """`models` maps names to files; `asked` holds the paths of files given out.

    `damaged` names files whose bytes are not those listed, `private` models that need a licence;
    a `silent` hub accepts connections and says nothing.
    """

    def __init__(
        self,
        models: dict[str, dict[str, bytes]],
        *,
        gate: threading.Event | None = None,
        damaged: tuple[str, ...] = (),
        private: tuple[str, ...] = (),
        silent: bool = False,
    ) -> None:
        self.models = models
        self.gate = gate
        self.damaged = damaged
        self.private = private
        self.silent = silent
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.half_sent = threading.Event()
        self.stopping = threading.Event()

    def __enter__(self) -> Self:
        bound = type("BoundHandler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *ignored: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def commit(self, name: str) -> str:
        """The version of a model, made from its content."""
        return hashlib.sha1(
            repr(sorted(self.models[name].items())).encode(), usedforsecurity=False
        ).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: HubServer

    def log_message(self, *ignored: object) -> None:
        """Keep the test's output clean."""

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        self.hub.headers.append({name.lower(): value for name, value in self.headers.items()})
        if self.hub.silent:
            self.hub.stopping.wait()
            self.close_connection = True
            return
        path = unquote(urlsplit(self.path).path)
        if path.startswith("/api/models/"):
            self._list(path.removeprefix("/api/models/"))
            return
        name, _, rest = path.lstrip("/").partition("/resolve/")
        file = rest.partition("/")[2]
        self._give(name, file, with_body)

    def _list(self, name: str) -> None:
        if name in self.hub.private:
            self._send(403, b"{}", {"X-Error-Code": "GatedRepo"}, True)
            return
        if name not in self.hub.models:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, True)
            return
        siblings: list[dict[str, Any]] = []
        for file, content in self.hub.models[name].items():
            listed: dict[str, Any] = {"rfilename": file, "size": len(content), "blobId": "0" * 40}
            if file.endswith(".safetensors"):
                sha256 = hashlib.sha256(content).hexdigest()
                listed["lfs"] = {"sha256": sha256, "size": len(content), "pointerSize": 134}
            siblings.append(listed)
        answer = {"_id": "1", "id": name, "modelId": name, "sha": self.hub.commit(name), "siblings": siblings}
        self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"}, True)

    def _give(self, name: str, file: str, with_body: bool) -> None:
        content = self.hub.models[name][file]
        headers = {
            "X-Repo-Commit": self.hub.commit(name),
            "ETag": f'"{hashlib.sha1(content, usedforsecurity=False).hexdigest()}"',
            "X-Linked-Size": str(len(content)),
        }
        if with_body:
            self.hub.asked.append(file)
        if file in self.hub.damaged:
            content = content[::-1]
        self._send(200, content, headers, with_body, halting=file.endswith(".safetensors"))

    def _send(
        self, status: int, body: bytes, headers: dict[str, str], with_body: bool, *, halting: bool = False
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if not with_body:
            return
        if halting and self.hub.gate is not None:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.hub.half_sent.set()
            while not self.hub.gate.wait(0.02):
                if self.hub.stopping.is_set():
                    self.close_connection = True
                    return
            body = body[len(body) // 2 :]
        self.wfile.write(body)
