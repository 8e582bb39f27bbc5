"""python -m rag rerankers | compare: what can be chosen, and one question put to several choices."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from rag.compare import Comparison, Run, compare
from rag.evaluate import parse_variant
from rag.near_copies import cited_place
from rag.rerankers import OFFERED, problem_with
from rag.scope_command import collections_given, scope_beside, searched
from rag.settings import Settings
from rag.workspace import open_workspace

#: Characters of a passage that are printed.
EXCERPT = 100
DEFAULTS = ("words:mode=text,reranker=none", "both:mode=hybrid,reranker=none", "current:")


def add_variant_commands(commands: Any, parents: Sequence[argparse.ArgumentParser]) -> None:
    """Add `rerankers` and `compare`; `parents` bring --json, --collection and the restriction's options."""
    listed = commands.add_parser("rerankers", help="what can put passages in order, and what is ready")
    listed.add_argument("--json", action="store_true", help="print JSON alone on standard output")
    listed.set_defaults(run=_rerankers)
    compared = commands.add_parser(
        "compare", parents=list(parents), help="one question, two to four settings"
    )
    compared.add_argument("question")
    compared.add_argument("--variant", action="append", default=[], metavar="NAME:key=value,...")
    compared.set_defaults(run=_compare)


def _rerankers(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    found = [(offer, problem_with(offer.name, settings)) for offer in OFFERED]
    if not options.json:
        for offer, problem in found:
            sys.stdout.write(f"{offer.name}\n   {offer.sentence}\n")
            if problem:
                sys.stdout.write(f"   Not ready: {problem}\n")
    return {
        "rerankers": [
            {"name": offer.name, "sentence": offer.sentence, "ready": not problem, "problem": problem}
            for offer, problem in found
        ]
    }


def _compare(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    variants = [parse_variant(text, settings) for text in options.variant or DEFAULTS]
    collections = collections_given(options)
    table, filters = searched(open_workspace(settings), collections, scope_beside(options))
    made = compare(options.question, variants, table, filters=filters)
    for run in made.runs:
        for note in run.notes:
            sys.stderr.write(f"{run.variant.name}: {note}\n")
        if not options.json:
            _print_run(made, run)
    return {"question": made.question, "variants": [_run_as_dict(made, run) for run in made.runs]}


def _print_run(made: Comparison, run: Run) -> None:
    sys.stdout.write(f"\n{run.variant.name}: {run.error or str(run.milliseconds['total']) + ' ms'}\n")
    for placement in run.placements:
        citation = made.passages[placement.passage].citation
        place = cited_place(citation)
        moved = "" if placement.movement == "same" else f" ({placement.movement})"
        sys.stdout.write(
            f"{placement.rank:3}.{moved} {place}: {' '.join(citation.quote.split())[:EXCERPT]}\n"
        )


def _run_as_dict(made: Comparison, run: Run) -> dict[str, Any]:
    return {
        "name": run.variant.name,
        "reranker": run.reranker,
        "error": run.error,
        "notes": list(run.notes),
        "milliseconds": run.milliseconds,
        "hits": [
            {
                "rank": placement.rank,
                "id": made.passages[placement.passage].citation.chunk_id,
                "document": made.passages[placement.passage].citation.document,
                "page": made.passages[placement.passage].citation.page,
                "collection": made.passages[placement.passage].citation.collection,
                "also_in": list(made.passages[placement.passage].citation.also_in),
                "score": placement.score,
                "ranks": placement.ranks,
                "rank_in_first": placement.rank_in_first,
                "movement": placement.movement,
            }
            for placement in run.placements
        ],
    }
