"""A second model that reads question and passage together: any sentence-transformers CrossEncoder.

It is loaded at the first use and kept. Nothing is downloaded unless the settings allow it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from rag.downloads import download_model
from rag.errors import ModelNotAvailable, RerankingFailed
from rag.rerankers.seam import Effort, checked_scores
from rag.types import Hit, Query

#: Pause after a download that failed, so that not every search waits for a hub that is away.
RETRY_SECONDS = 300.0


class CrossEncoderReranker:
    """Any sentence-transformers CrossEncoder, from a folder or the hub's local cache."""

    name = "cross-encoder"
    needs: tuple[str, ...] = ()
    effort: Effort = "reading"

    def __init__(
        self,
        model: str,
        *,
        precision: str = "fp32",
        batch_size: int = 32,
        allow_downloads: bool = False,
    ) -> None:
        self.identity = f"{self.name} {model} {precision}"
        self._model_name = model
        self._allow_downloads = allow_downloads
        self._failure: ModelNotAvailable | None = None
        self._failed_at = 0.0
        self._precision = precision
        self._batch_size = batch_size
        self._lock = threading.Lock()
        self._model: Any = None

    def score(self, query: Query, hits: Sequence[Hit]) -> list[float]:
        return self.read(query, [hit.chunk.embedded_text for hit in hits])

    def read(self, query: Query, texts: Sequence[str]) -> list[float]:
        """A score for each passage, which depends on no other."""
        return self.read_pairs([(query.text, text) for text in texts])

    def read_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """A score for each (question, passage), which depends on no other."""
        if not pairs:
            return []
        # predict() sorts the pairs by length itself, so that little padding is computed.
        model = self._loaded()
        try:
            scores = model.predict(
                list(pairs),
                batch_size=self._batch_size,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
        except (RuntimeError, ValueError, IndexError) as error:
            raise RerankingFailed(
                f"The reranker {self.name} failed: {' '.join(str(error).split())[:200]}. Choose another one."
            ) from error
        numbers = np.asarray(scores, np.float32).reshape(-1)
        return checked_scores(f"The reranker {self.name}", numbers, len(pairs))

    def prepare(self) -> None:
        """Load the model, unless it is; raises ModelNotAvailable."""
        self._loaded()

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
        if model.num_labels != 1:
            raise ModelNotAvailable(
                f"The cross-encoder {self._model_name} gives {model.num_labels} figures for a passage, and a "
                "reranker needs one. Choose another one in reranking.cross_encoder."
            )
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


def local_model_folder(name: str, setting: str = "reranking.cross_encoder") -> Path:
    """Where a model's files lie on this machine: the folder itself, or the hub's cache.

    Asks no network. Raises ModelNotAvailable with what to do when they are nowhere; `setting` names it.
    """
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        if not (folder / "config.json").is_file():
            raise ModelNotAvailable(
                f"{folder} holds no model (no config.json). Set {setting} to a model's folder."
            )
        return folder
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        cached = try_to_load_from_cache(name, "config.json")
    except HFValidationError as error:
        raise ModelNotAvailable(
            f"The model {name!r} is neither a folder on this machine nor a model's name on the hub. "
            f"Correct {setting}."
        ) from error
    if not isinstance(cached, str):
        raise ModelNotAvailable(
            f"The model {name} is not on this machine. Download it on the Settings page, "
            f"or set {setting} to a folder that holds a model."
        )
    return Path(cached).parent


@lru_cache(maxsize=4)
def get_cross_encoder(model: str, precision: str, allow_downloads: bool) -> CrossEncoderReranker:
    """One instance a process and model, so that weights are loaded once."""
    return CrossEncoderReranker(model, precision=precision, allow_downloads=allow_downloads)
