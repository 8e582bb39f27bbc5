"""What never changes in training, computed once: lower-layer states, and late interaction's exact scores.

Each text is a row of a file of bf16 states; the teacher's score of a pair is the mean over the question's
words of the best cosine with any word of the passage, both read by the untouched embedder.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rag.rerankers.pair_reader import PairReader, inner, padded

logger = logging.getLogger(__name__)

BATCH = 16


@dataclass(frozen=True)
class Group:
    """A query against passages, by number; the teacher's scores; the place of the answer or None."""

    kind: str
    query: int
    passages: tuple[int, ...]
    taught: tuple[float, ...]
    answer: int | None


@dataclass
class Remembered:
    """States of every text that the groups name, and the groups."""

    queries: list[Tensor]
    passages: list[Tensor]
    groups: list[Group]


def remembered(
    reader: PairReader, groups_file: Path, work: Path, *, passage_tokens: int, threads: int
) -> Remembered:
    """The states and the teacher's scores, from `work/states.pt` where that is there."""
    file = work / "states.pt"
    if file.exists():
        return Remembered(**torch.load(file, weights_only=False))
    records = [json.loads(line) for line in groups_file.read_text(encoding="utf-8").splitlines()]
    queries = _numbered([own["query"] for own in records])
    passages = _numbered([text for own in records for text in own["passages"]])
    logger.info("%s groups, %s queries, %s passages", len(records), len(queries), len(passages))
    query_states, query_words = _read(reader, list(queries), reader.question_tokens, threads)
    passage_states, passage_words = _read(reader, list(passages), passage_tokens, threads)
    groups = []
    for own in records:
        query, texts = queries[own["query"]], tuple(passages[text] for text in own["passages"])
        words = query_words[query].float()
        taught = tuple(
            float((words @ passage_words[text].float().T).amax(1).mean()) if len(words) else 0.0
            for text in texts
        )
        groups.append(Group(own["kind"], query, texts, taught, own["answer"]))
    made = Remembered(query_states, passage_states, groups)
    torch.save(vars(made), file)
    return made


def _numbered(texts: Sequence[str]) -> dict[str, int]:
    return {text: number for number, text in enumerate(dict.fromkeys(texts))}


def _read(reader: PairReader, texts: list[str], most: int, threads: int) -> tuple[list[Tensor], list[Tensor]]:
    """For each text its lower-layer states, and its words' unit vectors from all layers."""
    rows = [reader.token_ids(text, most) for text in texts]
    order = sorted(range(len(rows)), key=lambda place: -len(rows[place]))
    states: list[Any] = [None] * len(rows)
    words: list[Any] = [None] * len(rows)

    def read(first: int) -> None:
        places = order[first : first + BATCH]
        ids, mask = padded([rows[place] for place in places])
        with torch.no_grad():
            lower = reader.read_apart(ids, mask)
            upper = reader.read_together(lower, 2 - 2 * mask)
            unit = nn.functional.normalize(upper.float(), dim=-1).bfloat16()
            real = inner(mask)
        for row, place in enumerate(places):
            states[place] = lower[row, : len(rows[place])].clone()
            words[place] = unit[row][real[row]].clone()

    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(read, range(0, len(order), BATCH)))
    return states, words
