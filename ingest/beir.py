"""Ingests a corpus in BEIR form once, into a collection named by its hash, for evaluation.

Each record is a document of its own, whatever its text: two with the same words stay two.
"""

from __future__ import annotations

import hashlib
import json

from ingest.pipeline import Pipeline
from rag.beir import BeirSet
from rag.types import ParsedDocument
from rag.workspace import Workspace


def ingest_beir(beir: BeirSet, workspace: Workspace) -> tuple[str, dict[str, str]]:
    """Make sure that the corpus is in its collection; returns that, and the document id of each corpus id."""
    ids = {
        corpus_id: hashlib.sha256(json.dumps([corpus_id, title, text]).encode()).hexdigest()
        for corpus_id, title, text in beir.documents
    }
    chunking = workspace.settings.chunking
    recipe = f"{chunking.max_tokens}|{chunking.overlap_tokens}|{chunking.header_tokens}"
    digest = hashlib.sha256("\n".join([recipe, *sorted(ids.values())]).encode()).hexdigest()
    collection = f"beir-{digest[:16]}"
    pipeline = Pipeline(collection, workspace)
    stored = pipeline.table.chunk_counts()
    missing = [record for record in beir.documents if ids[record[0]] not in stored and record[2].strip()]
    pipeline.parsed_documents(
        (corpus_id, ids[corpus_id], ParsedDocument(text=text, title=title, mime_type="text/plain"))
        for corpus_id, title, text in missing
    )
    return collection, ids
