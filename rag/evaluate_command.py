"""python -m rag evaluate: figures of settings over a question set, under a restriction, over collections.

It prints what rag.evaluate and rag.verdict give. How a BEIR folder becomes a collection is handed in.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.beir import BeirSet, load_beir
from rag.command_values import positive
from rag.errors import SettingsError
from rag.evaluate import Task, VariantResult, beir_tasks, evaluate, parse_variant, question_tasks
from rag.evaluation_runs import question_sets
from rag.judged_places import lost_text
from rag.judged_tasks import made_ready
from rag.questions import load_questions
from rag.reachable import left_out_text, restricted
from rag.rerankers import check_reranker
from rag.scope_command import collections_given, scope_beside, searched
from rag.settings import Settings
from rag.types import Scope
from rag.verdict import figures_of, verdict
from rag.workspace import Workspace, open_workspace

#: Makes a BEIR set a collection; gives its name, and the stored id of each corpus id.
Ingest = Callable[[BeirSet, Workspace], tuple[str, dict[str, str]]]


def add_evaluate_command(
    commands: Any, parents: Sequence[argparse.ArgumentParser], ingest_beir: Ingest
) -> None:
    """Add `evaluate`; `parents` bring --json, --collection and the restriction's options."""
    parser = commands.add_parser("evaluate", parents=list(parents), help="figures over a question set")
    parser.add_argument("questions", nargs="?", type=Path, help="question set, a JSON object a line")
    parser.add_argument("--beir", type=Path, metavar="DIR", help="a folder in BEIR form instead")
    parser.add_argument(
        "--variant",
        action="append",
        default=[],
        metavar="NAME:key=value,...",
        help="settings to measure; preset=plain and reranker=NAME among them (see python -m rag rerankers)",
    )
    parser.add_argument("--set", metavar="NAME", help="a question set kept with a collection instead")
    parser.add_argument("--limit", type=positive, metavar="N", help="only the first N questions")

    def run(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
        return _evaluate(parser, options, settings, ingest_beir)

    parser.set_defaults(run=run)


@dataclass(frozen=True)
class _Asked:
    """What is measured: the questions, and the collections and scope that they are asked of."""

    tasks: list[Task]
    collections: list[str]
    scope: Scope
    lost: int = 0


def _evaluate(
    parser: argparse.ArgumentParser, options: argparse.Namespace, settings: Settings, ingest_beir: Ingest
) -> dict[str, Any]:
    if sum(map(bool, (options.questions, options.beir, options.set))) != 1:
        parser.error("evaluate takes one of a question set's file, --set NAME and --beir DIR")
    if options.beir and options.collection:
        parser.error("--beir is measured in a collection of its own: leave out --collection")
    try:
        variants = [parse_variant(text, settings) for text in options.variant or ["default:"]]
        for variant in variants:
            check_reranker(variant.settings)
    except SettingsError as error:
        parser.error(str(error))
    asked, workspace = _asked(options, settings, ingest_beir)
    table, filters = searched(workspace, asked.collections, asked.scope)
    tasks = [task for task in restricted(asked.tasks, table, filters) if task is not None]
    left_out = len(asked.tasks) - len(tasks)
    if left_out:
        sys.stderr.write(f"{left_out_text(left_out, len(asked.tasks))}\n")
    if asked.lost:
        sys.stderr.write(f"{lost_text(asked.lost)}\n")
    results = evaluate(
        tasks,
        variants,
        table,
        by_document=bool(options.beir),
        on_progress=_show_progress if sys.stderr.isatty() else None,
    )
    for result in results:
        for note in dict.fromkeys(note for row in result.rows for note in row["notes"]):
            sys.stderr.write(f"{result.name}: {note}\n")
    measured = figures_of([result.name for result in results], [result.rows for result in results])
    said = verdict(measured, [result.rows for result in results])
    if not options.json:
        _print_table(results)
        sys.stdout.write(f"{said}\n")
    return {
        "collections": asked.collections,
        "scope": asked.scope.as_dict(),
        "left_out": left_out,
        "lost": asked.lost,
        "variants": [
            result.as_dict() | {name: own[name] for name in ("intervals", "chance")}
            for result, own in zip(results, (figures.as_dict() for figures in measured), strict=True)
        ],
        "verdict": said,
    }


def _asked(options: argparse.Namespace, settings: Settings, ingest_beir: Ingest) -> tuple[_Asked, Workspace]:
    collections = collections_given(options)
    scope = scope_beside(options)
    lost = 0
    if options.beir:
        beir = load_beir(options.beir)
        workspace = open_workspace(settings)
        collection, ids = ingest_beir(beir, workspace)
        tasks = beir_tasks(beir, ids)
        collections = [collection]
    elif options.set:
        workspace = open_workspace(settings)
        sets = question_sets(workspace)
        kept = sets.named(collections[0], options.set, beside=collections[1:])
        ready = made_ready(workspace, kept.collection, sets.questions(kept.id))
        tasks, lost = [task for task in ready.tasks if task is not None], ready.lost
    else:
        questions = load_questions(options.questions, options.limit)
        workspace = open_workspace(settings)
        workspace.searched(collections)
        tasks = question_tasks(
            questions,
            collection=collections[0],
            beside=collections[1:],
            catalog=workspace.catalog,
            blobs=workspace.blobs,
        )
    return _Asked(tasks[: options.limit], collections, scope, lost), workspace


def _print_table(results: Sequence[VariantResult]) -> None:
    names = list(results[0].metrics)
    sys.stdout.write("  ".join(["variant".ljust(20), *(name.rjust(9) for name in names)]) + "\n")
    for result in results:
        figures = (f"{result.metrics[name]:9.3f}" for name in names)
        sys.stdout.write("  ".join([result.name.ljust(20), *figures]) + "\n")


def _show_progress(name: str, done: int, total: int) -> None:
    sys.stderr.write(f"\r{name}: {done} of {total}\033[K" + ("\n" if done == total else ""))
