"""Short files as people keep them, and plain questions in people's own words, some not answered there.

Written for this project, half of them (`held_out`) by somebody who had not seen the others. Large sets ask
long questions in the words of their texts; here "Can I keep a dog?" asks for "Pets need written consent".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ingest.pipeline import Pipeline
from ingest.sources import bytes_source
from rag.workspace import Workspace

FOLDER = Path(__file__).parent / "plain_files"
PARTS = ("fitted", "held_out")


@dataclass(frozen=True)
class PlainFile:
    """A file and what it is asked: `answered` has words of each answer as they stand in the text."""

    name: str
    text: str
    answered: dict[str, str]
    absent: tuple[str, ...]


def plain_files(part: str) -> list[PlainFile]:
    """The files of one of PARTS."""
    lines = (FOLDER / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        PlainFile(row["name"], row["text"], row["answered"], tuple(row["absent"]))
        for row in map(json.loads, lines)
    ]


def store_plain_files(part: str, workspace: Workspace) -> str:
    """Put the files of a part into a collection of their own; returns its name."""
    collection = f"plain-{part}".replace("_", "-")
    pipeline = Pipeline(collection, workspace)
    sources = [
        source
        for file in plain_files(part)
        for source in bytes_source(file.name, file.text.encode(), workspace.settings.ingest)
    ]
    for result in pipeline.run(sources):
        if result.status in ("empty", "failed"):
            raise ValueError(f"{result.file}: {result.error}")
    pipeline.tidy()
    return collection
