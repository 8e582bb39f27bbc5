"""Counting tokens: right numbers, no network, linear time."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import tokens
from rag.tokens import OFFLINE_ENCODING, TiktokenCounter, get_token_counter


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def refuse(*arguments: object, **named: object) -> None:
        raise AssertionError("counting tokens must not open a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    get_token_counter.cache_clear()
    yield
    get_token_counter.cache_clear()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("hello world", 2),
        ("tiktoken is great!", 6),  # t-ik-token- is- great-!
    ],
)
def test_known_counts(text: str, expected: int) -> None:
    assert get_token_counter().count(text) == expected


@pytest.mark.parametrize("text", ["<|endoftext|>", "<|fim_prefix|> a <|endofprompt|>"])
def test_special_tokens_are_ordinary_text(text: str) -> None:
    assert get_token_counter().count(text) > 3


@pytest.mark.parametrize("character", ["a", " ", "\n", "字", "é", "-", "1"])
def test_long_runs_take_linear_time(character: str) -> None:
    counter = get_token_counter()
    counter.count("warm")
    started = time.thread_time()
    assert counter.count(character * 400_000) > 1000
    assert time.thread_time() - started < 5


def test_pieces_of_a_long_run_change_nothing_for_ordinary_text() -> None:
    import tiktoken

    text = "The cat sat on the mat. Ends in 1969!\n\n" * 500
    assert get_token_counter().count(text) == len(
        tiktoken.get_encoding(OFFLINE_ENCODING).encode_ordinary(text)
    )


@given(st.text(max_size=300))
def test_any_text_is_counted(text: str) -> None:
    assert 0 <= TiktokenCounter().count(text) <= len(text.encode("utf-8", "surrogatepass"))


def test_lone_surrogates_are_counted() -> None:
    assert get_token_counter().count("a\ud800b") > 0


def test_the_counter_is_cached() -> None:
    assert get_token_counter() is get_token_counter()
    assert get_token_counter("gpt-4o-mini") is get_token_counter("gpt-4o-mini")


@pytest.mark.parametrize(
    "model", [None, "", "gpt-4", "gpt-4o-mini", "gpt-oss-120b", "llama3.2", "o200k_base"]
)
def test_without_cached_files_the_offline_encoding_counts(
    model: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    counter = get_token_counter(model)
    assert counter.name == OFFLINE_ENCODING
    assert counter.count("hello world") == 2


@pytest.mark.parametrize("variable", ["TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR", None])
def test_a_cached_file_is_used_only_when_intact(
    variable: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    monkeypatch.delenv("DATA_GYM_CACHE_DIR", raising=False)
    folder = tmp_path
    if variable:
        monkeypatch.setenv(variable, str(tmp_path))
    else:
        monkeypatch.setattr(tokens.tempfile, "gettempdir", lambda: str(tmp_path))
        folder = tmp_path / "data-gym-cache"
        folder.mkdir()
    address, _ = tokens.DOWNLOADED["o200k_base"]
    content = b"YQ== 0\n"
    monkeypatch.setitem(tokens.DOWNLOADED, "o200k_base", (address, hashlib.sha256(content).hexdigest()))
    file = folder / hashlib.sha1(address.encode()).hexdigest()  # noqa: S324 - tiktoken's file name

    file.write_bytes(b"damaged")
    assert get_token_counter("gpt-4o").name == OFFLINE_ENCODING
    get_token_counter.cache_clear()
    file.write_bytes(content)
    assert get_token_counter("gpt-4o").name == "o200k_base"


def test_an_empty_cache_variable_switches_the_cache_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    assert get_token_counter("gpt-4o").name == OFFLINE_ENCODING
