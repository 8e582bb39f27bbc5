"""A thousand single-document ingests and one maintenance run, beside the same documents loaded at once.

    python -m benchmarks.store_health [--documents N] [--rounds N]

Both collections get the same parsed documents through the pipeline, with the embedder that needs no
model: the store is what is measured. Fragments and size are compared after maintenance whose clean-up age has
passed; searches (hybrid's two parts) run side by side in alternating rounds, so that whatever else the
machine does strikes both. It prints a table and writes results/store_health.json.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.record import RESULTS, write_record
from ingest.pipeline import Pipeline
from rag.maintenance import Maintenance
from rag.settings import Settings, with_overrides
from rag.store import CollectionTable
from rag.types import ParsedDocument
from rag.workspace import Workspace, open_workspace

MOST_FRAGMENTS, MOST_SIZE_RATIO, MOST_TIME_RATIO = 10, 1.3, 1.15
#: The clean-up age that counts as passed: nobody else reads this folder.
AT_ONCE = timedelta(milliseconds=1)
WORDS = [
    f"{first}{last}" for first in "ba de fi go ku la me ni po ru".split() for last in "lk mt nd rs vx".split()
]
QUESTIONS = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns 1 when a bound is missed."""
    options = _parser().parse_args(arguments)
    texts = {f"{number}.txt": _text(number) for number in range(options.documents)}
    with tempfile.TemporaryDirectory() as folder:
        settings = with_overrides(Settings(data_dir=Path(folder)), {"embedding.model": "hash"})
        workspace = open_workspace(settings)
        started = time.perf_counter()
        for name, text in texts.items():
            _ingest(workspace, "single", {name: text})
        single_s = time.perf_counter() - started
        _ingest(workspace, "bulk", texts)
        single, bulk = workspace.table("single"), workspace.table("bulk")
        before = {"single": single.upkeep.health(), "bulk": bulk.upkeep.health()}
        untidy = _search_ratio(single, bulk, options.rounds)
        runs = Maintenance(workspace.store, settings.data_dir).run(keep=AT_ONCE)
        tidy = _search_ratio(single, bulk, options.rounds)
        after = {run.collection: run.after for run in runs}
    size_ratio = after["single"].size / after["bulk"].size
    for name in ("single", "bulk"):
        print(f"{name:7} before: {before[name]}")
        print(f"{name:7} after:  {after[name]}")
    print(f"ingesting one by one: {1000 * single_s / options.documents:.1f} ms a document")
    print(f"size, single / bulk after maintenance: {size_ratio:.3f} (bound {MOST_SIZE_RATIO})")
    print(f"search time, single / bulk: {untidy['ratio']:.3f} before, {tidy['ratio']:.3f} after")
    record: dict[str, Any] = {
        "documents": options.documents,
        "before": {name: asdict(own) for name, own in before.items()},
        "after": {name: asdict(own) for name, own in after.items()},
        "milliseconds_a_document": round(1000 * single_s / options.documents, 2),
        "maintenance_s": {run.collection: round(run.seconds, 3) for run in runs},
        "size_ratio": round(size_ratio, 4),
        "search_before": untidy,
        "search_after": tidy,
    }
    print(f"written: {write_record('store_health', record, options.results)}")
    held = (
        after["single"].fragments <= MOST_FRAGMENTS
        and size_ratio <= MOST_SIZE_RATIO
        and tidy["ratio"] <= MOST_TIME_RATIO
    )
    return int(not held)


def _ingest(workspace: Workspace, collection: str, texts: dict[str, str]) -> None:
    pipeline = Pipeline(collection, workspace)
    documents = [
        (name, hashlib.sha256(text.encode()).hexdigest(), ParsedDocument(text, name, "text/plain"))
        for name, text in texts.items()
    ]
    if not pipeline.parsed_documents(documents):
        raise RuntimeError(f"No passages were stored of {len(texts)} documents.")


def _text(number: int) -> str:
    rows = random.Random(number)
    return f"Document {number}. " + " ".join(rows.choice(WORDS) for _ in range(120)) + "."


def _search_ratio(single: CollectionTable, bulk: CollectionTable, rounds: int) -> dict[str, float]:
    """Median milliseconds of a search in each, and the median ratio of the pairs."""
    questions = [" ".join(random.Random(-number).choices(WORDS, k=5)) for number in range(1, QUESTIONS + 1)]
    vectors = single.embedder.embed(questions, query=True)
    taken: dict[str, list[float]] = {"single": [], "bulk": []}
    for number in range(rounds):
        pair = [("single", single), ("bulk", bulk)]
        for question, vector in zip(questions, vectors, strict=True):
            for name, table in pair if number % 2 else pair[::-1]:
                started = time.perf_counter()
                table.text_search(question, 50)
                table.vector_search(vector, 50)
                taken[name].append((time.perf_counter() - started) * 1000)
    ratios = [one / other for one, other in zip(taken["single"], taken["bulk"], strict=True)]
    return {
        "single_ms": round(median(taken["single"]), 3),
        "bulk_ms": round(median(taken["bulk"]), 3),
        "ratio": round(median(ratios), 4),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.store_health", description=__doc__)
    parser.add_argument("--documents", type=int, default=1000, help="how many documents")
    parser.add_argument("--rounds", type=int, default=5, help="how often each question is asked")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where store_health.json is written")
    return parser


if __name__ == "__main__":
    sys.exit(main())
