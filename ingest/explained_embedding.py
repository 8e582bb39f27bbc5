"""Embedding for ingestion, with words for an embedder that breaks down. It stores and repeats nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rag.embedders import Embedder
from rag.errors import AskanceError, EmbeddingFailed
from rag.types import Vector


def embedded(embedder: Embedder, texts: Sequence[str], name: str) -> tuple[Vector, list[bytes]]:
    """Vectors of the texts and the signs of their tokens'; `name` is the document they begin with.

    Raises EmbeddingFailed whatever the embedder raises, with its reason.
    """
    try:
        return embedder.embed_with_signs(texts)
    except AskanceError:
        raise
    except Exception as error:
        raise EmbeddingFailed(
            f"The embedder {embedder.name} broke down at {name} ({type(error).__name__}: {error}). What was "
            "added stays; free some memory or choose another model, then try again to add the rest."
        ) from error
