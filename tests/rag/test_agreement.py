"""Settings that must agree: budgets with the window, passages with overlap, keys with their server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.agreement import check_budgets, check_key_stays, check_passages, check_search, left_of_window
from rag.errors import SettingsError
from rag.retrieval_settings import RetrievalSettings
from rag.settings import AnswerSettings, ChunkingSettings, OpenAISettings, Settings


def test_the_defaults_agree() -> None:
    defaults = Settings()
    check_budgets(defaults.answer)
    check_passages(defaults.chunking)
    check_search(defaults.retrieval)
    check_key_stays(defaults.openai, defaults.openai)


def test_budgets_must_fit_into_the_window_with_the_instructions() -> None:
    budgets = AnswerSettings(context_tokens=2000, history_tokens=500, reserve_tokens=500, window_tokens=3400)
    assert left_of_window(budgets) == 400
    check_budgets(budgets)
    with pytest.raises(SettingsError, match=r"claim 3,001 tokens.*holds 3,400"):
        check_budgets(replace(budgets, reserve_tokens=501))


@pytest.mark.parametrize("name", ["overlap_tokens", "header_tokens"])
def test_half_of_a_passage_is_its_own(name: str) -> None:
    short = ChunkingSettings(max_tokens=64, overlap_tokens=0, header_tokens=0)
    check_passages(replace(short, **{name: 32}))
    with pytest.raises(SettingsError, match=f"chunking.{name} = 33 .* 32 or less"):
        check_passages(replace(short, **{name: 33}))


def test_no_more_are_kept_than_fetched() -> None:
    check_search(RetrievalSettings(k=5, candidates=5))
    with pytest.raises(SettingsError, match="6 passages"):
        check_search(RetrievalSettings(k=6, candidates=5))


@pytest.mark.parametrize(
    ("address", "key", "allowed"),
    [
        ("https://one.example/v2", "sk-kept", True),
        ("https://ONE.example/v1", "sk-kept", True),
        ("https://two.example/v1", "sk-kept", False),
        ("http://one.example/v1", "sk-kept", False),
        ("https://one.example:8443/v1", "sk-kept", False),
        ("https://one.example@two.example/v1", "sk-kept", False),
        ("https://two.example/v1", "sk-new", True),
        ("https://two.example/v1", "", True),
    ],
)
def test_a_kept_key_goes_to_no_other_server(address: str, key: str, allowed: bool) -> None:
    before = OpenAISettings(base_url="https://one.example/v1", api_key="sk-kept")
    after = replace(before, base_url=address, api_key=key)
    if allowed:
        check_key_stays(before, after)
        return
    with pytest.raises(SettingsError, match=r"belongs to https://one\.example") as caught:
        check_key_stays(before, after)
    assert "sk-kept" not in str(caught.value)


def test_without_a_kept_key_any_address_is_free() -> None:
    before = OpenAISettings(base_url="https://one.example/v1")
    check_key_stays(before, replace(before, base_url="https://two.example/v1"))
