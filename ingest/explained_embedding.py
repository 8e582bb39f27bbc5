"""Embedding for ingestion, with words for an embedder that breaks down. It stores and repeats nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rag.embedders import Embedder
from rag.errors import AskanceError, EmbeddingFailed
from rag.types import Chunk, Vector


def embedded(embedder: Embedder, chunks: Sequence[Chunk]) -> tuple[Vector, list[bytes]]:
    """Vectors of the passages and the signs of their tokens'.

    Raises EmbeddingFailed whatever the embedder raises, with its reason.
    """
    try:
        return embedder.embed_with_signs(
            [chunk.embedded_text for chunk in chunks], [chunk.token_ids for chunk in chunks]
        )
    except AskanceError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise EmbeddingFailed(
            f"The embedder {embedder.name} broke down at {chunks[0].document} ({reason}). What was added "
            "stays; free some memory or choose another model, then try again to add the rest."
        ) from error
