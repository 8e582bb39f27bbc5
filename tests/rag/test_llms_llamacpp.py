"""The OpenAI adapter against a real llama.cpp server with a small model, both from the package registry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from llama_server import small_model

from rag.llm_openai import OpenAIChatModel
from rag.settings import OpenAISettings
from rag.types import Message

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIChatModel]:
    with small_model(1024, 24) as (address, name):
        yield OpenAIChatModel(OpenAISettings(base_url=address, model=name, timeout_seconds=120))


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
