"""Numbers of pages in words: 'page 3', 'pages 1, 4 to 9 and 12'. It knows no documents."""

from __future__ import annotations

from collections.abc import Iterable

#: Runs of pages named; the pages after them are counted.
RUNS_NAMED = 8


def pages_in_words(numbers: Iterable[int]) -> str:
    """The pages, runs of three and more put together; at least one number, in any order."""
    wanted = sorted(set(numbers))
    runs: list[list[int]] = []
    for number in wanted:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts = [part for run in runs[:RUNS_NAMED] for part in _run(run)]
    left = sum(len(run) for run in runs[RUNS_NAMED:])
    if left:
        parts.append(f"{left:,} more")
    named = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"page {named}" if len(wanted) == 1 else f"pages {named}"


def _run(run: list[int]) -> list[str]:
    return [f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(number) for number in run]
