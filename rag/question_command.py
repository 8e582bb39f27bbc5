"""python -m rag questions: question sets kept with a collection: listed, imported, exported, made."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.command_values import positive
from rag.errors import QuestionsError
from rag.evaluation_runs import question_sets
from rag.judged_tasks import text_reader
from rag.question_export import as_lines
from rag.question_files import read_question_files
from rag.question_import import judged_from
from rag.question_making import make_questions
from rag.question_sets import ORIGINS, JudgedQuestion
from rag.settings import Settings
from rag.workspace import Workspace, open_workspace


def add_question_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `questions` with list, import, export and make."""
    questions = commands.add_parser("questions", help="question sets kept with a collection")
    actions = questions.add_subparsers(dest="action", required=True)
    listed = actions.add_parser("list", parents=[shared], help="the sets, or the questions of one")
    listed.add_argument("name", nargs="?", metavar="NAME")
    listed.set_defaults(run=_list)
    imported = actions.add_parser("import", parents=[shared], help="add questions from files")
    imported.add_argument("name", metavar="NAME")
    imported.add_argument("files", nargs="+", type=Path, help=".jsonl, .csv, or queries.jsonl with a .tsv")
    imported.set_defaults(run=_import)
    exported = actions.add_parser("export", parents=[shared], help="a set as JSON lines, to be imported")
    exported.add_argument("name", metavar="NAME")
    exported.set_defaults(run=_export)
    made = actions.add_parser("make", parents=[shared], help="add questions made from the documents")
    made.add_argument("name", metavar="NAME")
    made.add_argument("--count", type=positive, default=20, help="questions at most")
    made.add_argument(
        "--by",
        choices=("rules", "model"),
        default="rules",
        help="rules, from sentences and headings, or the chat model",
    )
    made.set_defaults(run=_make)


def _list(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    sets = question_sets(open_workspace(settings))
    if options.name:
        found = sets.questions(sets.named(options.collection, options.name).id)
        if not options.json:
            for own in found:
                sys.stdout.write(f"{own.text} ({ORIGINS[own.origin]})\n")
        return {"set": options.name, "questions": [own.as_dict() for own in found]}
    there = sets.sets(options.collection)
    if not options.json:
        for each in there:
            sys.stdout.write(f"{each.name}: {each.questions} questions\n")
        if not there:
            sys.stdout.write("No question sets yet.\n")
    return {"sets": [{"name": each.name, "questions": each.questions} for each in there]}


def _import(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    workspace = open_workspace(settings)
    workspace.table(options.collection)
    files = {}
    for file in options.files:
        try:
            files[str(file)] = file.read_bytes()
        except OSError as error:
            raise QuestionsError(f"{file} cannot be read: {error.strerror}. Check the path.") from error
    imported = judged_from(
        read_question_files(files),
        collection=options.collection,
        catalog=workspace.catalog,
        document_text=text_reader(workspace.blobs),
    )
    for note in imported.notes:
        sys.stderr.write(f"{note}\n")
    if not options.json:
        sys.stdout.write(f"{imported.taken}\n")
    return _added(options, workspace, imported.questions) | {
        "imported": len(imported.questions),
        "notes": imported.notes,
    }


def _export(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    workspace = open_workspace(settings)
    sets = question_sets(workspace)
    found = sets.questions(sets.named(options.collection, options.name).id)
    lines = as_lines(found, text_reader(workspace.blobs))
    if not options.json:
        sys.stdout.writelines(f"{json.dumps(line)}\n" for line in lines)
    return {"set": options.name, "lines": lines}


def _make(options: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    workspace = open_workspace(settings)
    questions = make_questions(workspace, options.collection, options.count, by_model=options.by == "model")
    return _added(options, workspace, questions)


def _added(
    options: argparse.Namespace, workspace: Workspace, questions: Sequence[JudgedQuestion]
) -> dict[str, Any]:
    kept = question_sets(workspace).add(options.collection, options.name, questions)
    if not options.json:
        sys.stdout.write(f"{kept.name}: {kept.questions} questions\n")
    return {"set": kept.name, "questions": kept.questions}
