"""What, beside a file's bytes, decides its passages; another recipe means reading the file again."""

from __future__ import annotations

from rag.embedders import Embedder
from rag.settings import Settings

#: Changes when other text, or more about a document, is kept for the same bytes: it is then read again.
PARSER_VERSION = 5


def recipe_of(settings: Settings, embedder: Embedder) -> str:
    """The recipe under these settings, as it is kept with every document."""
    chunking = settings.chunking
    return (
        f"{embedder.name}|{PARSER_VERSION}|{chunking.max_tokens}|{chunking.overlap_tokens}"
        f"|{chunking.header_tokens}"
    )
