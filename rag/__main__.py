"""The command line of the core: python -m rag search | ask | evaluate | trace, and upkeep.

With --json, standard output holds JSON alone; messages go to standard error. Exit status: 0 done
(declining to answer included), 1 an error, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rag.document_scope import left_out
from rag.errors import AskanceError, SettingsError
from rag.near_copies import also_in, cited_place, place_of
from rag.question_command import add_question_commands
from rag.rerankers import RERANKERS
from rag.scope_command import DEFAULT_COLLECTION, add_scope_options, scope_given
from rag.settings import Settings, load_settings, with_overrides
from rag.several_tables import Searched
from rag.trace_command import add_trace_command
from rag.types import Filters, Hit, SearchResult
from rag.upkeep_commands import add_upkeep_commands
from rag.variant_command import add_variant_commands
from rag.workspace import Workspace, open_workspace


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A console that cannot show a letter of a document shows its code.
        sys.stdout.reconfigure(errors="backslashreplace")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s: %(message)s")
    try:
        settings = load_settings()
        output: dict[str, Any] = options.run(options, settings)
    except AskanceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        return 1
    if options.json:
        sys.stdout.write(json.dumps(output) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rag", description="Search, ask, evaluate, and look after the data."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--collection", default=DEFAULT_COLLECTION, help="the collection to search")
    shared.add_argument("--json", action="store_true", help="print JSON alone on standard output")

    several = argparse.ArgumentParser(add_help=False)
    several.add_argument(
        "--collection",
        action="append",
        help="a collection to search; several are searched as one when this is given several times",
    )
    several.add_argument("--json", action="store_true", help="print JSON alone on standard output")

    searching = argparse.ArgumentParser(add_help=False)
    searching.add_argument("--k", help="passages kept")
    searching.add_argument("--candidates", help="passages fetched by each search before reranking")
    searching.add_argument("--mode", choices=("hybrid", "vector", "text"))
    searching.add_argument("--reranker", help="what puts the candidates in order")
    add_scope_options(searching)

    search = commands.add_parser("search", parents=[several, searching], help="find passages")
    search.add_argument("query")
    search.set_defaults(run=_search)

    ask = commands.add_parser("ask", parents=[several, searching], help="answer a question with citations")
    ask.add_argument("question")
    ask.add_argument("--model", help="who answers: extractive, openai or ollama")
    ask.set_defaults(run=_ask)

    evaluate = commands.add_parser("evaluate", parents=[shared], help="figures over a question set")
    evaluate.add_argument("questions", nargs="?", type=Path, help="question set, a JSON object a line")
    evaluate.add_argument("--beir", type=Path, metavar="DIR", help="a folder in BEIR form instead")
    evaluate.add_argument(
        "--variant",
        action="append",
        default=[],
        metavar="NAME:key=value,...",
        help="settings to measure; preset=plain and reranker=NAME among them (see python -m rag rerankers)",
    )
    evaluate.add_argument("--set", metavar="NAME", help="a question set kept with the collection instead")
    evaluate.add_argument("--limit", type=_positive, metavar="N", help="only the first N questions")
    evaluate.set_defaults(run=_evaluate)

    add_question_commands(commands, shared)
    add_variant_commands(commands, several)
    add_trace_command(commands, [several, searching])
    add_upkeep_commands(commands)
    return parser


def _searched(options: argparse.Namespace, workspace: Workspace) -> tuple[Searched, Filters]:
    """What the options name to be searched, and the restriction."""
    collections = options.collection or [DEFAULT_COLLECTION]
    scope = replace(scope_given(options), collections=tuple(collections[1:]))
    if scope:
        records = [record for name in collections for record in workspace.catalog.documents(name)]
        for sentence in left_out(records, scope):
            sys.stderr.write(f"{sentence}\n")
    return workspace.searched(collections), workspace.filters(collections[0], scope)


def _search(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from rag.retrieve import retrieve

    workspace, settings = _opened(options, settings)
    table, filters = _searched(options, workspace)
    found = retrieve(options.query, table=table, settings=settings, filters=filters)
    for note in found.notes:
        sys.stderr.write(f"{note}\n")
    if not options.json:
        for hit in found.hits:
            place = hit.chunk.place + (f", in {hit.collection}" if hit.collection else "")
            sys.stdout.write(f"{hit.rank}. {place}\n   {' '.join(hit.chunk.text.split())[:300]}\n")
            if hit.also_in:
                sys.stdout.write(f"   {also_in([place_of(own) for own in hit.also_in])}\n")
        if not found.hits:
            sys.stdout.write("Nothing found.\n")
    return search_as_dict(options.query, found)


def search_as_dict(query: str, found: SearchResult) -> dict[str, Any]:
    """The JSON form of a search."""
    return {
        "query": query,
        "hits": [_hit_as_dict(hit) for hit in found.hits],
        "milliseconds": found.milliseconds,
        "notes": list(found.notes),
    }


def _hit_as_dict(hit: Hit) -> dict[str, Any]:
    chunk = hit.chunk
    return {
        "rank": hit.rank,
        "id": chunk.id,
        "collection": hit.collection,
        "document": chunk.document,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
        "scores": hit.scores,
        "also_in": [
            {
                "id": own.chunk.id,
                "collection": own.collection,
                "document": own.chunk.document,
                "page": own.chunk.page,
                "start": own.chunk.start,
                "end": own.chunk.end,
            }
            for own in hit.also_in
        ],
    }


def _ask(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from rag.answer import ask

    workspace, settings = _opened(options, settings)
    table, filters = _searched(options, workspace)
    reply = ask(options.question, table=table, settings=settings, filters=filters)
    for piece in reply:
        if not options.json:
            sys.stdout.write(piece)
            sys.stdout.flush()
    if not options.json:
        for citation in reply.citations:
            sys.stdout.write(f"\n[{citation.number}] {cited_place(citation)}")
        sys.stdout.write("\n")
    for note in reply.notes:
        sys.stderr.write(f"{note}\n")
    return {
        "answer": reply.text,
        "answered": reply.answered,
        "citations": [
            {
                "number": citation.number,
                "collection": citation.collection,
                "document": citation.document,
                "page": citation.page,
                "quote": citation.quote,
                "start": citation.start,
                "end": citation.end,
                "also_in": list(citation.also_in),
            }
            for citation in reply.citations
        ],
        "model": reply.model,
        "confidence": reply.confidence,
        "tokens": reply.tokens,
        "milliseconds": reply.milliseconds,
        "notes": list(reply.notes),
    }


def _evaluate(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from rag.evaluate import beir_tasks, evaluate, parse_variant, question_tasks
    from rag.evaluation_runs import judged_tasks, question_sets
    from rag.questions import load_beir, load_questions
    from rag.verdict import figures_of, verdict

    if sum(map(bool, (options.questions, options.beir, options.set))) != 1:
        _parser().error("evaluate takes one of a question set's file, --set NAME and --beir DIR")
    try:
        variants = [parse_variant(text, settings) for text in options.variant or ["default:"]]
        for variant in variants:
            _check_reranker(variant.settings)
    except SettingsError as error:
        _parser().error(str(error))
    if options.beir:
        from ingest.beir import ingest_beir

        beir = load_beir(options.beir)
        workspace = open_workspace(settings)
        collection, ids = ingest_beir(beir, workspace)
        tasks = beir_tasks(beir, ids)[: options.limit]
    elif options.set:
        workspace = open_workspace(settings)
        collection = options.collection
        sets = question_sets(workspace)
        judged = sets.questions(sets.named(collection, options.set).id)
        tasks = judged_tasks(workspace, collection, judged)[: options.limit]
    else:
        questions = load_questions(options.questions, options.limit)
        workspace = open_workspace(settings)
        collection = options.collection
        workspace.table(collection)
        tasks = question_tasks(
            questions, collection=collection, catalog=workspace.catalog, blobs=workspace.blobs
        )
    results = evaluate(
        tasks,
        variants,
        workspace.table(collection),
        by_document=bool(options.beir),
        on_progress=_show_progress if sys.stderr.isatty() else None,
    )
    for result in results:
        for note in dict.fromkeys(note for row in result.rows for note in row["notes"]):
            sys.stderr.write(f"{result.name}: {note}\n")
    if not options.json:
        names = list(results[0].metrics)
        sys.stdout.write("  ".join(["variant".ljust(20), *(name.rjust(9) for name in names)]) + "\n")
        for result in results:
            figures = (f"{result.metrics[name]:9.3f}" for name in names)
            sys.stdout.write("  ".join([result.name.ljust(20), *figures]) + "\n")
    measured = figures_of([result.name for result in results], [result.rows for result in results])
    said = verdict(measured, [result.rows for result in results])
    if not options.json:
        sys.stdout.write(f"{said}\n")
    return {
        "variants": [
            result.as_dict() | {name: own[name] for name in ("intervals", "chance")}
            for result, own in zip(results, (figures.as_dict() for figures in measured), strict=True)
        ],
        "verdict": said,
    }


def _show_progress(name: str, done: int, total: int) -> None:
    sys.stderr.write(f"\r{name}: {done} of {total}\033[K" + ("\n" if done == total else ""))


def _opened(options: argparse.Namespace, settings: Settings) -> tuple[Workspace, Settings]:
    names = ("k", "candidates", "mode", "reranker", "model")
    given = {name: getattr(options, name, None) for name in names}
    try:
        settings = with_overrides(
            settings, {name: value for name, value in given.items() if value is not None}
        )
        if options.reranker:
            _check_reranker(settings)
    except SettingsError as error:
        _parser().error(str(error))
    return open_workspace(settings), settings


def _check_reranker(settings: Settings) -> None:
    if settings.retrieval.reranker not in RERANKERS:
        raise SettingsError(
            f"retrieval.reranker = {settings.retrieval.reranker!r}: must be one of {', '.join(RERANKERS)}."
        )


def _positive(text: str) -> int:
    if not text.strip().isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
