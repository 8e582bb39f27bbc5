"""Tokens and their price: counted by the model's tokenizer, or estimated and set right by its server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from corpus import fill
from model_servers import ModelServer, start_ollama_server, start_openai_server

from rag.answer import Reply, ask
from rag.errors import StoreError
from rag.prices import price_in_words, price_of
from rag.settings import Settings, with_overrides
from rag.token_ratios import FILE, counter_for, learn, ratio_of
from rag.tokens import get_token_counter, is_own_encoding
from rag.workspace import Workspace

QUESTION = "At what pressure does the relief valve of boiler 7 open?"
MODEL = "small-model:latest"


@pytest.fixture(params=["openai", "ollama"])
def server(request: pytest.FixtureRequest) -> Iterator[ModelServer]:
    start = start_openai_server if request.param == "openai" else start_ollama_server
    with start(["It opens at 8.8 bar [1]."], models=(MODEL,)) as running:
        yield running


@pytest.fixture
def priced(settings: Settings, server: ModelServer) -> Settings:
    kind = "openai" if server.base_url.endswith("/v1") else "ollama"
    address = "base_url" if kind == "openai" else "host"
    own = {"kind": kind, address: server.base_url, "model": MODEL, "input_price": 2.0, "output_price": 10.0}
    changes = {f"models.own.{leaf}": value for leaf, value in own.items()}
    return with_overrides(settings, {**changes, "answer.model": "own", "answer.decline_below": 0.0})


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    fill(workspace)
    return workspace


def replied(workspace: Workspace, settings: Settings) -> Reply:
    reply = ask(QUESTION, table=workspace.table("default"), settings=settings)
    list(reply)
    return reply


def test_counts_are_set_right_by_what_the_server_reports(filled: Workspace, priced: Settings) -> None:
    first = replied(filled, priced)
    assert (first.tokens["own_tokenizer"], first.tokens["learned"]) == (False, 0)
    second = replied(filled, priced)
    assert second.tokens["learned"] == 1
    before, after = (abs(own.tokens["total"] - own.tokens["prompt"]) for own in (first, second))
    assert after < before / 2, "the ledger comes nearer to the model's own count"
    assert "×" in counter_for(priced.data_dir, MODEL).name


def test_an_answer_costs_its_tokens(filled: Workspace, priced: Settings) -> None:
    tokens = replied(filled, priced).tokens
    assert tokens["price"] == pytest.approx((tokens["prompt"] * 2 + tokens["answer"] * 10) / 1_000_000)
    assert tokens["currency"] == "USD"
    assert (
        "price"
        not in replied(
            filled, with_overrides(priced, {"models.own.input_price": 0, "models.own.output_price": 0})
        ).tokens
    )


def test_time_to_the_first_words_is_kept(filled: Workspace, priced: Settings) -> None:
    times = replied(filled, priced).milliseconds
    assert 0 < times["first"] <= times["answer"] <= times["total"]


def test_what_a_server_does_not_report_teaches_nothing(
    filled: Workspace, priced: Settings, server: ModelServer
) -> None:
    server.fault = "no usage"
    reply = replied(filled, priced)
    assert reply.tokens["estimated"]
    assert ratio_of(priced.data_dir, MODEL).answers == 0


def test_ratios_follow_the_last_answers_and_ignore_what_cannot_be(settings: Settings) -> None:
    folder = settings.data_dir
    assert not learn(folder, MODEL, 1000, 20), "a prompt that was mostly cached"
    for _ in range(3):
        assert learn(folder, MODEL, 1000, 1500)
    assert ratio_of(folder, MODEL).value == pytest.approx(1.5)
    for _ in range(30):
        learn(folder, MODEL, 1000, 1200)
    assert ratio_of(folder, MODEL).value == pytest.approx(1.2, abs=0.03)
    text = "Ten words make more tokens than ten when counted so."
    assert counter_for(folder, MODEL).count(text) > get_token_counter(MODEL).count(text)
    assert ratio_of(folder, "another").answers == 0


def test_openais_models_keep_tiktokens_counts(settings: Settings) -> None:
    assert is_own_encoding("gpt-4")
    assert not is_own_encoding("llama3.2:latest")
    assert not learn(settings.data_dir, "gpt-4", 1000, 1500)
    assert counter_for(settings.data_dir, "gpt-4").name == get_token_counter("gpt-4").name


def test_a_broken_file_says_what_to_do(settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True)
    (settings.data_dir / FILE).write_text("[1]")
    with pytest.raises(StoreError, match="Remove it"):
        ratio_of(settings.data_dir, MODEL)


@pytest.mark.parametrize(
    ("price", "words"),
    [(1.254, "1.25 USD"), (0.0, "0.00 USD"), (0.0421, "0.042 USD"), (0.0000123, "0.000012 USD")],
)
def test_prices_have_the_places_that_tell_something(price: float, words: str) -> None:
    assert price_in_words(price, "USD") == words


def test_quotes_cost_nothing_and_say_nothing(settings: Settings) -> None:
    assert price_of(settings, "extractive", 1000) is None
    assert price_of(settings, "openai", 1000) is None
