"""Questions for a collection, made from some of its documents; see rag/question_writing.py for how.

It reads documents and passages and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from rag.errors import QuestionsError
from rag.llms import get_chat_model
from rag.question_sets import JudgedQuestion
from rag.question_writing import from_model, from_rules
from rag.workspace import Workspace

#: Documents that questions are made from at most, spread over the collection.
DOCUMENTS = 200


def make_questions(
    workspace: Workspace,
    collection: str,
    most: int,
    *,
    by_model: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[JudgedQuestion]:
    """At most `most` questions about the documents of a collection.

    Raises QuestionsError where none is asked for or can be made, and SettingsError or ModelError when the
    chat model is wanted and there is none.
    """
    if most < 1:
        raise QuestionsError(f"{most} questions cannot be made. Ask for 1 or more.")
    ready = [record for record in workspace.catalog.documents(collection) if record.status == "ready"]
    if not ready:
        raise QuestionsError(f"{collection!r} has no documents to make questions from. Add some first.")
    if by_model:
        return _by_model(workspace, collection, [own.document_id for own in ready], most, on_progress)
    chosen = ready[:: max(1, len(ready) // DOCUMENTS)][:DOCUMENTS]
    parsed = [(own.name, own.document_id, workspace.blobs.get_parsed(own.document_id)) for own in chosen]
    return from_rules([(name, own, text) for name, own, text in parsed if text is not None], most)


def _by_model(
    workspace: Workspace,
    collection: str,
    document_ids: list[str],
    most: int,
    on_progress: Callable[[int, int], None] | None,
) -> list[JudgedQuestion]:
    model = get_chat_model(workspace.settings)
    table = workspace.table(collection)
    chosen = document_ids[:: max(1, len(document_ids) // most)][:most]
    each = -(-most // len(chosen))
    chunks = []
    for document_id in chosen:
        own = table.chunks(document_id)
        chunks += own[:: max(1, len(own) // each)][:each]
    return from_model(chunks, model, most, on_progress=on_progress)
