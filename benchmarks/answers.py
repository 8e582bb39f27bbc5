"""The built-in answerer: how often what it quotes holds the answer, in how many words, how fast.

    python -m benchmarks.answers [--data DIR] [--work DIR] [--sets squad,uda_pdf,chunking] [--limit N] [--fit]

Every question goes through rag.answer.ask, so a question that was declined counts as not answered. It
prints a table and writes results/answers.json; with --fit it prints weights for rag/sentence_value.py
instead, fitted on squad's questions outside its small set, and changes no code.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluation_sets import DEFAULT_WORK, SETS, benchmark_settings, data_folder, prepare
from benchmarks.fitting import choice
from benchmarks.record import write_record
from rag.answer import ask
from rag.evidence import sentence_evidence, token_weights
from rag.extract import PASSAGES, extract
from rag.metrics import percentile
from rag.questions import Question, load_questions
from rag.retrieve import retrieve
from rag.sentence_value import WEIGHTS, signs
from rag.settings import Settings
from rag.types import EVERYTHING, Filters, Scope
from rag.workspace import Workspace, open_workspace

MAIN_SETS = ("squad", "uda_pdf", "chunking")
SEED, FIT_QUESTIONS = 7, 900


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    options = _parser().parse_args(arguments)
    data = data_folder(options.data)
    settings = benchmark_settings(options.work)
    workspace = open_workspace(settings)
    if options.fit:
        prepare(SETS["squad"], data, settings, 1)
        weights = _fitted(data, workspace, settings, options.limit or FIT_QUESTIONS)
        print(f"fitted: {tuple(round(float(weight), 2) for weight in weights)}\nin use: {WEIGHTS}")
        return 0
    rows = {}
    for name in options.sets:
        prepare(SETS[name], data, settings, 1)
        questions = load_questions(data / SETS[name].folder / SETS[name].questions, options.limit)
        rows[name] = _measured(questions, name, workspace, settings)
        print(f"{name}: done", file=sys.stderr)
    names = list(next(iter(rows.values())))
    print(f"{'set':12}" + "".join(f"{name:>22}" for name in names))
    for name, row in rows.items():
        print(f"{name:12}" + "".join(f"{'' if row[own] is None else row[own]:>22}" for own in names))
    print(f"written to {write_record('answers', {'sets': rows})}", file=sys.stderr)
    return 0


def _measured(
    questions: Sequence[Question], collection: str, workspace: Workspace, settings: Settings
) -> dict[str, Any]:
    table = workspace.table(collection)
    known = [own for own in questions if own.answerable and any(map(str.strip, own.answers))]
    unanswerable = [own for own in questions if not own.answerable]
    held, quoted, declined, words, times = 0, 0, 0, [], []
    for question in known:
        filters = _scope(question, workspace, collection)
        reply = ask(question.text, table=table, settings=settings, filters=filters)
        for _ in reply:
            pass
        declined += not reply.answered
        held += _holds(question, [citation.quote for citation in reply.citations])
        if reply.answered:
            words.append(sum(len(citation.quote.split()) for citation in reply.citations))
        # What the quotes would have been, had it not declined; timed by itself.
        found = reply.search
        if found is not None:
            started = time.thread_time()
            citations = extract(
                found.query, found.hits, table.embedder, most_words=settings.answer.quote_words
            )
            times.append((time.thread_time() - started) * 1000)
            quoted += _holds(question, [citation.quote for citation in citations])
    refused = 0
    for question in unanswerable:
        reply = ask(question.text, table=table, settings=settings)
        for _ in reply:
            pass
        refused += not reply.answered
    number = max(len(known), 1)
    return {
        "answerable": len(known),
        "quotes hold answer": round(held / number, 4),
        "without declining": round(quoted / number, 4),
        "mean words": round(float(np.mean(words)), 1) if words else None,
        "declined": round(declined / number, 4),
        "extract cpu p50 ms": round(percentile(times, 0.5), 1),
        "extract cpu p95 ms": round(percentile(times, 0.95), 1),
        "unanswerable": len(unanswerable),
        "of them declined": round(refused / len(unanswerable), 4) if unanswerable else None,
    }


def _fitted(data: Path, workspace: Workspace, settings: Settings, most: int) -> Any:
    folder = data / "squad"
    held_out = {question.id for question in load_questions(folder / "questions_small.jsonl")}
    questions = [
        question
        for question in load_questions(folder / "questions.jsonl")
        if question.answerable and question.answers and question.id not in held_out
    ]
    table = workspace.table("squad")
    groups, right = [], []
    for question in random.Random(SEED).sample(questions, min(most, len(questions))):
        found = retrieve(question.text, table=table, settings=settings)
        sentences = sentence_evidence(found.query, found.hits[:PASSAGES], table.embedder)
        if sentences:
            groups.append(signs(found.query, sentences, token_weights(found.query, table.embedder)))
            right.append(np.array([_holds(question, [sentence.text]) for sentence in sentences]))
    return choice(groups, right)


def _scope(question: Question, workspace: Workspace, collection: str) -> Filters:
    if question.scope != "document":
        return EVERYTHING
    return workspace.filters(collection, Scope(documents=question.documents))


def _holds(question: Question, texts: Sequence[str]) -> bool:
    """Whether one of the texts has one of the gold answers, folding case and white space."""
    folded = [_folded(text) for text in texts]
    return any(_folded(answer) in text for answer in question.answers if answer.strip() for text in folded)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.answers", description="The quotes' figures.")
    parser.add_argument("--data", type=Path, help="the evaluation data")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, help="where collections are kept")
    parser.add_argument("--sets", type=lambda text: text.split(","), default=list(MAIN_SETS))
    parser.add_argument("--limit", type=int, help="only the first N questions of each set")
    parser.add_argument("--fit", action="store_true", help="print fitted weights instead of figures")
    return parser


if __name__ == "__main__":
    sys.exit(main())
