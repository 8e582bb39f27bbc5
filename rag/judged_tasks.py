"""The questions of a set made ready to be measured: what is asked, and what must be found today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.blobs import BlobStore
from rag.evaluate import Task
from rag.judged_places import lost_from, units_of
from rag.question_sets import JudgedQuestion
from rag.workspace import Workspace


@dataclass(frozen=True)
class Ready:
    """A task for each question, None where nothing of it is to be found; `lost` counts the places gone."""

    tasks: list[Task | None]
    lost: int


def text_reader(blobs: BlobStore) -> Callable[[str], str]:
    """A function from a document's id to its text, "" where none is kept; each is read once."""
    known: dict[str, str] = {}

    def document_text(document_id: str) -> str:
        if document_id not in known:
            parsed = None if document_id.startswith("missing:") else blobs.get_parsed(document_id)
            known[document_id] = parsed.text if parsed else ""
        return known[document_id]

    return document_text


def made_ready(workspace: Workspace, collection: str, questions: Sequence[JudgedQuestion]) -> Ready:
    """The questions made ready, in their order."""
    document_text = text_reader(workspace.blobs)
    tasks: list[Task | None] = []
    lost = 0
    for number, question in enumerate(questions, start=1):
        units = units_of(
            question, collection=collection, catalog=workspace.catalog, document_text=document_text
        )
        lost += lost_from(question, units)
        tasks.append(Task(str(number), question.text, units) if units else None)
    return Ready(tasks, lost)


def judged_tasks(workspace: Workspace, collection: str, questions: Sequence[JudgedQuestion]) -> list[Task]:
    """The questions made ready; those without a relevant passage that can be found are left out."""
    return [task for task in made_ready(workspace, collection, questions).tasks if task is not None]
