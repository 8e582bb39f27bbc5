"""What a restriction makes of questions whose right passages are known: what is still there to be found.

A passage that the restriction rules out cannot be found by any setting, so it tells nothing of them.
Passages are looked up in the tables; nothing is ranked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rag.evaluate import Task
from rag.questions import Unit
from rag.several_tables import Searched
from rag.types import EVERYTHING, Chunk, Filters


def restricted(tasks: Sequence[Task], table: Searched, filters: Filters) -> list[Task | None]:
    """Each task under the restriction, with the right passages that it lets through; None with none left.

    A passage that is in no table at all stays, as one not found. A task's own restriction to documents holds
    beside the one given.
    """
    if filters == EVERYTHING:
        return list(tasks)
    known: dict[tuple[str, Filters], list[Chunk]] = {}

    def chunks(document_id: str, within: Filters) -> list[Chunk]:
        key = (document_id, within)
        if key not in known:
            known[key] = table.chunks(document_id, within)
        return known[key]

    def is_left(unit: Unit, within: Filters) -> bool:
        is_named = not within.documents or unit.document_id in within.documents
        if is_named and any(map(unit.found_by, chunks(unit.document_id, within))):
            return True
        return not any(map(unit.found_by, chunks(unit.document_id, EVERYTHING)))

    def under(task: Task) -> Task | None:
        documents = task.filters.documents or filters.documents
        if task.filters.documents and filters.documents:
            documents = tuple(own for own in documents if own in filters.documents)
            if not documents:
                return None
        within = replace(filters, documents=documents)
        units = tuple(unit for unit in task.units if is_left(unit, within))
        return replace(task, units=units, filters=within) if units else None

    return [under(task) for task in tasks]


def left_out_text(count: int, total: int) -> str:
    """How many questions a restriction rules out, in a sentence; "" for none."""
    if not count:
        return ""
    are = "is" if count == 1 else "are"
    its = "its right passage" if count == 1 else "their right passages"
    return f"{count} of {total} questions {are} left out: the filter leaves out {its}."
