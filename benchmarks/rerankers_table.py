"""The tables of benchmarks/README.md out of what `benchmarks.rerankers` recorded. It measures nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.figures_table import FIGURE
from rag.settings import Settings


def markdown(record: dict[str, Any], groups: Sequence[Sequence[str]]) -> str:
    """A table for each group of sets that the record has, then what the milliseconds were taken on."""
    there = [[name for name in group if name in record["sets"]] for group in groups]
    return "\n\n".join([*(_table(record["sets"], names) for names in there if names), _circumstances(record)])


def _table(sets: dict[str, Any], names: Sequence[str]) -> str:
    variants = list(dict.fromkeys(own["name"] for name in names for own in sets[name]["variants"]))
    lines = [["nDCG@10 [95 %], typical time (p50)", *names, "mean"], ["---"] * (len(names) + 2)]
    for variant in variants:
        each = [
            next((own for own in sets[name]["variants"] if own["name"] == variant), None) for name in names
        ]
        known = [own[FIGURE] for own in each if own]
        mean = _share(sum(known) / len(known)) if len(known) == len(names) else ""
        lines.append([_name(variant), *map(_cell, each), mean])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(own: dict[str, Any] | None) -> str:
    if own is None:
        return ""
    low, high = map(_share, own["interval"])
    return f"{_share(own[FIGURE])} [{low}, {high}] {own['p50_ms']:.0f} ms"


def _share(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _name(variant: str) -> str:
    return f"**{variant}** (default)" if variant == Settings().retrieval.reranker else variant


def _circumstances(record: dict[str, Any]) -> str:
    on = record["measured_on"]
    load = on["load_average"][-1]
    busy = f"beside other work (load {load:.1f})" if load > on["cores"] else "with little else to do"
    return f"Milliseconds of {on['date'][:10]} on {on['cores']} cores, {record['precision']}, {busy}."
