"""What figures over a question set say, in one sentence, and how far they can be trusted.

Pure arithmetic over rows of `rag.evaluate.measured`; nothing is asked, read or kept.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rag.certainty import LEVEL, chance_of_difference, interval
from rag.csv_cells import harmless
from rag.evaluate import QUALITY
from rag.metrics import percentile

#: Below so many questions no difference is called certain.
FEW = 8
Row = dict[str, Any]


@dataclass(frozen=True)
class Figures:
    """The figures of one setting over the questions; `chance` is of each difference from the first setting.

    `first` and `among_five` count questions whose right passage came first, or among the first five.
    """

    name: str
    questions: int
    first: int
    among_five: int
    means: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    chance: dict[str, float]
    p50_ms: float
    p95_ms: float
    tokens: float

    def as_dict(self) -> dict[str, Any]:
        """The form of exports."""
        return {
            "name": self.name,
            "questions": self.questions,
            **{name: round(value, 4) for name, value in self.means.items()},
            "p50_ms": self.p50_ms,
            "p95_ms": self.p95_ms,
            "tokens": self.tokens,
            "intervals": {name: [round(end, 4) for end in ends] for name, ends in self.intervals.items()},
            "chance": {name: round(value, 4) for name, value in self.chance.items()},
        }


def figures_of(names: Sequence[str], rows: Sequence[Sequence[Row]]) -> list[Figures]:
    """The figures of each setting; `rows[setting][question]`, the questions in the same order for all."""
    return [
        _figures(name, own, rows[0], compared=place > 0)
        for place, (name, own) in enumerate(zip(names, rows, strict=True))
    ]


def _figures(name: str, rows: Sequence[Row], first: Sequence[Row], *, compared: bool) -> Figures:
    values = {metric: [float(row[metric]) for row in rows] for metric in QUALITY}
    times = [row["milliseconds"] for row in rows]
    count = max(len(rows), 1)
    return Figures(
        name=name,
        questions=len(rows),
        first=sum(row["hit@1"] > 0 for row in rows),
        among_five=sum(row["hit@5"] > 0 for row in rows),
        means={metric: sum(own) / count for metric, own in values.items()},
        intervals={metric: interval(own) for metric, own in values.items()},
        chance={
            metric: chance_of_difference([float(row[metric]) for row in first], own)
            for metric, own in values.items()
        }
        if compared
        else {},
        p50_ms=round(percentile(times, 0.5), 2),
        p95_ms=round(percentile(times, 0.95), 2),
        tokens=round(sum(row["tokens"] for row in rows) / count, 1),
    )


def best_of(figures: Sequence[Figures]) -> int:
    """The place of the setting that most often finds the right passage first; then highest, then fastest."""
    return max(
        range(len(figures)),
        key=lambda place: (
            figures[place].first,
            round(figures[place].means["mrr@10"], 6),
            -figures[place].p50_ms,
        ),
    )


@dataclass(frozen=True)
class Lead:
    """The best setting and the next one, by place, and how often luck alone would give such a lead.

    `chance` is that of this pair alone, `comparisons` how many pairs were looked at. `behind` are the places
    of all that the best one is surely better than.
    """

    best: int
    second: int
    chance: float
    behind: tuple[int, ...] = ()
    comparisons: int = 1

    @property
    def certain(self) -> bool:
        """Whether the lead is hardly luck."""
        return self.second in self.behind


def lead_of(figures: Sequence[Figures], rows: Sequence[Sequence[Row]]) -> Lead | None:
    """Who leads; None with fewer than two settings measured.

    The test is the paired one of rag.certainty over "came first"; with several settings a lead is sure
    where the chance times the number of comparisons (Bonferroni) is below LEVEL.
    """
    if len(figures) < 2 or not figures[0].questions:
        return None
    best = best_of(figures)
    others = [place for place in range(len(figures)) if place != best]
    second = others[best_of([figures[place] for place in others])]
    first = [[row["hit@1"] for row in own] for own in rows]
    chances = {place: chance_of_difference(first[place], first[best]) for place in others}
    enough = figures[0].questions >= FEW
    behind = tuple(place for place in others if enough and chances[place] * len(others) < LEVEL)
    return Lead(best, second, chances[second], behind, len(others))


def verdict(figures: Sequence[Figures], rows: Sequence[Sequence[Row]]) -> str:
    """Which setting finds the right passage first most often, against the others, and how sure that is."""
    if not figures or not figures[0].questions:
        return "Nothing is measured yet."
    total = figures[0].questions
    asked = f"{total} question" + ("" if total == 1 else "s")
    lead = lead_of(figures, rows)
    if lead is None:
        only = figures[0]
        return f"{only.name} finds the right passage first in {only.first} of {asked}."
    won, lost = figures[lead.best], figures[lead.second]
    if won.first == lost.first:
        level = [own for own in figures if own.first == won.first]
        who = (
            "All settings find"
            if len(level) == len(figures)
            else f"{_listed([own.name for own in level])} find"
        )
        fastest = min(level, key=lambda own: own.p50_ms)
        others = _counts([own for own in figures if own not in level])
        found = f"{who} the right passage first in {won.first} of {asked}"
        if others:
            return f"{found}, {others}. Of the best, {fastest.name} is the fastest."
        return f"{found}: no difference. {fastest.name} is the fastest of them."
    rest = _counts([own for own in figures if own is not won])
    sure = (
        f"A difference this large over {asked} is hardly chance."
        if lead.certain
        else f"With {asked} this may be chance."
    )
    return f"{won.name} finds the right passage first in {won.first} of {asked}, {rest}. {sure}"


def _counts(figures: Sequence[Figures]) -> str:
    return ", ".join(f"{own.name} in {own.first}" for own in figures)


def differences_first(rows: Sequence[Sequence[Row]]) -> list[int]:
    """The places of the questions, those first over which the settings differ most."""
    spread = [
        max(float(own[place]["mrr@10"]) for own in rows) - min(float(own[place]["mrr@10"]) for own in rows)
        for place in range(len(rows[0]) if rows else 0)
    ]
    return sorted(range(len(spread)), key=lambda place: (-spread[place], place))


def as_csv(names: Sequence[str], rows: Sequence[Sequence[Row]], asked_of: str) -> str:
    """One line for each question and setting, and in words what all were asked of.

    A text that a spreadsheet would run gets an apostrophe.
    """
    columns = ("rank", *QUALITY, "milliseconds", "tokens")
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["question", "setting", *columns, "asked of"])
    for place in range(len(rows[0]) if rows else 0):
        for name, own in zip(names, rows, strict=True):
            row = own[place]
            figures = [row[column] for column in columns]
            writer.writerow([harmless(row["question"]), harmless(name), *figures, harmless(asked_of)])
    return stream.getvalue()


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
