"""What puts candidates in their final order: one small protocol, one adapter a method.

A reranker gives every hit a score; sorting and trimming happen once, in rag.retrieve. Nothing
here opens a table, and no model is downloaded unless the settings allow it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from rag.downloads import download_model
from rag.embedders import Embedder
from rag.errors import ModelNotAvailable, SettingsError
from rag.late_interaction import passage_scores, sign_scores
from rag.settings import RerankingSettings, Settings
from rag.types import Hit, Query

#: Pause after a download that failed, so that not every search waits for a hub that is away.
RETRY_SECONDS = 300.0


class Reranker(Protocol):
    """Scores hits for a query; higher is better. Hits come in order of their fused rank."""

    name: str
    #: Extra columns that the hits must carry: "token_bits", "vector".
    needs: tuple[str, ...]

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        """One score for each hit, in the same order."""
        ...


class NoReranker:
    """Keeps the order of the first stage."""

    name = "none"
    needs: tuple[str, ...] = ()

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        return [hit.scores.get("fused") or 0.0 for hit in hits]


class LateInteractionReranker:
    """Late interaction over stored token signs, blended with the scores of the searches."""

    name = "late-interaction"
    needs: tuple[str, ...] = ("token_bits",)

    def __init__(self, embedder: Embedder, settings: RerankingSettings) -> None:
        self._embedder = embedder
        self._weights = {"vector": settings.vector_weight, "text": settings.text_weight}

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        return blended_with_searches(self.matches(query, hits), hits, self._weights)

    def matches(self, query: Query, hits: Sequence[Hit]) -> NDArray[np.float32]:
        """The unblended mean of best token matches, a cosine, for each hit."""
        packed = [hit.token_bits or b"" for hit in hits]
        return sign_scores(query.tokens, packed, self._embedder.dimension)


class ExactLateInteractionReranker(LateInteractionReranker):
    """The same from exact token vectors, computed anew for each hit: slower, for comparison."""

    name = "late-interaction-exact"
    needs: tuple[str, ...] = ()

    def matches(self, query: Query, hits: Sequence[Hit]) -> NDArray[np.float32]:
        _, tokens = self._embedder.embed_with_tokens([hit.chunk.embedded_text for hit in hits])
        return passage_scores(query.tokens, tokens)


class CrossEncoderReranker:
    """Any sentence-transformers CrossEncoder, from a folder or the hub's local cache."""

    name = "cross-encoder"
    needs: tuple[str, ...] = ()

    def __init__(
        self,
        model: str,
        *,
        precision: str = "fp32",
        batch_size: int = 32,
        allow_downloads: bool = False,
    ) -> None:
        self._model_name = model
        self._allow_downloads = allow_downloads
        self._failure: ModelNotAvailable | None = None
        self._failed_at = 0.0
        self._precision = precision
        self._batch_size = batch_size
        self._lock = threading.Lock()
        self._model: Any = None

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        if not hits:
            return []
        pairs = [(query.text, hit.chunk.embedded_text) for hit in hits]
        # predict() sorts the pairs by length itself.
        scores = self._loaded().predict(
            pairs, batch_size=self._batch_size, show_progress_bar=False, convert_to_numpy=True
        )
        return [float(score) for score in np.asarray(scores, np.float32).reshape(len(hits), -1)[:, 0]]

    def _loaded(self) -> Any:
        with self._lock:
            if self._model is None:
                self._model = self._load()
        return self._model

    def _load(self) -> Any:
        folder = self._folder()
        import torch
        from sentence_transformers import CrossEncoder

        try:
            model = CrossEncoder(str(folder), device="cpu", local_files_only=True)
        except Exception as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")[:200]
            raise ModelNotAvailable(
                f"The cross-encoder {self._model_name} cannot be loaded from {folder} ({reason}). "
                "Choose another one in reranking.cross_encoder."
            ) from error
        if self._precision == "bf16":
            model.to(torch.bfloat16)
        return model

    def _folder(self) -> Path:
        try:
            return local_model_folder(self._model_name)
        except ModelNotAvailable:
            if not self._allow_downloads:
                raise
        if self._failure is not None and time.monotonic() - self._failed_at < RETRY_SECONDS:
            raise self._failure
        try:
            return download_model(self._model_name)
        except ModelNotAvailable as error:
            self._failure, self._failed_at = error, time.monotonic()
            raise


def blended_with_searches(
    matches: NDArray[np.float32], hits: Sequence[Hit], weights: Mapping[str, float]
) -> list[float]:
    """The weighted mean of the hits' standard scores: their matches' (weight 1) and each search's.

    A standard score is the distance from the mean over these hits in standard deviations, so cosines
    and BM25 need no common scale. A passage that a search did not find has that search's lowest score.
    """
    if not hits:
        return []
    total, all_weights = _standard(matches), 1.0
    for stage, weight in weights.items():
        found = [hit.scores.get(stage) for hit in hits]
        known = [score for score in found if score is not None]
        if known:
            lowest = min(known)
            total += weight * _standard(np.array([lowest if score is None else score for score in found]))
            all_weights += weight
    return [float(score) for score in total / all_weights]


def _standard(scores: NDArray[Any]) -> NDArray[np.float64]:
    centred = scores.astype(np.float64) - scores.mean(dtype=np.float64)
    spread: NDArray[np.float64] = centred / max(float(centred.std()), 1e-9)
    return spread


def local_model_folder(name: str) -> Path:
    """Where a model's files lie on this machine: the folder itself, or the hub's cache.

    Asks no network. Raises ModelNotAvailable with what to do when they are nowhere.
    """
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelNotAvailable(
                f"{folder} holds no model (no config.json). Set reranking.cross_encoder to a model's folder."
            )
        return folder
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        cached = try_to_load_from_cache(name, "config.json")
    except HFValidationError as error:
        raise ModelNotAvailable(
            f"The cross-encoder {name!r} is neither a folder on this machine nor a model's name on the hub. "
            "Correct reranking.cross_encoder."
        ) from error
    if not isinstance(cached, str):
        raise ModelNotAvailable(
            f"The cross-encoder {name} is not on this machine. Download it on the Settings page, "
            "or set reranking.cross_encoder to a folder that holds a model."
        )
    return Path(cached).parent


RERANKERS = ("none", "late-interaction", "late-interaction-exact", "cross-encoder")


def get_reranker(settings: Settings, embedder: Embedder) -> Reranker:
    """The reranker that `retrieval.reranker` names, one instance a process and configuration."""
    return _reranker(settings.retrieval.reranker, settings.reranking, cast(Any, embedder))


@lru_cache(maxsize=32)
def _reranker(name: str, settings: RerankingSettings, embedder: Embedder) -> Reranker:
    if name == "none":
        return NoReranker()
    if name == "late-interaction":
        return LateInteractionReranker(embedder, settings)
    if name == "late-interaction-exact":
        return ExactLateInteractionReranker(embedder, settings)
    if name == "cross-encoder":
        return CrossEncoderReranker(
            settings.cross_encoder,
            precision=embedder.precision,
            allow_downloads=settings.allow_downloads,
        )
    raise SettingsError(f"Unknown reranker {name!r}. Choose one of: {', '.join(RERANKERS)}.")
