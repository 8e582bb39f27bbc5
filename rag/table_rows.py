"""The rows of tables in a passage, and the row that names their columns.

A row is a line of cells parted by bars, as the loaders write them. What names the columns is the row that the
passage's header repeats, or the first of its rows where a column of numbers begins with none. It guesses
nothing about lines without bars.
"""

from __future__ import annotations

from rag.types import Chunk

BAR = " | "


def cells(line: str) -> list[str]:
    """The cells of a row; none for a line that is no row of a table."""
    line = line.strip()
    if BAR not in line:
        return []
    return [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]


def columns_of(chunk: Chunk, start: int, end: int) -> str:
    """The row that names the columns of the rows quoted from a passage, in one line; else empty.

    `start` and `end` are in the document's text. It is empty, too, when the quote has that row itself.
    """
    quoted = [
        line for line in chunk.text[start - chunk.start : end - chunk.start].splitlines() if line.strip()
    ]
    if not quoted or not all(cells(line) for line in quoted):
        return ""
    first = chunk.text.rfind("\n", 0, start - chunk.start) + 1
    above: list[str] = []
    lines = chunk.text[:first].splitlines()
    while lines and cells(lines[-1]):
        above.insert(0, lines.pop())
    whole = [*above, *quoted]
    named = _first_names(whole) if above else ""
    if not named and not lines:
        # The passage begins with rows, so that the table began in one before.
        _, _, repeated = chunk.header.rpartition("\n")
        named = repeated.strip() if BAR in repeated else ""
    return " ".join(named.split())


def names_columns(chunk: Chunk, start: int, end: int) -> bool:
    """Whether a line of a passage does nothing but name the columns of the rows below."""
    own = chunk.text[start - chunk.start : end - chunk.start]
    if not cells(own):
        return False
    before = chunk.text[: start - chunk.start].splitlines()
    if before and cells(before[-1]):
        return False
    below = []
    for line in chunk.text[end - chunk.start :].splitlines()[1:]:
        if not cells(line):
            break
        below.append(line)
    return bool(_first_names([own, *below]))


def _first_names(rows: list[str]) -> str:
    """The first of some rows when it names the columns: over numbers stands a word, or a rule follows."""
    first, *others = rows
    heads = cells(first)
    if others and set(others[0]) <= set("|-: "):
        return first.strip().strip("|").strip()
    values = [cells(row) for row in others]
    if not values:
        return ""
    for place, head in enumerate(heads):
        column = [row[place] for row in values if place < len(row) and row[place]]
        if head and not _numeric(head) and column and all(map(_numeric, column)):
            return first.strip()
    return ""


def _numeric(cell: str) -> bool:
    return any(map(str.isdigit, cell))
