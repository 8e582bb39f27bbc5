"""Stores the training texts by Askance's own pipeline and asks its own hybrid search for hard negatives.

It writes `groups.jsonl`: a query, passages that compete for it, and which of them is known to answer it
(none for queries that only late interaction judges).
"""

from __future__ import annotations

import json
import logging
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.pipeline import Pipeline
from ingest.sources import path_sources
from rag.retrieve import retrieve
from rag.settings import Settings, load_settings
from rag.store import CollectionTable
from rag.types import Chunk, Hit
from rag.workspace import open_workspace
from training.sources import document_paths, natural_questions, squad_questions, stand_alone_questions

logger = logging.getLogger(__name__)

COLLECTION = "training"
#: Passages that compete for a query, the one that answers included.
GROUP = 8
DEPTH = 24


def stored(data: Path, work: Path) -> tuple[CollectionTable, Settings]:
    """The collection of all training texts, filled on the first call."""
    settings = load_settings(data_dir=work / "collection")
    workspace = open_workspace(settings)
    pipeline = Pipeline(COLLECTION, workspace)
    for result in pipeline.run(path_sources(document_paths(data, work), settings.ingest)):
        if result.status == "failed":
            logger.info("left out: %s: %s", result.file, result.error)
    pipeline.tidy()
    return workspace.table(COLLECTION), settings


def write_groups(data: Path, work: Path, *, labelled: int, unlabelled: int, seed: int) -> Path:
    """The groups, in the order in which they are learnt from; an existing file is kept."""
    file = work / "groups.jsonl"
    if file.exists():
        return file
    table, settings = stored(data, work)
    searching = replace(
        settings,
        retrieval=replace(
            settings.retrieval,
            mode="hybrid",
            reranker="none",
            k=DEPTH,
            exact_first=False,
            correct_spelling=False,
        ),
    )
    chance = random.Random(seed)
    chunks = [chunk for ids in table.chunk_counts() for chunk in table.chunks(ids)]
    asked = [*_labelled(data, labelled, chance), *_unlabelled(data, chunks, unlabelled, chance)]
    chance.shuffle(asked)
    partial = file.with_suffix(".part")
    with partial.open("w", encoding="utf-8") as stream:
        for kind, query, gold in asked:
            hits = retrieve(query, table=table, settings=searching).hits
            group = _group(hits, gold, chance)
            if group:
                stream.write(json.dumps({"kind": kind, "query": query, **group}) + "\n")
    partial.rename(file)
    return file


def _labelled(data: Path, count: int, chance: random.Random) -> Iterator[tuple[str, str, str]]:
    own = natural_questions(data)
    for record in chance.sample(own, min(len(own), count // 2)):
        yield "natural question", record["question"], record["passage"]
    for record in chance.sample(squad_questions(data), count - count // 2):
        yield "squad", record["question"], record["passage"]


def _unlabelled(
    data: Path, chunks: Sequence[Chunk], count: int, chance: random.Random
) -> Iterator[tuple[str, str, str]]:
    share = count // 3
    questions = stand_alone_questions(data)
    for question in chance.sample(questions, min(share, len(questions))):
        yield "stand-alone question", question, ""
    headings = sorted({" ".join(chunk.headings[-2:]) for chunk in chunks if chunk.headings})
    for heading in chance.sample(headings, min(share, len(headings))):
        yield "heading", heading, ""
    for chunk in chance.sample(list(chunks), min(share, len(chunks))):
        sentences = [own for own in re.split(r"(?<=[.!?])\s+", chunk.text) if 5 <= len(own.split()) <= 40]
        if sentences:
            yield "sentence", chance.choice(sentences), ""


def _group(hits: Sequence[Hit], gold: str, chance: random.Random) -> dict[str, Any]:
    """Passages spread over the ranks; the first that shares half of the gold text is the answer."""
    answers = [hit for hit in hits if gold and _holds(hit.chunk, gold)]
    if len(hits) < GROUP or (gold and not answers):
        return {}
    others = [hit for hit in hits if not any(hit is answer for answer in answers)]
    near, far = others[: GROUP + 2], others[GROUP + 2 :]
    room = GROUP - (1 if answers else 0)
    chosen = chance.sample(near, min(len(near), room - 2))
    chosen += chance.sample(far, min(len(far), room - len(chosen)))
    texts = [hit.chunk.embedded_text for hit in ([answers[0]] if answers else []) + chosen]
    return {"passages": texts, "answer": 0 if answers else None}


def _holds(chunk: Chunk, gold: str) -> bool:
    own, wanted = " ".join(chunk.text.split()), " ".join(gold.split())
    probe = wanted[: max(60, len(wanted) // 2)] if len(own) >= len(wanted) // 2 else own
    return probe in own or (len(own) > 80 and own in wanted)
