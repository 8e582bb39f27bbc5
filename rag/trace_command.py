"""python -m rag trace: where an expected passage was lost. It prints what rag.trace says."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rag.catalog import Catalog
from rag.errors import DocumentNotFound, SettingsError
from rag.scope_command import collections_given, scope_beside
from rag.settings import Settings, with_overrides
from rag.workspace import open_workspace

SIGNS = {"kept": "+", "missed": "-", "lost": "x", "unused": " ", "unreached": " "}


def add_trace_command(commands: Any, parents: Sequence[argparse.ArgumentParser]) -> None:
    """Add `trace` to a parser's subparsers; `parents` bring --json, --collection and a search's settings."""
    trace = commands.add_parser(
        "trace", parents=list(parents), help="why an expected passage of --document was not found"
    )
    trace.add_argument("question")
    trace.add_argument("--phrase", default="", help="words of the expected passage; any passage without")
    trace.add_argument("--model", help="who would answer: extractive, openai or ollama")
    trace.set_defaults(run=_trace)


def _trace(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    from rag.expected_passage import expected_passage
    from rag.trace import trace

    if len(options.document) != 1:
        raise SettingsError(
            "trace follows a passage of one document, searched for among all: give --document NAME once. "
            "--tag, --type, --author, --since, --until and --pages restrict the search."
        )
    given = {name: getattr(options, name) for name in ("k", "candidates", "mode", "reranker", "model")}
    settings = with_overrides(settings, {name: value for name, value in given.items() if value is not None})
    workspace = open_workspace(settings)
    collections = collections_given(options)
    where = _holding(workspace.catalog, collections, options.document[0])
    made = trace(
        options.question,
        expected_passage(workspace, where, options.document[0], options.phrase),
        table=workspace.searched(collections),
        settings=settings,
        filters=workspace.filters(collections[0], replace(scope_beside(options), documents=())),
    )
    if not options.json:
        for step in made.steps:
            if step.says:
                sys.stdout.write(f"{SIGNS[step.outcome]} {step.stage:<10} {step.says}\n")
        sys.stdout.write(f"\n{'Lost at: ' + ', '.join(made.lost_at) if made.lost_at else 'It was found.'}\n")
        for remedy in made.remedies:
            changed = ", ".join(f"{name}={value}" for name, value in remedy.changes.items())
            sys.stdout.write(f"With {changed} it is kept, at place {remedy.rank}.\n")
    for note in made.notes:
        sys.stderr.write(f"{note}\n")
    return made.as_dict()


def _holding(catalog: Catalog, collections: Sequence[str], document: str) -> str:
    """The first of the collections that has the document; the first of all where none has."""
    for collection in collections:
        try:
            catalog.resolve(collection, document)
        except DocumentNotFound:
            continue
        return collection
    return collections[0]
