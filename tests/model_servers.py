"""Stand-ins for model servers on loopback, speaking the protocols of OpenAI and of Ollama exactly.

    with start_openai_server(["Paris [1]."], key="sk-test") as server:
        settings = OpenAISettings(base_url=server.base_url, api_key="sk-test", model=server.models[0])

A `gate` holds a stream open: each piece after the first waits until the event is set, so a test
can press stop in between; `disconnected` tells that the client hung up. They listen on
127.0.0.1 only and answer from their script.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ollama_protocol import OllamaHandler
from openai_protocol import OpenAIHandler
from served_models import ModelServer, Recorded, Replies

__all__ = ["ModelServer", "Recorded", "start_ollama_server", "start_openai_server"]


def start_openai_server(
    replies: Replies, *, models: Sequence[str] = ("small-model", "large-model"), key: str = "", **options: Any
) -> ModelServer:
    """A server whose `base_url` ends in /v1; with `key`, others are refused with 401."""
    return ModelServer(OpenAIHandler, replies, tuple(models), key=key, **options).start()


def start_ollama_server(
    replies: Replies, *, models: Sequence[str] = ("small-model:latest", "large-model:latest"), **options: Any
) -> ModelServer:
    """A server as `ollama serve` starts it; `capabilities` by model name are completion by default."""
    return ModelServer(OllamaHandler, replies, tuple(models), **options).start()
