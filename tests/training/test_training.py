"""Training by itself: the split, what is held out, and a run small enough to watch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.evaluation_sets import DEFAULT_DATA
from rag.minilm import WEIGHTS_SHA256
from rag.rerankers.embedded import EmbeddedCrossEncoder, untrained_reader
from training.fit import Schedule, fit
from training.low_rank import add_low_rank, write_weights
from training.remembered import remembered
from training.sources import articles, natural_questions, squad_questions

TOPICS = ["valve", "leave", "tree", "harbour", "engine", "contract", "river", "school"]


def test_the_articles_are_split_once() -> None:
    train, test = articles("train"), articles("test")
    assert (len(train), len(test)) == (36, 12)
    assert not set(train) & set(test)


@pytest.mark.skipif(not DEFAULT_DATA.is_dir(), reason="the training data is not here")
def test_nothing_that_is_measured_on_is_learnt_from() -> None:
    test = set(articles("test"))
    assert not test & {own["document"] for own in squad_questions(DEFAULT_DATA)}
    held_out = (DEFAULT_DATA / "uda_pdf" / "questions.jsonl").read_text(encoding="utf-8")
    assert not [
        own["question"] for own in natural_questions(DEFAULT_DATA) if f'"{own["question"]}"' in held_out
    ]


def test_a_run_learns_what_it_is_taught_and_what_it_wrote_is_what_it_learnt(tmp_path: Path) -> None:
    import json

    import torch

    groups = [
        {
            "kind": "toy",
            "query": f"what about the {topic}",
            # Late interaction cannot know which of the two is wanted.
            "passages": [f"It is said that the {topic} is {own}." for own in ("old", "new")],
            "answer": 0,
        }
        for topic in TOPICS
    ]
    file = tmp_path / "groups.jsonl"
    file.write_text("\n".join(json.dumps(own) for own in groups), encoding="utf-8")
    torch.manual_seed(0)
    reader = untrained_reader(apart=4)
    known = remembered(reader, file, tmp_path, passage_tokens=32, threads=2)
    learnt = add_low_rank(reader, 4)
    schedule = Schedule(epochs=5, batch=4, warm_up=1, rate=2e-3, keep=0.5, taught_weight_of_labelled=0.0)
    pairs = [(own["query"], passage) for own in groups for passage in own["passages"]]
    before = _lead(reader.preprocess(pairs), reader)
    mean = fit(reader, learnt, known, schedule, tmp_path)
    after = _lead(reader.preprocess(pairs), reader)
    assert after > before + 0.02
    described = {"base": WEIGHTS_SHA256, "apart": "4", "reserve": str(reader.reserve)}
    weights = tmp_path / "weights.safetensors"
    write_weights(weights, mean, described)
    with torch.inference_mode():
        own = reader(reader.preprocess(pairs[:6]))["scores"][:, 0]
    np.testing.assert_allclose(EmbeddedCrossEncoder(weights).read_pairs(pairs[:6]), own, atol=0.02)


def _lead(features: dict[str, object], reader: object) -> float:
    """How far the wanted passages are ahead of the others, on average."""
    import torch

    with torch.inference_mode():
        scores = reader(features)["scores"].reshape(-1, 2)  # type: ignore[operator]
    return float((scores[:, 0] - scores[:, 1]).mean())
