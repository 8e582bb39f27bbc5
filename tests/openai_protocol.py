"""The protocol of OpenAI-compatible servers, as a stand-in speaks it."""

from __future__ import annotations

import json
from typing import Any

from served_models import Handler


class OpenAIHandler(Handler):
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
        if self.path.partition("?")[0] != "/v1/chat/completions":
            self._fail(404, f"Invalid URL (POST {self.path})", None)
        elif body["model"] not in server.models:
            message = f"The model `{body['model']}` does not exist or you do not have access to it."
            self._fail(404, message, "model_not_found")
        elif server.fault in ("silent", "nonsense"):
            self.answer_nothing_useful()
        elif busy := server.refusal():
            message, header = "Rate limit reached for requests", {"Retry-After": busy[1]}
            self._fail(busy[0], message, "rate_limit_exceeded", header)
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

        def think(piece: str) -> None:
            event(choice({server.thinking_field: piece}))

        self.begin_stream("text/event-stream; charset=utf-8")
        event(choice({"role": "assistant", "content": ""}))
        if server.fault == "overflow midway":
            message = "the request exceeds the available context size"
            failure = {"error": {"message": message, "type": "exceed_context_size_error", "code": 400}}
            self.send_chunk(f"data: {json.dumps(failure)}\n\n")
            self.end_stream()
            return
        if server.thinking and not self.send_pieces(server.thinking, think):
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
