"""Retrieval quality: text, vector, hybrid, and late interaction, over the evaluation sets.

    python -m benchmarks.quality [--data DIR] [--sets squad,uda_pdf] [--variant NAME:key=value,...]

Every figure comes from rag.evaluate, so from the same retrieve() as chat's. It prints a table, writes
results/quality.json, and says which floors are missed. Times of late-interaction-exact are those of
passages embedded already (see benchmarks.remembered). No language model is asked.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any, cast

import numpy as np

from benchmarks.evaluation_sets import (
    DEFAULT_WORK,
    MAIN_SETS,
    SETS,
    EvaluationSet,
    benchmark_settings,
    data_folder,
    prepare,
    set_names,
)
from benchmarks.record import RESULTS, write_record
from benchmarks.remembered import RememberedEmbedder
from rag.embedders import Embedder
from rag.evaluate import VariantResult, evaluate, parse_variant
from rag.workspace import open_workspace

VARIANTS = (
    "text:mode=text,reranker=none",
    "vector:mode=vector,reranker=none",
    "hybrid:mode=hybrid,reranker=none",
    "late-interaction:mode=hybrid,reranker=late-interaction",
    "late-interaction-exact:mode=hybrid,reranker=late-interaction-exact",
)
BASELINE, DEFAULT, EXACT = "hybrid", "late-interaction", "late-interaction-exact"
FIGURES = ("hit@1", "hit@5", "hit@10", "mrr@10", "ndcg@10", "recall@10", "p50_ms", "p95_ms")
RESAMPLES = 10_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 1 when a floor is missed."""
    options = _parser().parse_args(arguments)
    data = data_folder(options.data)
    settings = benchmark_settings(options.work)
    variants = [parse_variant(text, settings) for text in options.variant or VARIANTS]
    record: dict[str, Any] = {"precision": open_workspace(settings).store.embedder.precision, "sets": {}}
    missed: list[str] = []
    for name in options.sets:
        own = SETS[name]
        prepared = prepare(own, data, settings, options.limit)
        table = open_workspace(settings).table(prepared.collection)
        results = []
        for variant in variants:
            asked = copy(table)
            if variant.settings.retrieval.reranker == EXACT:
                asked.embedder = cast(Embedder, RememberedEmbedder(table.embedder))
            results += evaluate(prepared.tasks, [variant], asked, by_document=prepared.by_document)
        _print_table(own, prepared.chunks, results)
        by_name = {result.name: result for result in results}
        gain = None
        if {BASELINE, DEFAULT} <= by_name.keys():
            gain = paired_gain(by_name[DEFAULT], by_name[BASELINE], own.main_figure)
            print(
                "{figure}, {DEFAULT} - {BASELINE}: {mean:+.3f} [{low:+.3f}, {high:+.3f}]".format(
                    DEFAULT=DEFAULT, BASELINE=BASELINE, **gain
                )
            )
        if DEFAULT in by_name and not options.limit:
            missed += _missed(own, by_name[DEFAULT])
        record["sets"][name] = {
            "chunks": prepared.chunks,
            "variants": [result.as_dict() for result in results],
            "gain": gain,
        }
        print(f"written: {write_record('quality', record, options.results)}", flush=True)
    for sentence in missed:
        print(sentence)
    return 1 if missed else 0


def paired_gain(better: VariantResult, baseline: VariantResult, figure: str) -> dict[str, Any]:
    """Mean difference over the questions with its bootstrap 95% interval; questions are resampled."""
    differences = np.array(
        [one[figure] - other[figure] for one, other in zip(better.rows, baseline.rows, strict=True)]
    )
    random = np.random.default_rng(0)
    means = [random.choice(differences, len(differences)).mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    mean = differences.mean()
    return {"figure": figure, "mean": round(mean, 4), "low": round(low, 4), "high": round(high, 4)}


def _print_table(own: EvaluationSet, chunks: int, results: Sequence[VariantResult]) -> None:
    print(f"\n{own.name}: {results[0].questions} questions, {chunks} passages")
    print("  ".join(["variant".ljust(24), *(figure.rjust(9) for figure in FIGURES)]))
    for result in results:
        print("  ".join([result.name.ljust(24), *(f"{result.metrics[figure]:9.3f}" for figure in FIGURES)]))


def _missed(own: EvaluationSet, result: VariantResult) -> list[str]:
    sentences = []
    for figure, floor in own.floors.items():
        found = result.metrics[figure]
        if found > floor if figure.endswith("_ms") else found < floor:
            sentences.append(f"{own.name}: {figure} is {found:.3f}; the floor is {floor}.")
    return sentences


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--data", type=Path, help="the evaluation data")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, help="where collections are kept")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where quality.json is written")
    parser.add_argument("--sets", type=set_names, default=list(MAIN_SETS), help=f"of: {', '.join(SETS)}")
    parser.add_argument("--variant", action="append", metavar="NAME:key=value,...")
    parser.add_argument("--limit", type=int, help="only the first N questions of each set")
    return parser


if __name__ == "__main__":
    sys.exit(main())
