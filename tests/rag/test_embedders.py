"""One body of tests over every embedder, then what is special to the built-in one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import Metaspace

from rag.embedders import LONGEST_WORD, Embedder, get_embedder
from rag.errors import ModelNotAvailable, SettingsError
from rag.hash_embedder import HashEmbedder
from rag.late_interaction import pack_signs
from rag.minilm import packaged_minilm
from rag.model_threads import for_each_batch
from rag.recorded_embedder import embedder_that_made
from rag.settings import EmbeddingSettings

TEXTS = ["The relief valve opens at 9.4 bar.", "", "漢字 and café", "word " * 500]


@pytest.fixture(params=["hash", "minilm"])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    return get_embedder(EmbeddingSettings(model=request.param))


def test_vectors_have_unit_length(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-4)


def test_one_pass_gives_the_same_vectors_and_a_row_a_token(embedder: Embedder) -> None:
    vectors, tokens = embedder.embed_with_tokens(TEXTS)
    assert (embedder.embed(TEXTS) * vectors).sum(axis=1) == pytest.approx(1, abs=1e-3)
    for text, own in zip(TEXTS, tokens, strict=True):
        seen = embedder.max_tokens - embedder.special_tokens
        assert len(own) == min(len(embedder.token_spans(text)), seen)
        np.testing.assert_allclose(np.linalg.norm(own, axis=1), 1, rtol=1e-3)


def test_signs_are_those_of_the_token_vectors(embedder: Embedder) -> None:
    expected, tokens = embedder.embed_with_tokens(TEXTS)
    vectors, signs = embedder.embed_with_signs(TEXTS)
    np.testing.assert_array_equal(vectors, expected)
    assert signs == [pack_signs(own) for own in tokens]
    assert len(signs[0]) == len(tokens[0]) * embedder.dimension // 8


def test_tokens_cut_out_of_a_whole_text_embed_as_the_part_alone(embedder: Embedder) -> None:
    text = "Unaffable plumbers re-tighten P-118B, 9.4 bar: na\u00efve \u6f22\u5b57 [SEP] \x0cand so\x0con."
    whole = embedder.tokenised(text)
    assert whole.spans == embedder.token_spans(text)
    borders = [0, *(place for place, letter in enumerate(text) if not letter.isalnum()), len(text)]
    parts = [(start, end) for start in borders for end in borders if start < end]
    texts = [text[start:end] for start, end in parts]
    ids = [whole.part(start, end) for start, end in parts]
    expected, signs = embedder.embed_with_signs(texts)
    vectors, own = embedder.embed_with_signs(texts, ids)
    assert own == signs
    assert (vectors * expected).sum(axis=1) == pytest.approx(1, abs=2e-3)


def test_parts_of_words_have_no_tokens_of_their_own() -> None:
    minilm = get_embedder(EmbeddingSettings())
    whole = minilm.tokenised("unaffable plumbers and so\x0con")
    assert [minilm.tokenised("plumbers").ids.tolist()] == [whole.part(10, 18).tolist()]  # type: ignore[union-attr]
    assert whole.part(0, 5) is None
    assert whole.part(3, 18) is None
    # A form feed is no blank to this model: it reads "soon".
    assert whole.part(0, 25) is None


def test_a_model_whose_words_hang_together_tells_no_tokens(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "byte-pairs")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.pre_tokenizer = Metaspace()
    tokenizer.save(str(folder / "tokenizer.json"))
    other = get_embedder(EmbeddingSettings(model=str(folder)))
    assert other.tokenised("plumbers tighten").ids is None
    assert other.tokenised("plumbers tighten").part(0, 8) is None
    assert len(other.token_spans("plumbers tighten")) > 0


def test_order_and_company_change_nothing(embedder: Embedder) -> None:
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    together = embedder.embed(TEXTS)
    assert (alone * together).sum(axis=1) == pytest.approx(1, abs=2e-3)


def test_token_spans_point_into_the_text(embedder: Embedder) -> None:
    text = "Ünïted  9.4 bar!\n"
    spans = embedder.token_spans(text)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert "".join(text[start:end] for start, end in spans).replace(" ", "") == "Ünïted9.4bar!"


def test_no_texts_are_no_error(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimension)
    assert embedder.embed_with_tokens([])[1] == []


def test_long_texts_tokenise_as_their_pieces_would() -> None:
    minilm = get_embedder(EmbeddingSettings())
    text = "alpha beta gamma. " * 8000
    spans = minilm.token_spans(text)
    assert len(spans) == 4 * 8000
    assert {text[start:end] for start, end in spans} == {"alpha", "beta", "gamma", "."}
    unbroken = minilm.token_spans("q" * (3 * LONGEST_WORD))
    assert unbroken[0][0] == 0
    assert unbroken[-1][1] == 3 * LONGEST_WORD


def test_meaning_is_near_meaning() -> None:
    minilm = get_embedder(EmbeddingSettings())
    vectors = minilm.embed(
        ["How long is parental leave?", "Leave for parents: 26 weeks.", "Pump oil weekly."]
    )
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.3


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_both_precisions_agree(precision: str) -> None:
    reference = get_embedder(EmbeddingSettings(precision="fp32")).embed(TEXTS[:1])
    own = get_embedder(EmbeddingSettings(precision=precision))
    assert own.precision == precision
    assert (own.embed(TEXTS[:1]) * reference).sum() == pytest.approx(1, abs=1e-3)


def test_missing_models_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such folder"):
        get_embedder(EmbeddingSettings(model=str(tmp_path / "none")))
    with pytest.raises(ModelNotAvailable, match=r"modules\.json"):
        get_embedder(EmbeddingSettings(model=str(tmp_path)))


def model_folder(folder: Path, weights: bytes = b"1") -> Path:
    """The built-in model's folder but for its weights, which nothing here loads."""
    copied = shutil.ignore_patterns("*.safetensors", "*.bin", "__pycache__")
    shutil.copytree(packaged_minilm(), folder, ignore=copied)
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_models_in_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    folders = [
        model_folder(tmp_path / place / "model", weights)
        for place, weights in (("one", b"1"), ("two", b"2"), ("moved", b"1"))
    ]
    one, two, moved = (get_embedder(EmbeddingSettings(model=str(folder))).name for folder in folders)
    assert one != two
    assert one == moved, "a model that was moved is the same"
    assert one.startswith("model ")


@pytest.mark.parametrize("missing", ["tokenizer.json", "config.json", "modules.json"])
def test_a_folder_that_lacks_a_part_says_which(tmp_path: Path, missing: str) -> None:
    folder = model_folder(tmp_path / "model")
    (folder / missing).unlink()
    with pytest.raises(ModelNotAvailable, match=missing):
        get_embedder(EmbeddingSettings(model=str(folder)))


def test_a_model_with_a_layer_that_changes_its_dimensions_is_refused(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model")
    layers = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
    layers.append({"idx": 3, "name": "3", "path": "3_Dense", "type": "sentence_transformers.models.Dense"})
    (folder / "modules.json").write_text(json.dumps(layers), encoding="utf-8")
    with pytest.raises(ModelNotAvailable, match="layer of the kind Dense"):
        get_embedder(EmbeddingSettings(model=str(folder)))


def test_weights_that_cannot_be_loaded_are_said_in_words(tmp_path: Path) -> None:
    damaged = get_embedder(EmbeddingSettings(model=str(model_folder(tmp_path / "model"))))
    with pytest.raises(ModelNotAvailable, match="cannot be loaded"):
        damaged.embed(["text"])


def test_a_table_that_records_the_folders_name_alone_is_opened(tmp_path: Path) -> None:
    folder = str(model_folder(tmp_path / "model"))
    made = {"model": {"embedder_name": "model", "model": folder}}
    schema = pa.schema([], metadata={"embedding_functions": json.dumps([made])})
    found = embedder_that_made(schema, "own", HashEmbedder(), EmbeddingSettings(model="hash"))
    assert found is get_embedder(EmbeddingSettings(model=folder))


def test_one_instance_a_process() -> None:
    assert get_embedder(EmbeddingSettings()) is get_embedder(EmbeddingSettings())


def test_the_stand_in_puts_texts_that_share_words_together() -> None:
    vectors = HashEmbedder().embed(["red valve", "red pump", "annual leave"])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_a_question_takes_one_thread_and_a_small_batch_takes_all() -> None:
    import torch

    minilm = get_embedder(EmbeddingSettings(batch_size=31))
    seen: list[int] = []
    usual = torch.get_num_threads()
    torch.set_num_threads(2)
    hook = torch.nn.modules.module.register_module_forward_pre_hook(
        lambda module, _: seen.append(torch.get_num_threads())
    )
    try:
        minilm.embed(["How high is the tower?"], query=True)
        assert set(seen) == {1}
        seen.clear()
        minilm.embed(["word " * 200] * 3)
        assert set(seen) == {2}
        assert torch.get_num_threads() == 2
    finally:
        hook.remove()
        torch.set_num_threads(usual)


def test_batches_are_computed_side_by_side_one_thread_each_with_the_same_vectors() -> None:
    import threading

    import torch

    minilm = get_embedder(EmbeddingSettings(batch_size=16))
    # Long ones: the few tokens of a question get one thread in any case.
    texts = [f"{'valve ' * (number % 7 + 30)} number {number}" for number in range(48)]
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    alone, alone_tokens = minilm.embed_with_tokens(texts)
    torch.set_num_threads(2)
    together = threading.Barrier(2)
    first = threading.local()

    def meet(module: object, _: object) -> None:
        assert torch.get_num_threads() == 1
        if not getattr(first, "met", False):
            first.met = True
            together.wait(timeout=60)

    hook = torch.nn.modules.module.register_module_forward_pre_hook(meet)
    try:
        vectors, tokens = minilm.embed_with_tokens(texts)
        assert torch.get_num_threads() == 2
    finally:
        hook.remove()
        torch.set_num_threads(usual)
    assert np.array_equal(vectors, alone)
    assert all(np.array_equal(own, other) for own, other in zip(tokens, alone_tokens, strict=True))


def test_a_fault_in_one_batch_is_raised_to_the_caller() -> None:
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(2)

    def work(batch: int) -> None:
        if batch == 3:
            raise ValueError("batch 3")

    try:
        with pytest.raises(ValueError, match="batch 3"):
            for_each_batch(work, range(6))
    finally:
        torch.set_num_threads(usual)
