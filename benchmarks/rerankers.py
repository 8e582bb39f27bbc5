"""Each search and each reranker that is ready, over the evaluation sets: quality and milliseconds.

    python -m benchmarks.rerankers [--data DIR] [--sets squad,uda_pdf] [--limit 200] [--exact]
    python -m benchmarks.rerankers --table

At most 200 questions a set, chosen by a fixed seed. Each figure comes with its bootstrap 95% interval,
and with the paired difference to `plain`. Rerankers that need a key, a package or a model that is not
there are named with the reason and left out. Every figure comes from rag.evaluate; it prints tables
and writes results/rerankers.json; `--table` prints those of README.md out of it, without measuring.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.evaluation_sets import DEFAULT_WORK, SETS, benchmark_settings, data_folder, prepare, set_names
from benchmarks.figures_table import FIGURE, interval_of, print_table
from benchmarks.quality import paired_gain
from benchmarks.record import RESULTS, write_record
from benchmarks.rerankers_table import markdown
from rag.compare import Variant
from rag.evaluate import Task, VariantResult, evaluate, parse_variant
from rag.rerankers import OFFERED, problem_with
from rag.settings import Settings
from rag.workspace import open_workspace

#: Sets in English, and in other languages with questions in the same.
GROUPS = (
    ("squad", "uda_pdf", "kgrag_10q", "chunking", "cranfield", "cisi"),
    ("xquad-ar", "xquad-de", "xquad-es", "xquad-zh"),
)
COMPARED_SETS = tuple(name for group in GROUPS for name in group)
PLAIN, EXACT = "plain", "late-interaction-exact"
SEARCHES = (
    f"{PLAIN}:preset=plain",
    "text:mode=text,reranker=none",
    "vector:mode=vector,reranker=none",
    "hybrid:mode=hybrid,reranker=none",
)
MOST, SEED = 200, 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison."""
    options = _parser().parse_args(arguments)
    if options.table:
        kept = (options.results / "rerankers.json").read_text(encoding="utf-8")
        print(markdown(json.loads(kept), GROUPS))
        return 0
    data = data_folder(options.data)
    settings = benchmark_settings(options.work)
    variants, left_out = variants_to_measure(settings, options.variant, exact=options.exact)
    for name, reason in left_out.items():
        print(f"left out: {name}: {reason}")
    record: dict[str, Any] = {
        "precision": open_workspace(settings).store.embedder.precision,
        "left_out": left_out,
        "sets": {},
    }
    for name in options.sets:
        own = SETS[name]
        prepared = prepare(own, data, settings)
        tasks = some_of(prepared.tasks, options.limit)
        table = open_workspace(settings).table(prepared.collection)
        results = evaluate(tasks, variants, table, by_document=prepared.by_document)
        figures = [_figures(result, results) for result in results]
        print_table(
            f"{name}: {len(tasks)} questions, {prepared.chunks} passages",
            figures,
            of="variant",
            difference="against plain",
            key="gain",
        )
        record["sets"][name] = {"questions": len(tasks), "chunks": prepared.chunks, "variants": figures}
        print(f"written: {write_record('rerankers', record, options.results)}", flush=True)
    record["means"] = _means(record["sets"])
    print(f"\nmean {FIGURE} over {len(options.sets)} sets")
    for name, mean in sorted(record["means"].items(), key=lambda pair: -pair[1]):
        print(f"{name:26}{mean:9.3f}")
    write_record("rerankers", record, options.results)
    return 0


def variants_to_measure(
    settings: Settings, given: Sequence[str] | None, *, exact: bool
) -> tuple[list[Variant], dict[str, str]]:
    """The searches alone and every reranker that is ready (or those given), and why others are left out."""
    if given:
        return [parse_variant(text, settings) for text in given], {}
    problems = {offer.name: problem_with(offer.name, settings) for offer in OFFERED if offer.name != "none"}
    if not exact:
        problems[EXACT] = "It embeds fifty passages a question, a second each; measure it with --exact."
    ready = [f"{name}:mode=hybrid,reranker={name}" for name, problem in problems.items() if not problem]
    return [parse_variant(text, settings) for text in (*SEARCHES, *ready)], {
        name: problem for name, problem in problems.items() if problem
    }


def some_of(tasks: Sequence[Task], most: int) -> list[Task]:
    """At most so many of the tasks, spread over all of them, the same at each run."""
    if len(tasks) <= most:
        return list(tasks)
    places = sorted(random.Random(SEED).sample(range(len(tasks)), most))
    return [tasks[place] for place in places]


def _figures(result: VariantResult, results: Sequence[VariantResult]) -> dict[str, Any]:
    plain = next((other for other in results if other.name == PLAIN), None)
    notes = sorted({note for row in result.rows for note in row["notes"]})
    return {
        **result.as_dict(),
        "interval": interval_of(result),
        "gain": paired_gain(result, plain, FIGURE) if plain and plain is not result else None,
        "notes": notes,
    }


def _means(sets: dict[str, Any]) -> dict[str, float]:
    by_name: dict[str, list[float]] = {}
    for own in sets.values():
        for figures in own["variants"]:
            by_name.setdefault(figures["name"], []).append(figures[FIGURE])
    return {name: round(sum(values) / len(values), 4) for name, values in by_name.items()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rerankers", description=__doc__)
    parser.add_argument("--data", type=Path, help="the evaluation data")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, help="where collections are kept")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where rerankers.json is written")
    parser.add_argument("--sets", type=set_names, default=list(COMPARED_SETS), help=f"of: {', '.join(SETS)}")
    parser.add_argument("--table", action="store_true", help="print README.md's tables of what was recorded")
    parser.add_argument("--variant", action="append", metavar="NAME:key=value,...")
    parser.add_argument("--limit", type=int, default=MOST, help="most questions of a set")
    parser.add_argument("--exact", action="store_true", help="late-interaction-exact, too: slow")
    return parser


if __name__ == "__main__":
    sys.exit(main())
