"""The documents that come with Askance, for a first try: they were written for it.

Only a list of files; they go through the same pipeline as any others.
"""

from __future__ import annotations

from pathlib import Path

from ingest.sources import Source, path_sources
from rag.settings import Settings

SAMPLES = Path(__file__).parent / "samples"


def sample_sources(settings: Settings) -> list[Source]:
    """The sample documents, by name."""
    return list(path_sources([SAMPLES], settings.ingest))
