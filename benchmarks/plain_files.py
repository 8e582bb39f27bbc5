"""Short files as people keep them, and plain questions in people's own words, some not answered there.

Written for this project, half of them (`held_out`) by somebody who had not seen the others. Large sets ask
long questions in the words of their texts; here "Can I keep a dog?" asks for "Pets need written consent".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.evaluation_sets import store_texts
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
    failures = store_texts({file.name: file.text for file in plain_files(part)}, collection, workspace)
    if failures:
        raise ValueError("; ".join(failures))
    return collection
