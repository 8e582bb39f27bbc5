"""The printed table of one set's figures: quality with its interval, a paired difference, milliseconds.

It measures nothing; what is printed is also in the benchmark's record.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rag.certainty import interval
from rag.evaluate import VariantResult

FIGURE = "ndcg@10"


def interval_of(result: VariantResult) -> list[float]:
    """The bootstrap 95% interval of a result's FIGURE, as it is recorded."""
    return [round(end, 4) for end in interval([row[FIGURE] for row in result.rows])]


def print_table(title: str, figures: Sequence[dict[str, Any]], *, of: str, difference: str, key: str) -> None:
    """A line a row of `figures`: `of` heads their names, `difference` the paired one under their `key`.

    Milliseconds are printed where the rows have them, notes below the row that has some.
    """
    timed = all("p50_ms" in own for own in figures)
    times = f"{'p50 ms':>9}{'p95 ms':>9}" if timed else ""
    print(f"\n{title}")
    print(f"{of:26}{'hit@1':>7}{'hit@5':>7}{FIGURE:>9}  {'95% interval':16}{difference:>26}{times}")
    for own in figures:
        low, high = own["interval"]
        gain = "{mean:+.3f} [{low:+.3f}, {high:+.3f}]".format(**own[key]) if own[key] else ""
        times = f"{own['p50_ms']:9.1f}{own['p95_ms']:9.1f}" if timed else ""
        print(
            f"{own['name']:26}{own['hit@1']:7.3f}{own['hit@5']:7.3f}{own[FIGURE]:9.3f}  "
            f"{f'[{low:.3f}, {high:.3f}]':16}{gain:>26}{times}"
        )
        for note in own.get("notes", ()):
            print(f"    {note}")
