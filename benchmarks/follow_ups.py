"""Follow-ups made to stand alone: do the rewritten questions hold the words that a search needs?

    python -m benchmarks.follow_ups [--data DIR] [--limit N] [--model]

On mtrag_rewrites (777 conversations), against the rewriting given there: the share of its content
words that ours has (recall), and the share of ours that it has (precision), beside those of the last
question left as it is and of all questions together. With --model the model of the settings rewrites,
too. The figures of those that lean on nothing are part of the average. Writes results/follow_ups.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.evaluation_sets import data_folder
from benchmarks.record import write_record
from rag.follow_up import by_model, by_rules, leans
from rag.llms import get_chat_model
from rag.settings import load_settings
from rag.words import content_stems

Rewrite = Callable[[str, list[str]], str]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    options = _parser().parse_args(arguments)
    file = data_folder(options.data) / "mtrag_rewrites" / "rewrites.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()][: options.limit]
    ways: dict[str, Rewrite] = {
        "as asked": lambda question, earlier: question,
        "all questions together": lambda question, earlier: " ".join([*earlier, question]),
        "by rules": lambda question, earlier: by_rules(question, earlier).text,
    }
    if options.model:
        model = get_chat_model(load_settings())
        ways["by model"] = lambda question, earlier: by_model(question, earlier, lambda: model).text
    needed = [row for row in rows if is_needed(row)]
    figures: dict[str, Any] = {
        "conversations": len(rows),
        "of them need words of earlier questions": len(needed),
        "of these seen to lean": round(float(np.mean([leans(row["last_turn"]) for row in needed])), 3),
    }
    for name, rewrite in ways.items():
        figures[name] = figures_of(rows, rewrite)
    for name, figure in figures.items():
        print(f"{name:44}{figure}")
    print(f"written to {write_record('follow_ups', figures)}", file=sys.stderr)
    return 0


def is_needed(row: dict[str, Any]) -> bool:
    """Whether the given rewriting has a word that an earlier question has and the last one lacks."""
    lacking = content_stems(row["standalone"]) - content_stems(row["last_turn"])
    return bool(lacking & content_stems(" ".join(row["user_turns"][:-1])))


def figures_of(rows: Sequence[dict[str, Any]], rewrite: Rewrite) -> dict[str, float]:
    """Recall and precision of the rewritten questions' content words, each question weighing the same.

    Of all rows, and of those where a word of an earlier question is needed. Each row is rewritten once.
    """
    own = [content_stems(rewrite(row["last_turn"], row["user_turns"][:-1])) for row in rows]
    wanted = [content_stems(row["standalone"]) for row in rows]
    told = [place for place in range(len(rows)) if own[place] and wanted[place]]
    needed = [place for place in told if is_needed(rows[place])]
    figures = {}
    for places, where in ((told, ""), (needed, ", where needed")):
        common = [len(wanted[place] & own[place]) for place in places]
        recall = [count / len(wanted[place]) for count, place in zip(common, places, strict=True)]
        precision = [count / len(own[place]) for count, place in zip(common, places, strict=True)]
        figures[f"recall{where}"] = round(float(np.mean(recall)), 3)
        figures[f"precision{where}"] = round(float(np.mean(precision)), 3)
    return figures


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.follow_ups", description="Follow-ups.")
    parser.add_argument("--data", type=Path, help="the evaluation data")
    parser.add_argument("--limit", type=int, help="only the first N conversations")
    parser.add_argument("--model", action="store_true", help="let the model of the settings rewrite, too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
