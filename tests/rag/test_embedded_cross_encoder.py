"""The cross-encoder that comes with Askance: what it computes, what ships, what it says when it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.embedders import get_embedder
from rag.errors import ModelNotAvailable
from rag.late_interaction import passage_scores
from rag.minilm import WEIGHTS_SHA256
from rag.rerankers import get_reranker, problem_with
from rag.rerankers.embedded import WEIGHTS, EmbeddedCrossEncoder, untrained_reader
from rag.settings import Settings, with_overrides
from rag.types import Query

PASSAGES = [
    "The relief valve opens at 8.8 bar and closes again at 7.9 bar.",
    "Parental leave lasts 26 weeks; " + "the rest of this passage speaks of other things. " * 20,
    "Trees were grafted in March.",
    "valve",
]
QUESTION = "At which pressure does the relief valve open?"


@pytest.fixture(scope="module")
def shipped() -> EmbeddedCrossEncoder:
    return EmbeddedCrossEncoder()


def scores_of(reader: Any, passages: list[str]) -> np.ndarray[Any, Any]:
    import torch

    with torch.inference_mode():
        found = reader(reader.preprocess([(QUESTION, passage) for passage in passages]))["scores"]
    return np.asarray(found.float()[:, 0])


def written(file: Path, updates: dict[str, Any], **described: str) -> Path:
    from safetensors.torch import save_file

    save_file(updates, file, metadata={"base": WEIGHTS_SHA256, "apart": "3", "reserve": "2.0", **described})
    return file


def no_updates() -> dict[str, Any]:
    import torch

    path = "3.attention.self.query"
    return {
        "word_weight": torch.zeros(1, 384),
        f"{path}.down": torch.ones(2, 384),
        f"{path}.up": torch.zeros(384, 2),
    }


def test_read_apart_throughout_it_is_late_interaction(settings: Settings) -> None:
    embedder = get_embedder(
        with_overrides(settings, {"embedding.model": "minilm", "embedding.precision": "fp32"}).embedding
    )
    _, query = embedder.embed_with_tokens([QUESTION], query=True)
    _, tokens = embedder.embed_with_tokens(PASSAGES)
    found = scores_of(untrained_reader(apart=6), PASSAGES)
    np.testing.assert_allclose(found, passage_scores(query[0], tokens), atol=1e-5)


def test_updates_are_merged_into_the_layers(tmp_path: Path) -> None:
    same = EmbeddedCrossEncoder(written(tmp_path / "same.safetensors", no_updates()))
    pairs = [(QUESTION, passage) for passage in PASSAGES]
    np.testing.assert_allclose(same.read_pairs(pairs), scores_of(untrained_reader(), PASSAGES), atol=1e-5)
    updates = no_updates()
    updates["3.attention.self.query.up"] += 0.1
    other = EmbeddedCrossEncoder(written(tmp_path / "other.safetensors", updates))
    assert np.abs(np.subtract(other.read_pairs(pairs), same.read_pairs(pairs))).max() > 1e-3


def test_words_count_by_their_learnt_weight(tmp_path: Path) -> None:
    updates = no_updates()
    updates["word_weight"] += 0.2
    weighted = EmbeddedCrossEncoder(written(tmp_path / "weighted.safetensors", updates))
    plain = scores_of(untrained_reader(), PASSAGES)
    assert np.abs(np.subtract(weighted.read_pairs([(QUESTION, own) for own in PASSAGES]), plain)).max() > 1e-3


def test_what_ships_is_small_and_puts_the_answer_first(shipped: EmbeddedCrossEncoder) -> None:
    from sentence_transformers import CrossEncoder

    assert WEIGHTS.stat().st_size < 8_000_000
    shipped.prepare()
    assert isinstance(shipped._loaded(), CrossEncoder)
    scores = shipped.read_pairs([(QUESTION, passage) for passage in PASSAGES])
    assert int(np.argmax(scores)) == 0


def test_a_score_depends_on_no_other_passage(shipped: EmbeddedCrossEncoder) -> None:
    together = shipped.read_pairs([(QUESTION, passage) for passage in PASSAGES])
    alone = [shipped.read_pairs([(QUESTION, passage)])[0] for passage in PASSAGES]
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_it_computes_in_the_embedders_arithmetic_with_like_order(shipped: EmbeddedCrossEncoder) -> None:
    pairs = [(QUESTION, passage) for passage in PASSAGES]
    rounded = EmbeddedCrossEncoder(precision="bf16").read_pairs(pairs)
    np.testing.assert_allclose(rounded, shipped.read_pairs(pairs), atol=0.03)


def test_empty_question_and_passage_have_a_score(shipped: EmbeddedCrossEncoder) -> None:
    assert np.isfinite(shipped.read_pairs([("", "valve"), ("valve", ""), ("", "")])).all()
    assert shipped.read_pairs([]) == []


def test_it_is_offered_and_chosen_by_its_name(settings: Settings) -> None:
    assert problem_with("embedded-cross-encoder", settings) == ""
    chosen = get_reranker(
        with_overrides(settings, {"reranker": "embedded-cross-encoder"}), get_embedder(settings.embedding)
    )
    assert chosen.name == "embedded-cross-encoder"
    assert chosen.effort == "reading"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "are not there", id="absent"),
        pytest.param(b"no weights", "cannot be read", id="damaged"),
        pytest.param(b"", "cannot be read", id="empty"),
    ],
)
def test_weights_that_cannot_be_used_are_explained(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "cross_encoder.safetensors"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelNotAvailable, match=said) as caught:
        EmbeddedCrossEncoder(file).read(Query(QUESTION, np.zeros(1), np.zeros((0, 1))), PASSAGES)
    assert str(file) in str(caught.value)
    assert "choose another reranker" in str(caught.value)


def test_weights_of_another_base_are_refused(tmp_path: Path) -> None:
    file = written(tmp_path / "cross_encoder.safetensors", no_updates(), base="0" * 64)
    with pytest.raises(ModelNotAvailable, match="another embedding model"):
        EmbeddedCrossEncoder(file).prepare()
