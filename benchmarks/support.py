"""The support check: precision and recall of "unsupported", on claims whose truth is known.

    python -m benchmarks.support [--data DIR] [--limit N] [--fit]

From squad, seeded: statements made of a question and its true answer, the same with the answer of
another question, with a number or a name altered; sentences of the passage as they stand, and those
altered. Each is held against the passage of its question, through rag.verify. From climate_fever:
claims against their five sentences of Wikipedia; only SUPPORTS counts as supported, and DISPUTED is
left out. Squad's documents, and climate_fever's claims, are halved: weights are fitted on one half
(--fit prints them, and changes no code), figures are of the other. Writes results/support.json.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.altered_claims import altered_name, altered_number, denied, other_number, statement
from benchmarks.evaluation_sets import data_folder
from benchmarks.fitting import area_under_curve, logistic
from benchmarks.record import write_record
from rag.embedders import Embedder, get_embedder
from rag.exact_facts import names
from rag.late_interaction import pack_signs
from rag.questions import load_questions
from rag.sentences import split_sentences
from rag.settings import Settings
from rag.types import Chunk, Hit, Query
from rag.verify import COEFFICIENTS, INTERCEPT, UNSUPPORTED, WEAK, chance_of_support, compare, verdict_of

SEED = 11
#: Of what is fitted on. More of it costs squad more than it brings here (see benchmarks/README.md).
CLIMATE_SHARE = 0.05
TRUE_KINDS = ("true answer", "sentence as it stands", "climate_fever: SUPPORTS")


@dataclass(frozen=True)
class Claim:
    """A claim, the passages it is held against, and whether they bear it out."""

    kind: str
    text: str
    passages: tuple[tuple[str, str], ...]
    fitted: bool

    @property
    def supported(self) -> bool:
        return self.kind in TRUE_KINDS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    options = _parser().parse_args(arguments)
    data = data_folder(options.data)
    claims = [*squad_claims(data / "squad", options.limit), *climate_claims(data / "rerank_train")]
    wanted = [claim for claim in claims if claim.fitted == options.fit]
    values = _features(wanted, get_embedder(Settings().embedding))
    if options.fit:
        _print_fitted(wanted, values)
        return 0
    verdicts = [verdict_of(chance_of_support(own)) for own in values]
    rows = _rows(wanted, verdicts)
    sets = {
        "squad": _figures(wanted, values, verdicts, climate=False),
        "climate_fever": _figures(wanted, values, verdicts, climate=True),
    }
    for kind, row in rows.items():
        print(f"{kind:34}{row['claims']:>7}" + "".join(f"{row[name]:>14}" for name in list(row)[1:]))
    for name, figures in sets.items():
        print(name, figures)
    print(f"written to {write_record('support', {'kinds': rows, 'sets': sets})}", file=sys.stderr)
    return 0


def squad_claims(folder: Path, limit: int | None) -> list[Claim]:
    """The claims made of squad's answerable questions, in a seeded order."""
    asked = [
        own
        for own in load_questions(folder / "questions.jsonl", limit)
        if own.answerable and own.answers and own.gold_text
    ]
    chance = random.Random(SEED)
    documents = sorted({own.documents[0] for own in asked})
    fitted = set(chance.sample(documents, len(documents) // 2))
    every_name = sorted({name for own in asked for name in names(own.gold_text).values()})
    claims: list[Claim] = []
    for own in asked:
        document = own.documents[0]
        passage = ((document.removesuffix(".md").replace("_", " "), own.gold_text),)
        other = chance.choice([one for one in asked if one.answers[0] not in own.gold_text])
        truth = statement(own.text, own.answers[0])
        sentences = [own.gold_text[start:end] for start, end in split_sentences(own.gold_text)]
        sentence = chance.choice(sentences)
        made = [
            ("true answer", truth),
            ("answer swapped", statement(own.text, other.answers[0])),
            ("answer's number altered", altered_number(truth, own.gold_text, chance)),
            ("answer's name altered", altered_name(truth, own.gold_text, every_name, chance)),
            ("sentence as it stands", sentence),
            ("sentence's number altered", altered_number(sentence, own.gold_text, chance)),
            ("sentence's name altered", altered_name(sentence, own.gold_text, every_name, chance)),
            ("sentence's number from beside", other_number(sentence, own.gold_text, chance)),
            ("sentence denied", denied(sentence)),
        ]
        claims += [Claim(kind, text, passage, document in fitted) for kind, text in made if text]
    return claims


def climate_claims(folder: Path) -> Iterator[Claim]:
    """The claims of climate_fever with their five sentences; half of them to fit on."""
    lines = (folder / "climate_fever.jsonl").read_text(encoding="utf-8").splitlines()
    chance = random.Random(SEED)
    for line in lines:
        row = json.loads(line)
        fitted = chance.random() < 0.5
        if row["label"] != "DISPUTED":
            passages = tuple((own["document"], own["sentence"]) for own in row["evidence"])
            yield Claim(f"climate_fever: {row['label']}", row["claim"], passages, fitted)


def _features(claims: Sequence[Claim], embedder: Embedder) -> Any:
    hits: dict[tuple[str, str], Hit] = {}
    pending = sorted({passage for claim in claims for passage in claim.passages})
    for first in range(0, len(pending), 256):
        chunks = [_chunk(*passage) for passage in pending[first : first + 256]]
        _, tokens = embedder.embed_with_tokens([chunk.embedded_text for chunk in chunks])
        for passage, chunk, own in zip(pending[first : first + 256], chunks, tokens, strict=True):
            hits[passage] = Hit(chunk, token_bits=pack_signs(own))
    values = []
    for first in range(0, len(claims), 256):
        part = claims[first : first + 256]
        vectors, tokens = embedder.embed_with_tokens([claim.text for claim in part], query=True)
        for claim, vector, own in zip(part, vectors, tokens, strict=True):
            against = [hits[passage] for passage in claim.passages]
            values.append(compare(Query(claim.text, vector, own), against, embedder).values)
        print(f"{first + len(part)} of {len(claims)} claims", file=sys.stderr)
    return np.array(values)


def _chunk(title: str, text: str) -> Chunk:
    return Chunk(
        id=title, document_id=title, document=title, text=text, header=title, title=title, headings="",
        page=None, start=0, end=len(text),
    )  # fmt: skip


def _print_fitted(claims: Sequence[Claim], values: Any) -> None:
    supported = np.array([claim.supported for claim in claims], np.float64)
    climate = np.array([claim.kind.startswith("climate") for claim in claims])
    importance = np.ones(len(claims))
    # Both truths weigh alike.
    for chosen, share in ((~climate, 1 - CLIMATE_SHARE), (climate, CLIMATE_SHARE)):
        for truth in (0.0, 1.0):
            rows = chosen & (supported == truth)
            importance[rows] = share / max(rows.sum(), 1)
    weights, intercept = logistic(values, supported, importance)
    print(f"fitted: {tuple(round(float(weight), 2) for weight in weights)}, {intercept:.2f}")
    print(f"in use: {COEFFICIENTS}, {INTERCEPT}")


def _rows(claims: Sequence[Claim], verdicts: Sequence[str]) -> dict[str, dict[str, Any]]:
    rows = {}
    for kind in dict.fromkeys(claim.kind for claim in claims):
        own = [verdict for claim, verdict in zip(claims, verdicts, strict=True) if claim.kind == kind]
        rows[kind] = {
            "claims": len(own),
            **{name: round(own.count(name) / len(own), 3) for name in (UNSUPPORTED, WEAK, "supported")},
        }
    return rows


def _figures(
    claims: Sequence[Claim], values: Any, verdicts: Sequence[str], *, climate: bool
) -> dict[str, Any]:
    """Precision and recall with false and true claims weighing alike, whatever their numbers."""
    rows = [index for index, claim in enumerate(claims) if claim.kind.startswith("climate") == climate]
    false = [index for index in rows if not claims[index].supported]
    true = [index for index in rows if claims[index].supported]
    recall = sum(verdicts[index] == UNSUPPORTED for index in false) / max(len(false), 1)
    wrongly = sum(verdicts[index] == UNSUPPORTED for index in true) / max(len(true), 1)
    chances = np.array([chance_of_support(own) for own in values])
    return {
        "true claims": len(true),
        "false claims": len(false),
        "precision": round(recall / max(recall + wrongly, 1e-9), 3),
        "recall": round(recall, 3),
        "true called unsupported": round(wrongly, 3),
        "area under curve": round(area_under_curve(chances[false], chances[true]), 3),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.support", description="The support check.")
    parser.add_argument("--data", type=Path, help="the evaluation data")
    parser.add_argument("--limit", type=int, help="only the first N questions of squad")
    parser.add_argument("--fit", action="store_true", help="print fitted weights instead of figures")
    return parser


if __name__ == "__main__":
    sys.exit(main())
