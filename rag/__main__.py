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
from typing import Any

from rag.beir import BeirSet
from rag.errors import AskanceError, SettingsError
from rag.evaluate_command import add_evaluate_command
from rag.near_copies import also_in, cited_place, place_of
from rag.passage_places import cited_part, place_in_words
from rag.question_command import add_question_commands
from rag.rerankers import check_reranker
from rag.scope_command import (
    DEFAULT_COLLECTION,
    add_scope_options,
    collections_given,
    scope_beside,
    searched,
)
from rag.settings import Settings, load_settings, with_overrides
from rag.trace_command import add_trace_command
from rag.types import Hit, SearchResult
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

    restricting = argparse.ArgumentParser(add_help=False)
    add_scope_options(restricting)
    add_evaluate_command(commands, [several, restricting], _ingest_beir)
    add_question_commands(commands, shared)
    add_variant_commands(commands, [several, restricting])
    add_trace_command(commands, [several, searching])
    add_upkeep_commands(commands)
    return parser


def _search(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from rag.retrieve import retrieve

    workspace, settings = _opened(options, settings)
    table, filters = searched(workspace, collections_given(options), scope_beside(options))
    found = retrieve(options.query, table=table, settings=settings, filters=filters)
    for note in found.notes:
        sys.stderr.write(f"{note}\n")
    if not options.json:
        for hit in found.hits:
            place = place_in_words(hit.chunk) + (f", in {hit.collection}" if hit.collection else "")
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
    table, filters = searched(workspace, collections_given(options), scope_beside(options))
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
                "part": cited_part(citation),
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


def _ingest_beir(beir: BeirSet, workspace: Workspace) -> tuple[str, dict[str, str]]:
    from ingest.beir import ingest_beir

    return ingest_beir(beir, workspace)


def _opened(options: argparse.Namespace, settings: Settings) -> tuple[Workspace, Settings]:
    names = ("k", "candidates", "mode", "reranker", "model")
    given = {name: getattr(options, name, None) for name in names}
    try:
        settings = with_overrides(
            settings, {name: value for name, value in given.items() if value is not None}
        )
        if options.reranker:
            check_reranker(settings)
    except SettingsError as error:
        _parser().error(str(error))
    return open_workspace(settings), settings


if __name__ == "__main__":
    sys.exit(main())
