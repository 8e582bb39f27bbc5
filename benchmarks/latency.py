"""Milliseconds of a question, stage by stage, without a language model.

    python -m benchmarks.latency [--data DIR] [--rounds N]

The questions of uda_pdf over its 948 pages, under the default settings. Each is asked in several
rounds; beside the median over all askings stands the median over each question's fastest one, which
other programs on the machine disturb least. It prints a table and writes results/latency.json.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluation_sets import DEFAULT_WORK, SETS, benchmark_settings, data_folder, prepare
from benchmarks.record import RESULTS, write_record
from rag.evaluate import Task
from rag.rerankers import get_reranker
from rag.rerankers.embedded import get_embedded_cross_encoder
from rag.retrieve import retrieve
from rag.settings import Settings, with_overrides
from rag.store import CollectionTable
from rag.types import Query
from rag.workspace import open_workspace

FLOOR_TOTAL, FLOOR_RERANK = 60.0, 20.0
CANDIDATES = 50
#: Exact late interaction embeds its candidates anew; a few questions are enough to see it.
EXACT_QUESTIONS = 5
#: Passages that the cross-encoder reads, and how many times the time of embedding them it may take.
READ_TOGETHER, MOST_READING = 30, 2.2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 1 when a question or its reranking takes too long."""
    options = _parser().parse_args(arguments)
    settings = benchmark_settings(options.work)
    prepared = prepare(SETS["uda_pdf"], data_folder(options.data), settings)
    table = open_workspace(settings).table(prepared.collection)
    first = time.perf_counter()
    retrieve(prepared.tasks[0].text, table=table, settings=settings)
    record: dict[str, Any] = {
        "first_question_ms": round((time.perf_counter() - first) * 1000, 1),
        "stages": {},
    }
    times = _stage_times(prepared.tasks, table, settings, options.rounds)
    print(
        f"{len(prepared.tasks)} questions, {prepared.chunks} passages, {options.rounds} rounds; milliseconds"
    )
    print("stage          p50   p95   p50 of fastest")
    for stage, own in times.items():
        p50, p95 = np.quantile(own, [0.5, 0.95])
        fastest = np.median(own.min(axis=0))
        print(f"{stage:10} {p50:7.2f} {p95:7.2f} {fastest:7.2f}")
        record["stages"][stage] = {
            name: round(float(value), 3)
            for name, value in (("p50", p50), ("p95", p95), ("p50_of_fastest", fastest))
        }
    for name, count in (
        ("late-interaction", len(prepared.tasks)),
        ("late-interaction-exact", EXACT_QUESTIONS),
    ):
        changes = {"reranker": name, "reranking.cached_scores": 0}
        taken = _reranking_times(prepared.tasks[:count], table, with_overrides(settings, changes))
        record[f"{name}_ms"] = round(float(np.median(taken)), 3)
        print(f"{name} over {CANDIDATES} candidates: p50 {np.median(taken):.2f}")
    ratio, read, embedded = _cross_encoder_times(prepared.tasks[:EXACT_QUESTIONS], table)
    record["embedded_cross_encoder"] = {"ratio": ratio, "read_ms": read, "embed_ms": embedded}
    print(
        f"embedded cross-encoder over {READ_TOGETHER} passages: p50 {read:.0f}, "
        f"{ratio:.2f} times embedding them ({embedded:.0f})"
    )
    print(f"first question of the process, models loaded in it: {record['first_question_ms']:.0f}")
    print(f"written: {write_record('latency', record, options.results)}")
    total, rerank = record["stages"]["total"]["p50_of_fastest"], record["late-interaction_ms"]
    return int(total > FLOOR_TOTAL or rerank > FLOOR_RERANK or ratio > MOST_READING)


def _stage_times(
    tasks: Sequence[Task], table: CollectionTable, settings: Settings, rounds: int
) -> dict[str, np.ndarray[Any, Any]]:
    """For each stage float[rounds, questions]."""
    asked = [
        [retrieve(task.text, table=table, settings=settings).milliseconds for task in tasks]
        for _ in range(rounds)
    ]
    return {stage: np.array([[row[stage] for row in own] for own in asked]) for stage in asked[0][0]}


def _reranking_times(tasks: Sequence[Task], table: CollectionTable, settings: Settings) -> list[float]:
    """Milliseconds of scoring alone, of CANDIDATES passages a question; the fastest of three tries."""
    reranker = get_reranker(settings, table.embedder)
    taken = []
    for task in tasks:
        vectors, tokens = table.embedder.embed_with_tokens([task.text], query=True)
        query = Query(task.text, vectors[0], tokens[0])
        hits = table.vector_search(query.vector, CANDIDATES, extra=("token_bits",))
        taken.append(min(_time_of(reranker.score, query, hits) for _ in range(3)))
    return taken


def _cross_encoder_times(tasks: Sequence[Task], table: CollectionTable) -> tuple[float, float, float]:
    """How many times embedding READ_TOGETHER passages takes reading them with their question, and both.

    Medians, in milliseconds; both take turns, each question's fastest of three counts, no score is kept.
    """
    reader = get_embedded_cross_encoder(table.embedder.precision)
    rows = []
    for task in tasks:
        vectors, tokens = table.embedder.embed_with_tokens([task.text], query=True)
        query = Query(task.text, vectors[0], tokens[0])
        texts = [hit.chunk.embedded_text for hit in table.vector_search(query.vector, READ_TOGETHER)]
        tries = [
            (_time_of(reader.read, query, texts), _time_of(table.embedder.embed, texts)) for _ in range(4)
        ]
        rows.append(np.min(tries[1:], axis=0))
    read, embedded = np.array(rows).T
    return (
        round(float(np.median(read / embedded)), 3),
        round(float(np.median(read)), 1),
        round(float(np.median(embedded)), 1),
    )


def _time_of(work: Callable[..., object], *given: object) -> float:
    started = time.perf_counter()
    work(*given)
    return (time.perf_counter() - started) * 1000


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--data", type=Path, help="the evaluation data")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, help="where collections are kept")
    parser.add_argument("--rounds", type=int, default=5, help="how often each question is asked")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where latency.json is written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
