"""The embedder that made a table, as the table itself records it; it opens no table and loads no model."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa

from rag.embedders import Embedder, get_embedder
from rag.errors import EmbedderMismatch, ModelNotAvailable, SettingsError
from rag.settings import EmbeddingSettings


def embedder_that_made(
    schema: pa.Schema, collection: str, own: Embedder, settings: EmbeddingSettings
) -> Embedder:
    """The embedder recorded in a table's schema: `own`, the one of the settings, or another.

    Raises EmbedderMismatch when it is another that cannot be had here.
    """
    functions = json.loads((schema.metadata or {}).get(b"embedding_functions", b"[]"))
    made = functions[0]["model"] if functions else {}
    recorded, model = str(made.get("embedder_name", "")), str(made.get("model", ""))
    if recorded == own.name:
        return own
    try:
        found = get_embedder(replace(settings, model=model))
    except (ModelNotAvailable, SettingsError) as error:
        raise EmbedderMismatch(
            f"Collection {collection!r} was made with the embedder {recorded!r}, which cannot be used "
            f"here any more: {error} Or read its documents again with the one in the settings."
        ) from error
    # Tables made before names ended in a digest record the folder's name alone.
    if recorded not in (found.name, found.name.rpartition(" ")[0] or found.name):
        raise EmbedderMismatch(
            f"Collection {collection!r} was made with the embedder {recorded!r}, and {model!r} is now "
            f"{found.name!r}. Read its documents again with the one in the settings."
        )
    return found
