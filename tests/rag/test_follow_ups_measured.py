"""Follow-ups of real conversations (mtrag_rewrites): do rewritten questions hold the words of the given ones?

Of all 777, by rules and, slowly, by a small real model; the figures are in benchmarks/README.md.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from llama_server import small_model

from benchmarks.evaluation_sets import DEFAULT_DATA
from benchmarks.follow_ups import figures_of
from rag.follow_up import by_model, by_rules, leans
from rag.llm_openai import OpenAIChatModel
from rag.settings import OpenAISettings

FILE = DEFAULT_DATA / "mtrag_rewrites" / "rewrites.jsonl"

pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the evaluation data is not here")


def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def test_the_rules_keep_their_recall_on_all_of_them() -> None:
    everything = rows()
    assert len(everything) == 777
    asked = figures_of(everything, lambda question, earlier: question)
    ruled = figures_of(everything, lambda question, earlier: by_rules(question, earlier).text)
    assert ruled["recall"] >= 0.75 > asked["recall"]
    assert ruled["precision"] >= 0.63


@pytest.mark.slow
def test_a_real_small_model_keeps_its_recall_on_all_of_them() -> None:
    everything, by = rows(), Counter[str]()
    with small_model(2048, 96) as (address, name):
        model = OpenAIChatModel(OpenAISettings(base_url=address, model=name, timeout_seconds=120))

        def rewritten(question: str, earlier: list[str]) -> str:
            own = by_model(question, earlier, lambda: model)
            by[own.by] += 1
            return own.text

        modelled = figures_of(everything, rewritten)
    # So small a model mostly rambles, and rules take its place: .723 and .524 when this was written, as asked
    # .702 and .400.
    assert modelled["recall"] >= 0.7, modelled
    assert modelled["recall, where needed"] >= 0.45, modelled
    leaning = sum(bool(row["user_turns"][:-1]) and leans(row["last_turn"]) for row in everything)
    assert by[name] > leaning / 10, by
