"""The embedded cross-encoder alone and fused with late interaction, on sets that it never saw.

    python -m benchmarks.read_together [--data DIR] [--sets uda_pdf,cranfield] [--limit 60]

Candidates are fetched once a question and read once; every order below is made of the same scores, so
they differ in nothing else. Of squad and xquad, only questions about the articles kept for testing are
asked. It prints tables and the means, and writes results/read_together.json. Times: benchmarks.rerankers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.evaluation_sets import (
    DEFAULT_WORK,
    SETS,
    Prepared,
    benchmark_settings,
    data_folder,
    prepare,
    set_names,
)
from benchmarks.figures_table import FIGURE, interval_of, print_table
from benchmarks.quality import paired_gain
from benchmarks.record import RESULTS, write_record
from benchmarks.rerankers import some_of
from rag.compare import Variant
from rag.evaluate import CUT, Task, VariantResult, figures_of, first_of_each_document, summary
from rag.rerankers import Deadline, get_reranker
from rag.retrieve import rerank, retrieve
from rag.settings import Settings, with_overrides
from rag.workspace import open_workspace
from training.sources import articles

UNSEEN = ("uda_pdf", "kgrag_10q", "chunking", "cranfield", "cisi", "squad")
BASELINE = "late interaction"
ORDERS = {
    "as found": {"reranker": "none"},
    BASELINE: {"reranker": "late-interaction"},
    "cross-encoder": {"reranker": "embedded-cross-encoder"},
    "both": {"reranker": "ensemble", "reranking.ensemble": "late-interaction+embedded-cross-encoder"},
    "both and weighted scores": {
        "reranker": "ensemble",
        "reranking.ensemble": "late-interaction+embedded-cross-encoder+linear",
    },
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison."""
    options = _parser().parse_args(arguments)
    data = data_folder(options.data)
    settings = benchmark_settings(options.work)
    record: dict[str, Any] = {"sets": {}, "means": {}}
    for name in options.sets:
        prepared = prepare(SETS[name], data, settings)
        tasks = some_of(_unseen(name, prepared, settings), options.limit)
        results = _orders(tasks, prepared, settings)
        baseline = next(result for result in results if result.name == BASELINE)
        figures = [_figures(result, baseline) for result in results]
        print_table(
            f"{name}: {len(tasks)} questions",
            figures,
            of="order",
            difference="against late interaction",
            key="gain",
        )
        record["sets"][name] = {"questions": len(tasks), "orders": figures}
        for own in figures:
            values = [
                other[FIGURE]
                for done in record["sets"].values()
                for other in done["orders"]
                if other["name"] == own["name"]
            ]
            record["means"][own["name"]] = round(sum(values) / len(values), 4)
        print(f"written: {write_record('read_together', record, options.results)}", flush=True)
    print(f"\nmean {FIGURE} over {len(options.sets)} sets")
    for name, mean in sorted(record["means"].items(), key=lambda pair: -pair[1]):
        print(f"{name:26}{mean:9.3f}")
    return 0


def _unseen(name: str, prepared: Prepared, settings: Settings) -> list[Task]:
    """The questions, of squad and xquad those whose article was not learnt from."""
    language = name.removeprefix("xquad-") if name.startswith("xquad-") else ""
    if name != "squad" and not language:
        return prepared.tasks
    names = {f"{Path(article).stem}.{language}.md" if language else article for article in articles("test")}
    catalog = open_workspace(settings).catalog
    documents = catalog.documents(prepared.collection)
    kept = {record.document_id for record in documents if Path(record.name).name in names}
    return [task for task in prepared.tasks if task.units[0].document_id in kept]


def _orders(tasks: Sequence[Task], prepared: Prepared, settings: Settings) -> list[VariantResult]:
    table = open_workspace(settings).table(prepared.collection)
    chosen = {name: with_overrides(settings, changes) for name, changes in ORDERS.items()}
    rerankers = {name: get_reranker(own, table.embedder) for name, own in chosen.items()}
    depth = settings.retrieval.candidates
    found_as = with_overrides(settings, {"reranker": "none"})
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ORDERS}
    for task in tasks:
        found = retrieve(task.text, table=table, settings=found_as, filters=task.filters)
        for name, reranker in rerankers.items():
            hits = [replace(hit, scores=dict(hit.scores), ranks=dict(hit.ranks)) for hit in found.candidates]
            ranked = rerank(found.query, hits, reranker, depth, Deadline(0), [])
            places = [hit.chunks for hit in ranked]
            if prepared.by_document:
                every = [chunk for alike in places for chunk in alike]
                places = [(chunk,) for chunk in first_of_each_document(every)]
            rows[name].append({**figures_of(task, places[:CUT]), "milliseconds": 0.0, "tokens": 0})
    return [summary(Variant(name, chosen[name], ORDERS[name]), own) for name, own in rows.items()]


def _figures(result: VariantResult, baseline: VariantResult) -> dict[str, Any]:
    kept = {key: own for key, own in result.as_dict().items() if not key.endswith("_ms") and key != "tokens"}
    return {
        **kept,
        "interval": interval_of(result),
        "gain": paired_gain(result, baseline, FIGURE) if result is not baseline else None,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.read_together", description=__doc__)
    parser.add_argument("--data", type=Path, help="the evaluation data")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, help="where collections are kept")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where read_together.json is written")
    parser.add_argument("--sets", type=set_names, default=list(UNSEEN), help=f"of: {', '.join(SETS)}")
    parser.add_argument("--limit", type=int, default=60, help="most questions of a set")
    return parser


if __name__ == "__main__":
    sys.exit(main())
