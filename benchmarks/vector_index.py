"""The vector index beside looking at all: what upkeep chooses as a table grows, and what it finds.

    python -m benchmarks.vector_index [--rows N [N ...]] [--rounds N]

Vectors of 384 dimensions in noisy clusters, hard ones to tell apart, made from a seed. For each size the
upkeep runs once; then the same questions go to the table as it is and past its index, in turns, so that
whatever else the machine does strikes both. It prints a line a size and writes results/vector_index.json.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa

from benchmarks.record import RESULTS, write_record
from rag.vector_index import LEAST_RECALL, VectorIndexState, tended, through_index

DIMENSION, CLUSTERS, QUESTIONS, NEAREST = 384, 200, 50, 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 1 when an index finds too few of the true nearest."""
    options = _parser().parse_args(arguments)
    sizes = [_measured(rows, options.rounds) for rows in options.rows]
    print(f"written: {write_record('vector_index', {'sizes': sizes}, options.results)}")
    return int(any(size["recall"] < LEAST_RECALL for size in sizes))


def _measured(rows: int, rounds: int) -> dict[str, Any]:
    random = np.random.default_rng(rows)
    centres = random.standard_normal((CLUSTERS, DIMENSION))
    questions = _noisy(random, centres, QUESTIONS)
    with tempfile.TemporaryDirectory() as folder:
        table = lancedb.connect(folder).create_table("table", _table(_noisy(random, centres, rows)))
        started = time.perf_counter()
        state = tended(table, "table", VectorIndexState())
        tended_s = time.perf_counter() - started
        found = wanted = 0
        times: dict[str, list[float]] = {"as it is": [], "all looked at": []}
        for _ in range(rounds):
            for question in questions:
                own, own_ms = _asked(through_index(_search(table, question)))
                true, true_ms = _asked(_search(table, question).bypass_vector_index())
                found, wanted = found + len(own & true), wanted + len(true)
                times["as it is"].append(own_ms)
                times["all looked at"].append(true_ms)
    figures = {
        "rows": rows,
        "indexed": state.indexed,
        "recall": round(found / wanted, 4),
        "upkeep_s": round(tended_s, 2),
        "p50_ms": {name: round(median(own), 2) for name, own in times.items()},
    }
    print(figures, flush=True)
    return figures


def _noisy(random: np.random.Generator, centres: np.ndarray, count: int) -> np.ndarray:
    vectors = centres[random.integers(0, len(centres), count)] + random.standard_normal((count, DIMENSION))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def _table(vectors: np.ndarray) -> pa.Table:
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
    return pa.table({"id": [str(number) for number in range(len(vectors))], "vector": column})


def _search(table: Any, question: np.ndarray) -> Any:
    return table.search(question).distance_type("cosine").limit(NEAREST).select(["id", "_distance"])


def _asked(search: Any) -> tuple[set[str], float]:
    started = time.perf_counter()
    found = set(search.to_arrow()["id"].to_pylist())
    return found, 1000 * (time.perf_counter() - started)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vector_index", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[5_000, 20_000, 100_000])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--results", type=Path, default=RESULTS, help="where vector_index.json is written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
