"""Trials of the first stage and of the blend, over the same questions as benchmarks.rerankers.

    python -m benchmarks.first_stage [--data DIR] [--sets squad,uda_pdf] [--limit 100]

Each trial orders the passages of both searches in its own way; nothing of it is in the app.
`default` is the app's blend with 50 candidates, but without exact terms first or copies folded. The
last rows are of the blend's weights, chosen on the other sets only. It prints nDCG@10 and the paired
difference to `default`, and writes results/first_stage.json.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluation_sets import DEFAULT_WORK, SETS, benchmark_settings, data_folder, prepare, set_names
from benchmarks.figures_table import FIGURE
from benchmarks.record import RESULTS, write_record
from benchmarks.rerankers import some_of
from rag.certainty import interval
from rag.evaluate import CUT, Task, figures_of, first_of_each_document
from rag.late_interaction import passage_scores, sign_scores, unpack_signs
from rag.rerankers.late import blended_with_searches
from rag.retrieve import fuse
from rag.store import CollectionTable
from rag.types import Hit, Vector
from rag.words import FUNCTION_WORDS
from rag.workspace import open_workspace

TRIAL_SETS = ("squad", "uda_pdf", "kgrag_10q", "chunking", "cranfield", "cisi")
DEPTH, CANDIDATES, CONSTANT = 200, 50, 60
WEIGHTS = {"vector": 0.5, "text": 0.5}
GRID = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
DEFAULT, LEARNT = "default", "weights learnt on the other sets"
Order = list[Hit]


@dataclass
class Asked:
    """A question with what both searches found, DEPTH deep, its table, and the passages matched so far."""

    task: Task
    table: CollectionTable
    vector: Vector
    tokens: Vector
    by_meaning: Order
    by_words: Order
    matched: dict[str, float] = field(default_factory=dict)


Trial = Callable[[Asked], Order]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trials."""
    options = _parser().parse_args(arguments)
    data, settings = data_folder(options.data), benchmark_settings(options.work)
    record: dict[str, Any] = {"sets": {}}
    blends: dict[str, dict[tuple[float, float], list[float]]] = {}
    for name in options.sets:
        prepared = prepare(SETS[name], data, settings)
        table = open_workspace(settings).table(prepared.collection)
        rows: dict[str, list[float]] = {trial: [] for trial in TRIALS}
        blends[name] = {pair: [] for pair in product(GRID, GRID)}
        for task in some_of(prepared.tasks, options.limit):
            asked = ask(task, table)
            for trial, order in TRIALS.items():
                rows[trial].append(_figure(task, order(asked), prepared.by_document))
            for (vector, text), figures in blends[name].items():
                order = blended(asked, weights={"vector": vector, "text": text})
                figures.append(_figure(task, order, prepared.by_document))
        record["sets"][name] = {trial: compared(own, rows[DEFAULT]) for trial, own in rows.items()}
        _print(name, record["sets"][name])
    for name, own in blends.items():
        others = [blends[other] for other in blends if other != name]
        best = max(own, key=lambda pair: sum(float(np.mean(other[pair])) for other in others))
        record["sets"][name][LEARNT] = compared(own[best], own[WEIGHTS["vector"], WEIGHTS["text"]]) | {
            "weights": best
        }
        _print(name, {f"{LEARNT}: {best}": record["sets"][name][LEARNT]})
    sys.stdout.write(f"written: {write_record('first_stage', record, options.results)}\n")
    return 0


def ask(task: Task, table: CollectionTable, question: str = "") -> Asked:
    """Search by meaning and by words, for the task's question or another wording of it."""
    text = question or task.text
    vectors, tokens = table.embedder.embed_with_tokens([text], query=True)
    extra = ("token_bits", "vector")
    return Asked(
        task,
        table,
        vectors[0],
        tokens[0],
        table.vector_search(vectors[0], DEPTH, task.filters, extra=extra),
        table.text_search(text, DEPTH, task.filters, extra=extra),
    )


def candidates(asked: Asked, most: int = CANDIDATES, constant: int = CONSTANT) -> Order:
    """The best of both searches by reciprocal rank; hits are copied, since fusing writes into them."""
    legs = {}
    for stage, found in (("vector", asked.by_meaning), ("text", asked.by_words)):
        legs[stage] = [copy(hit) for hit in found[:most]]
        for hit in legs[stage]:
            hit.scores, hit.ranks = dict(hit.scores), dict(hit.ranks)
    return fuse(legs, constant)


def blended(
    asked: Asked,
    most: int = CANDIDATES,
    weights: dict[str, float] = WEIGHTS,
    constant: int = CONSTANT,
    pooled: bool = False,
) -> Order:
    """The candidates as the default reranker orders them."""
    found = candidates(asked, most, constant)
    first = found[:most]
    matches = pair_matches(asked, first) if pooled else token_matches(asked, first)
    scores = np.array(blended_with_searches(matches, first, weights))
    return [first[place] for place in np.argsort(-scores, kind="stable")] + found[most:]


def token_matches(asked: Asked, hits: Sequence[Hit]) -> Vector:
    """Late interaction's scores; each passage is matched once."""
    new = [hit for hit in hits if hit.chunk.id not in asked.matched]
    bits = [hit.token_bits or b"" for hit in new]
    scores = sign_scores(asked.tokens, bits, asked.table.embedder.dimension)
    asked.matched |= {hit.chunk.id: float(score) for hit, score in zip(new, scores, strict=True)}
    return np.array([asked.matched[hit.chunk.id] for hit in hits], np.float32)


def pair_matches(asked: Asked, hits: Sequence[Hit]) -> Vector:
    """The same, of pairs of tokens."""
    dimension = asked.table.embedder.dimension
    pairs = [in_pairs(unpack_signs(hit.token_bits or b"", dimension)) for hit in hits]
    return passage_scores(asked.tokens, pairs)


def in_pairs(signs: Vector) -> Vector:
    """Neighbouring tokens averaged two by two, as unit rows."""
    starts = np.arange(0, len(signs), 2)
    pairs = np.add.reduceat(signs, starts, axis=0)
    unit: Vector = pairs / np.maximum(np.linalg.norm(pairs, axis=1, keepdims=True), 1e-9)
    return unit


def vector_feedback(asked: Asked) -> Order:
    """Rocchio: searched again by the question's vector with half the mean of the first three passages'."""
    first = [hit.vector for hit in candidates(asked)[:3] if hit.vector is not None]
    moved = asked.vector + 0.5 * np.mean(first, axis=0)
    moved = (moved / np.linalg.norm(moved)).astype(np.float32)
    again = copy(asked)
    again.by_meaning = asked.table.vector_search(
        moved, DEPTH, asked.task.filters, extra=("token_bits", "vector")
    )
    return blended(again)


def word_feedback(asked: Asked) -> Order:
    """Searched again by words with the ten most telling words of the first five passages beside them."""
    own = set(_words(asked.task.text))
    found = [set(_words(hit.chunk.text)) - FUNCTION_WORDS - own for hit in asked.by_words]
    spread = Counter(word for words in found for word in words)
    near = Counter(word for words in found[:5] for word in words)
    telling = sorted(near, key=lambda word: (-near[word] * math.log(1 + len(found) / spread[word]), word))
    again = copy(asked)
    again.by_words = asked.table.text_search(
        " ".join([asked.task.text, *telling[:10]]),
        DEPTH,
        asked.task.filters,
        extra=("token_bits", "vector"),
    )
    return blended(again)


def keywords(asked: Asked) -> Order:
    """The question without its small words, for both searches and for the matching of words."""
    rest = [word for word in asked.task.text.split() if word.lower().strip("?.,") not in FUNCTION_WORDS]
    return blended(ask(asked.task, asked.table, " ".join(rest) or asked.task.text))


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.lower()) if len(word) > 2]


TRIALS: dict[str, Trial] = {
    DEFAULT: blended,
    **{
        f"fusion alone, constant {c}": lambda asked, c=c: candidates(asked, constant=c)
        for c in (10, 20, 60, 120)
    },
    **{f"candidates {n}": lambda asked, n=n: blended(asked, n) for n in (20, 30, 100, 200)},
    **{
        f"fusion constant {c} before the blend": lambda asked, c=c: blended(asked, constant=c)
        for c in (10, 120)
    },
    "pairs of tokens pooled": lambda asked: blended(asked, pooled=True),
    "feedback by meaning": vector_feedback,
    "feedback by words": word_feedback,
    "question cut to keywords": keywords,
}


def _figure(task: Task, order: Order, by_document: bool) -> float:
    chunks = [hit.chunk for hit in order]
    if by_document:
        chunks = first_of_each_document(chunks)
    return float(figures_of(task, [(chunk,) for chunk in chunks[:CUT]])[FIGURE])


def compared(figures: Sequence[float], default: Sequence[float]) -> dict[str, Any]:
    """The mean, and the mean difference to the default's with its bootstrap 95% interval."""
    differences = [own - other for own, other in zip(figures, default, strict=True)]
    low, high = interval(differences) if len(set(differences)) > 1 else (differences[0], differences[0])
    return {
        FIGURE: round(float(np.mean(figures)), 4),
        "difference": [round(float(own), 4) for own in (np.mean(differences), low, high)],
    }


def _print(name: str, rows: dict[str, dict[str, Any]]) -> None:
    for trial, own in rows.items():
        mean, low, high = own["difference"]
        sys.stdout.write(f"{name:10} {trial:42}{own[FIGURE]:7.3f} {mean:+.3f} [{low:+.3f}, {high:+.3f}]\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_stage", description=__doc__)
    parser.add_argument("--data", type=Path, help="the evaluation data")
    parser.add_argument("--work", type=Path, default=DEFAULT_WORK, help="where collections are kept")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where first_stage.json is written")
    parser.add_argument("--sets", type=set_names, default=list(TRIAL_SETS), help=f"of: {', '.join(SETS)}")
    parser.add_argument("--limit", type=int, default=100, help="most questions of a set")
    return parser


if __name__ == "__main__":
    sys.exit(main())
