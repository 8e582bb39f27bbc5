"""When to decline: fits the estimate of rag/confidence.py and measures it on sets it was not fitted on.

    python -m benchmarks.decline [--data DIR] [--work DIR] [--limit N]

Fitted on questions of squad (those outside its small set) and Natural Questions: asked of their own
collection, of three of its files, with their document taken away, and of the other's collection; and on
plain questions of short files (benchmarks/plain_files.py), asked of their own file, of three and of all.
Held out: squad's small set, uda_pdf, chunking and kgrag_10q, asked of their own collection and of each
other's, plain questions by another author, and German and Spanish ones of three files (xquad). Every
question goes through the app's own retrieve(). It prints what it fitted beside what rag/confidence.py
holds, measures the latter, and writes results/decline.json. "Doubted" are questions declined as perhaps
answered all the same. It changes no code.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluation_sets import (
    DEFAULT_WORK,
    SETS,
    benchmark_settings,
    data_folder,
    prepare,
    store_texts,
)
from benchmarks.fitting import Numbers, area_under_curve, logistic
from benchmarks.plain_files import PARTS, plain_files, store_plain_files
from benchmarks.record import write_record
from rag.confidence import COEFFICIENTS, INTERCEPT, features
from rag.questions import Question, load_questions
from rag.retrieve import retrieve
from rag.settings import Settings
from rag.types import EVERYTHING, Filters
from rag.unanswered import DOUBTED_FROM
from rag.workspace import Workspace, open_workspace

SEED = 7
#: A question refused wrongly costs this much beside one answered wrongly.
REFUSAL_COST = 2.0
#: Squad's unanswerable questions resemble answerable ones on purpose: they count this much in the fit.
TRAP_WEIGHT = 0.3
SMALL_COLLECTION = 3
ANSWERABLE, ABSENT, TRAP = "answerable", "wrong collection", "unanswerable"
NOT_SAID = "not said in the file"
OWN_SETS = ("squad", "uda_pdf", "chunking", "kgrag_10q")
OTHER_LANGUAGES = ("xquad-de", "xquad-es")
Restriction = Callable[[Question], Filters]


@dataclass(frozen=True)
class Asked:
    """Questions asked of a collection, and whether it holds their answers."""

    name: str
    questions: list[Question]
    collection: str
    kind: str
    fitted: bool
    filters: Restriction = lambda _: EVERYTHING

    @property
    def plain(self) -> bool:
        """Whether these are plain questions of short files, which are told of by themselves."""
        return self.collection.startswith("plain") and self.kind != ABSENT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    options = _parser().parse_args(arguments)
    data = data_folder(options.data)
    settings = benchmark_settings(options.work)
    workspace = open_workspace(settings)
    for name in (*OWN_SETS, *OTHER_LANGUAGES):
        prepare(SETS[name], data, settings, 1)
    natural = _natural_questions(data, workspace)
    values: dict[str, Numbers] = {}
    asked = _asked(data, natural, workspace, options.limit)
    for own in asked:
        values[own.name] = _features(own, workspace, settings)
        print(f"{own.name}: {len(own.questions)} questions", file=sys.stderr)
    weights, intercept = _fitted([own for own in asked if own.fitted], values)
    print(f"fitted:  {_shown(weights, intercept)}")
    print(f"in use:  {_shown(COEFFICIENTS, INTERCEPT)}   declines below {settings.answer.decline_below}")
    estimates = {
        name: 1 / (1 + np.exp(-(own @ np.array(COEFFICIENTS) + INTERCEPT))) for name, own in values.items()
    }
    rows = _rows(asked, estimates, settings.answer.decline_below)
    pooled = _pooled(asked, estimates, settings.answer.decline_below)
    _print_tables(rows, pooled)
    record = {"fitted": [*map(float, weights), intercept], "in_use": [*COEFFICIENTS, INTERCEPT]}
    written = write_record("decline", {**record, "sets": rows, "held_out": pooled})
    print(f"written to {written}", file=sys.stderr)
    return 0


def _asked(data: Path, natural: list[Question], workspace: Workspace, limit: int | None) -> list[Asked]:
    chosen = random.Random(SEED)

    def some(questions: Sequence[Question], most: int) -> list[Question]:
        kept = list(questions)
        return chosen.sample(kept, min(len(kept), most, limit or most))

    own = {name: load_questions(data / name / "questions.jsonl") for name in OWN_SETS}
    small = load_questions(data / "squad" / "questions_small.jsonl")
    held_out = {question.id for question in small}
    squad = [question for question in own["squad"] if question.id not in held_out]
    own["squad"] = small
    answerable = [question for question in squad if question.answerable]
    few, without = partial(_few, workspace), partial(_without, workspace)
    fit = (
        ("squad", ANSWERABLE, "squad", answerable, 500, None),
        ("squad, unanswerable", TRAP, "squad", [q for q in squad if not q.answerable], 300, None),
        ("squad of three files", ANSWERABLE, "squad", answerable, 250, few("squad", with_own=True)),
        ("squad without its file", ABSENT, "squad", answerable, 250, without("squad")),
        ("squad of three others", ABSENT, "squad", answerable, 250, few("squad", with_own=False)),
        ("squad of natural", ABSENT, "natural", answerable, 200, None),
        ("natural", ANSWERABLE, "natural", natural, 500, None),
        ("natural of three files", ANSWERABLE, "natural", natural, 200, few("natural", with_own=True)),
        ("natural without its file", ABSENT, "natural", natural, 250, without("natural")),
        ("natural of three others", ABSENT, "natural", natural, 200, few("natural", with_own=False)),
        ("natural of squad", ABSENT, "squad", natural, 200, None),
    )
    asked = [
        Asked(f"fit: {name}", some(questions, most), collection, kind, True, only or (lambda _: EVERYTHING))
        for name, kind, collection, questions, most, only in fit
    ]
    for name, questions in own.items():
        mine = [question for question in questions if question.answerable]
        traps = [question for question in questions if not question.answerable]
        asked.append(Asked(name, some(mine, 500), name, ANSWERABLE, False, _scope(workspace, name)))
        if traps:
            asked.append(Asked(f"{name}, unanswerable", some(traps, 500), name, TRAP, False))
        asked += [
            Asked(f"{name} of {other}", some(mine, 150), other, ABSENT, False)
            for other in OWN_SETS
            if other != name and other != "kgrag_10q"
        ]
    for name in OTHER_LANGUAGES:
        questions = some(load_questions(data / SETS[name].folder / SETS[name].questions), 150)
        for kind, said in ((ANSWERABLE, "three files"), (ABSENT, "three others")):
            restriction = _few(workspace, name, with_own=kind == ANSWERABLE)
            asked.append(Asked(f"{name} of {said}", questions, name, kind, False, restriction))
    return asked + [own for part in PARTS for own in _plain(part, workspace, limit)]


def _plain(part: str, workspace: Workspace, limit: int | None) -> list[Asked]:
    collection = store_plain_files(part, workspace)
    fitted = part == "fitted"
    files = plain_files(part)
    answered = [(file.name, text) for file in files for text in file.answered]
    absent = [(file.name, text) for file in files for text in file.absent]
    label = "fit: plain" if fitted else "plain"
    scopes: dict[str, Restriction] = {
        "one file": _scope(workspace, collection),
        "three files": _few(workspace, collection, with_own=True),
        "all files": lambda _: EVERYTHING,
    }
    asked = []
    for said, restriction in scopes.items():
        for kind, own in ((ANSWERABLE, answered), (NOT_SAID, absent)):
            name = f"{label} of {said}" + ("" if kind == ANSWERABLE else ", not said")
            questions = _plain_questions(own, kind)[:limit]
            asked.append(Asked(name, questions, collection, kind, fitted, restriction))
    foreign = _plain_questions([*answered, *absent], "foreign")
    for other in ("squad", "natural") if fitted else ("chunking", "uda_pdf"):
        some = random.Random(SEED).sample(foreign, min(len(foreign), 100, limit or 100))
        asked.append(Asked(f"{label} of {other}", some, other, ABSENT, fitted))
    return asked


def _plain_questions(asked: Sequence[tuple[str, str]], kind: str) -> list[Question]:
    return [
        Question(f"plain-{kind}-{number}", text, documents=(name,), scope="document")
        for number, (name, text) in enumerate(asked)
    ]


def _natural_questions(data: Path, workspace: Workspace) -> list[Question]:
    """Store the passages of Natural Questions, a file a title, without the titles that uda_pdf has."""
    lines = (data / "rerank_train" / "natural_questions.jsonl").read_text(encoding="utf-8").splitlines()
    taken = {file.stem for file in (data / "uda_pdf" / "documents").iterdir()}
    rows = [row for row in map(json.loads, lines) if row["document"] not in taken]
    names = {
        title: f"{number:03}.md" for number, title in enumerate(sorted({row["document"] for row in rows}))
    }
    passages: dict[str, list[str]] = {title: [] for title in names}
    for row in rows:
        if row["passage"] not in passages[row["document"]]:
            passages[row["document"]].append(row["passage"])
    texts = {names[title]: "\n\n".join([f"# {title}", *own]) for title, own in passages.items()}
    for failure in store_texts(texts, "natural", workspace):
        print(failure, file=sys.stderr)
    return [
        Question(f"natural-{number}", row["question"], documents=(names[row["document"]],))
        for number, row in enumerate(rows)
    ]


def _ids(workspace: Workspace, collection: str) -> dict[str, str]:
    return {own.name: own.document_id for own in workspace.catalog.documents(collection)}


def _scope(workspace: Workspace, collection: str) -> Restriction:
    ids = _ids(workspace, collection)

    def restricted(question: Question) -> Filters:
        whole = question.scope != "document"
        return EVERYTHING if whole else Filters(documents=tuple(ids[name] for name in question.documents))

    return restricted


def _without(workspace: Workspace, collection: str) -> Restriction:
    ids = _ids(workspace, collection)
    return lambda question: Filters(
        documents=tuple(own for name, own in ids.items() if name not in question.documents)
    )


def _few(workspace: Workspace, collection: str, *, with_own: bool) -> Restriction:
    ids = _ids(workspace, collection)

    def restricted(question: Question) -> Filters:
        others = sorted(name for name in ids if name not in question.documents)
        names = random.Random(f"{SEED} {question.id}").sample(others, SMALL_COLLECTION)
        if with_own:
            names = [*question.documents[:1], *names[1:]]
        return Filters(documents=tuple(ids[name] for name in names))

    return restricted


def _features(own: Asked, workspace: Workspace, settings: Settings) -> Numbers:
    table = workspace.table(own.collection)
    rows = []
    for question in own.questions:
        found = retrieve(question.text, table=table, settings=settings, filters=own.filters(question))
        values = features(found.query, found.hits, found.searched, table.embedder)
        rows.append(values or (0.0,) * len(COEFFICIENTS))
    return np.array(rows, np.float64).reshape(-1, len(COEFFICIENTS))


def _fitted(asked: Sequence[Asked], values: dict[str, Numbers]) -> tuple[Numbers, float]:
    """Each set weighs the same within its side; the answerable side weighs REFUSAL_COST."""
    rows, labels, importance = [], [], []
    for side, cost in ((True, REFUSAL_COST), (False, 1.0)):
        sets = [own for own in asked if (own.kind == ANSWERABLE) == side]
        total = sum(TRAP_WEIGHT if own.kind == TRAP else 1.0 for own in sets)
        for own in sets:
            share = (TRAP_WEIGHT if own.kind == TRAP else 1.0) / total
            number = len(values[own.name])
            rows.append(values[own.name])
            labels.append(np.full(number, float(side)))
            importance.append(np.full(number, cost * share / number))
    return logistic(np.concatenate(rows), np.concatenate(labels), np.concatenate(importance))


def _rows(asked: Sequence[Asked], estimates: dict[str, Numbers], below: float) -> list[dict[str, Any]]:
    return [
        {
            "set": own.name,
            "kind": own.kind,
            "questions": len(own.questions),
            "declined": round(float((estimates[own.name] < below).mean()), 4),
            "of them doubted": int(
                ((estimates[own.name] >= DOUBTED_FROM) & (estimates[own.name] < below)).sum()
            ),
        }
        for own in asked
    ]


def _pooled(asked: Sequence[Asked], estimates: dict[str, Numbers], below: float) -> dict[str, Any]:
    """Over the held-out sets in English, each weighing the same: precision at equal numbers of both sides."""
    held_out = [own for own in asked if not own.fitted and own.collection not in OTHER_LANGUAGES]
    result: dict[str, Any] = {}
    for kind in (ABSENT, TRAP, NOT_SAID):
        negatives = [own.name for own in held_out if own.kind == kind]
        positives = [
            own.name
            for own in held_out
            if own.kind == ANSWERABLE
            and own.plain == (kind == NOT_SAID)
            and (kind != TRAP or f"{own.name}, unanswerable" in negatives)
        ]
        if not negatives:
            continue
        recall = float(np.mean([(estimates[name] < below).mean() for name in negatives]))
        refused = float(np.mean([(estimates[name] < below).mean() for name in positives]))
        curves = [area_under_curve(estimates[n], estimates[p]) for p in positives for n in negatives]
        result[kind] = {
            "precision": round(recall / max(recall + refused, 1e-9), 4),
            "recall": round(recall, 4),
            "answerable refused": round(refused, 4),
            "roc_auc": round(float(np.mean(curves)), 4),
        }
    return result


def _print_tables(rows: Sequence[dict[str, Any]], pooled: dict[str, Any]) -> None:
    print(f"\n{'questions':34}{'kind':21}{'number':>8}{'declined':>10}{'of them doubted':>17}")
    for row in rows:
        print(
            f"{row['set']:34}{row['kind']:21}{row['questions']:8}{row['declined']:10.3f}"
            f"{row['of them doubted']:17}"
        )
    names = ("precision", "recall", "answerable refused", "roc_auc")
    print(f"\n{'declining, held out':34}" + "".join(f"{name:>20}" for name in names))
    for kind, figures in pooled.items():
        print(f"{kind:34}" + "".join(f"{figures[name]:20.3f}" for name in names))


def _shown(weights: Sequence[float] | Numbers, intercept: float) -> str:
    return f"({', '.join(f'{float(weight):.2f}' for weight in weights)}), intercept {intercept:.2f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.decline", description="When to decline.")
    parser.add_argument("--data", type=Path, help="the evaluation data")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, help="where collections are kept")
    parser.add_argument("--limit", type=int, help="at most this many questions of each set")
    return parser


if __name__ == "__main__":
    sys.exit(main())
