"""The protocol of Ollama, as a stand-in speaks it."""

from __future__ import annotations

import json
from typing import Any

from served_models import Handler

CREATED = "2026-01-02T03:04:05.678901Z"
FAMILY = {"parent_model": "", "format": "gguf", "family": "llama", "families": ["llama"]}
DETAILS = {**FAMILY, "parameter_size": "3.2B", "quantization_level": "Q4_K_M"}


class OllamaHandler(Handler):
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
            shown["model_info"] = {"general.architecture": "llama", "llama.context_length": server.own_window}
            shown["capabilities"] = server.capabilities.get(name, ["completion", "tools"])
            self.send_json(200, {**shown, "modified_at": CREATED})
        elif server.fault in ("silent", "nonsense"):
            self.answer_nothing_useful()
        elif busy := server.refusal():
            self.send_json(busy[0], {"error": "too many concurrent requests"}, {"Retry-After": busy[1]})
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

        def think(piece: str) -> None:
            event("", message={"role": "assistant", "content": "", "thinking": piece})

        self.begin_stream("application/x-ndjson")
        if server.fault == "overflow midway":
            self.send_chunk(json.dumps({"error": "the input length exceeds the context length"}) + "\n")
            self.end_stream()
            return
        if server.thinking and not self.send_pieces(server.thinking, think):
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
