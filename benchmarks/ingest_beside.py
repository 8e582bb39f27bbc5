"""What ingestion costs beside the model: processor seconds of reading, cutting and committing.

    python -m benchmarks.ingest_beside [--data DIR] [--files N] [--rounds N]

The model's computing is left out; its tokens, their signs and all else are made as ever. Each round begins
as a new process does, no word known. For comparing two states of the code on one machine, turn by turn: what
is saved here is saved whatever the model takes. It prints a line a round and writes
results/ingest_beside.json. Linux only.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.evaluation_sets import benchmark_settings
from benchmarks.ingest import forget_words, smallest_reports
from benchmarks.ingest_memory import children
from benchmarks.record import RESULTS, write_record
from ingest.pipeline import Pipeline
from ingest.sources import path_sources
from rag.embedders import LENGTH_STEP, SentenceTransformerEmbedder
from rag.tokenised import Tokens
from rag.types import Vector
from rag.workspace import open_workspace


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 0."""
    options = _parser().parse_args(arguments)
    files = smallest_reports(options.data, options.files)
    SentenceTransformerEmbedder._forward = _Ready()  # type: ignore[assignment]
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        # The reading process is there before the clock runs, and every part has run once.
        for number in range(options.rounds + 1):
            settings = benchmark_settings(Path(folder) / str(number))
            pipeline = Pipeline("beside", open_workspace(settings))
            sources = list(path_sources(files[: None if number else 1], settings.ingest))
            forget_words()
            before, readers, started = time.process_time(), _readers_seconds(), time.perf_counter()
            passages = sum(result.chunks for result in pipeline.run(sources))
            row = {
                "passages": passages,
                "own_s": round(time.process_time() - before, 2),
                "readers_s": round(_readers_seconds() - readers, 2),
                "wall_s": round(time.perf_counter() - started, 2),
            }
            if number:
                rounds.append(row)
                print(row, flush=True)
    medians = {key: median(row[key] for row in rounds) for key in ("own_s", "readers_s", "wall_s")}
    print(f"medians: {medians}")
    record = {"files": len(files), "rounds": rounds, "medians": medians}
    print(f"written: {write_record('ingest_beside', record, options.results)}")
    return 0


class _Ready:
    """In place of the model: unit vectors, and tokens' floats that were made once."""

    def __init__(self) -> None:
        self._made = np.random.default_rng(1).standard_normal((64, 512, 384)).astype(np.float32)

    def __get__(self, embedder: object, _: object = None) -> Any:
        return self._forward

    def _forward(self, tokens: Sequence[Tokens]) -> tuple[Vector, Vector]:
        longest = max(len(own.ids) for own in tokens)
        longest += -longest % LENGTH_STEP
        made = self._made[: len(tokens), :longest]
        vectors: Vector = made[:, 0] / np.linalg.norm(made[:, 0], axis=1, keepdims=True)
        return vectors, made


def _readers_seconds() -> float:
    """Processor seconds of the processes that this one has started and that still run."""
    total = 0
    for pid in children(os.getpid()):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ingest_beside", description=__doc__)
    parser.add_argument("--data", type=Path, help="the evaluation data")
    parser.add_argument("--files", type=int, default=12, help="only the N smallest of the 12 files")
    parser.add_argument("--rounds", type=int, default=3, help="how often it is run")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where ingest_beside.json is written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
