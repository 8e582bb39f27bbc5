"""The cross-encoder that comes with Askance: the embedder's weights, and small updates from rag/weights.

Updates are merged into the layers when it is loaded, into a sentence-transformers CrossEncoder. It asks no
network. How it was trained: training/.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.embedders import Embedder
from rag.errors import ModelNotAvailable
from rag.minilm import WEIGHTS_SHA256, packaged_minilm
from rag.rerankers.cross_encoder import CrossEncoderReranker
from rag.rerankers.late import LateInteractionReranker
from rag.rerankers.score_cache import ScoreCache
from rag.rerankers.seam import Effort
from rag.reranking_settings import RerankingSettings
from rag.types import Hit, Query

WEIGHTS = Path(__file__).parents[1] / "weights" / "cross_encoder.safetensors"


class EmbeddedCrossEncoder(CrossEncoderReranker):
    """As any cross-encoder, but for where it comes from."""

    name = "embedded-cross-encoder"

    def __init__(self, weights: Path = WEIGHTS, *, precision: str = "fp32") -> None:
        super().__init__(weights.stem, precision=precision)
        self.weights = weights
        if not weights_problem(weights):
            state = weights.stat()
            self.identity += f" {state.st_size} {state.st_mtime_ns}"

    def _load(self) -> Any:
        import torch
        from sentence_transformers import CrossEncoder

        if problem := weights_problem(self.weights):
            raise ModelNotAvailable(problem)
        reader = untrained_reader()
        merge(reader, self.weights)
        if self._precision == "bf16":
            reader.to(torch.bfloat16)
        return CrossEncoder(
            modules=[reader],
            device="cpu",
            num_labels=1,
            activation_fn=torch.nn.Identity(),
            local_files_only=True,
        )


class EmbeddedReranker(LateInteractionReranker):
    """Late interaction with the cross-encoder's scores for matches: blended with the searches alike."""

    name = "embedded-cross-encoder"
    needs: tuple[str, ...] = ()
    effort: Effort = "reading"

    def __init__(
        self, embedder: Embedder, settings: RerankingSettings, cache: ScoreCache, model: EmbeddedCrossEncoder
    ) -> None:
        super().__init__(embedder, settings)
        self.identity = model.identity
        self._languages = ("en",)
        self._cache = cache
        self._model = model

    def matches(self, query: Query, hits: Sequence[Hit]) -> NDArray[np.float32]:
        texts = [hit.chunk.embedded_text for hit in hits]
        read = self._cache.scores(
            self.identity, query.text, texts, lambda missing: self._model.read(query, missing)
        )
        return np.array(read, np.float32)

    def unread(self, query: Query, hits: Sequence[Hit]) -> list[Hit]:
        """The hits whose scores are not remembered."""
        return self._cache.unread(self.identity, query.text, hits)

    def prepare(self) -> None:
        """Load the model."""
        self._model.prepare()


def weights_problem(weights: Path = WEIGHTS) -> str:
    """Why the updates cannot be used, and what to do; empty when the file is there."""
    if weights.is_file():
        return ""
    return (
        f"The embedded cross-encoder's weights are not there ({weights}). Get the file from the repository "
        "again, or make it with python -m training; or choose another reranker."
    )


def untrained_reader(**options: Any) -> Any:
    """A PairReader over the embedder's own weights, float32. Raises ModelNotAvailable without its package."""
    from safetensors.torch import load_file
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertModel

    from rag.rerankers.pair_reader import PairReader

    folder = packaged_minilm()
    bert = BertModel(BertConfig.from_pretrained(folder), add_pooling_layer=False)
    weights = load_file(folder / "model.safetensors")
    bert.load_state_dict(
        {name: own for name, own in weights.items() if name in bert.state_dict()}, strict=True
    )
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return PairReader(bert.eval(), tokenizer, **options).eval()


def merge(reader: Any, weights: Path) -> None:
    """Add the updates to the layers' weights. Raises ModelNotAvailable when they belong to another base."""
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(weights, "pt") as file:
            described = file.metadata() or {}
            learnt = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ModelNotAvailable(
            f"{weights} cannot be read ({error}). Get the file from the repository again, "
            "or choose another reranker."
        ) from error
    if described.get("base") != WEIGHTS_SHA256:
        raise ModelNotAvailable(
            f"{weights} was trained over another embedding model than the built-in one. Get the file from "
            "the repository again, or make it with python -m training."
        )
    reader.apart, reader.reserve = int(described["apart"]), float(described["reserve"])
    with torch.no_grad():
        reader.word_weight.weight.copy_(learnt.pop("word_weight"))
        for name in [name for name in learnt if name.endswith(".up")]:
            number, _, path = name.removesuffix(".up").partition(".")
            layer = reader.bert.encoder.layer[int(number)].get_submodule(path)
            layer.weight += learnt[name] @ learnt[name.removesuffix("up") + "down"]


@lru_cache(maxsize=2)
def get_embedded_cross_encoder(precision: str) -> EmbeddedCrossEncoder:
    """One instance a process and precision."""
    return EmbeddedCrossEncoder(precision=precision)
