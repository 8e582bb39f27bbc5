"""The documents that come with Askance, for a first try: they were written for it.

Only where they are; they go through the same pipeline as any others.
"""

from __future__ import annotations

from pathlib import Path

from ingest.given import Given, given_path

SAMPLES = Path(__file__).parent / "samples"


def given_samples() -> list[Given]:
    """The sample documents, to be handed over with a job."""
    return [given_path(SAMPLES)]
