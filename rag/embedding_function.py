"""The embedder as a function of LanceDB's registry, so that a table embeds by itself.

A table made by `rag.store` names this function in its metadata. Any program that imports this
module can then add rows with text alone, or search by a string; the model behind is the one
instance that `rag.embedders` keeps for the process. Nothing here opens a table.
"""

from __future__ import annotations

from typing import Any

from lancedb.embeddings import TextEmbeddingFunction, get_registry, register

from rag.embedders import Embedder, get_embedder
from rag.settings import EmbeddingSettings

REGISTERED_NAME = "askance"


@register(REGISTERED_NAME)
class AskanceEmbeddingFunction(TextEmbeddingFunction):  # type: ignore[misc]
    """Embeds a table's source column and string queries with the embedder named in `model`."""

    model: str = "minilm"
    embedder_name: str = ""
    dimension: int = 384

    def ndims(self) -> int:
        return self.dimension

    def generate_embeddings(self, texts: Any, *args: Any, **kwargs: Any) -> list[Any]:
        return list(self._embedder().embed([str(text) for text in texts]))

    def compute_query_embeddings(self, query: Any, *args: Any, **kwargs: Any) -> list[Any]:
        return list(self._embedder().embed([str(query)], query=True))

    def _embedder(self) -> Embedder:
        return get_embedder(EmbeddingSettings(model=self.model))


def embedding_function(settings: EmbeddingSettings, embedder: Embedder) -> AskanceEmbeddingFunction:
    """The registered function for this embedder, as a table's schema wants it."""
    made: AskanceEmbeddingFunction = (
        get_registry()
        .get(REGISTERED_NAME)
        .create(
            model=settings.model, embedder_name=embedder.name, dimension=embedder.dimension, max_retries=0
        )
    )
    return made
