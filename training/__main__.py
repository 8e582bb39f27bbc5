"""Trains the embedded cross-encoder and writes rag/weights/cross_encoder.safetensors.

    python -m training [--data DIR] [--work DIR] [--minutes N] [--labelled N] [--unlabelled N] [--epochs N]

Each step keeps what it made under --work and is passed over when that is there, so a run that was cut
off goes on. It asks no network.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from rag.minilm import WEIGHTS_SHA256
from rag.rerankers.embedded import WEIGHTS, untrained_reader
from training.collection import write_groups
from training.fit import Schedule, fit
from training.low_rank import add_low_rank, write_weights
from training.remembered import remembered

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
WORK = ROOT / "build" / "training"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run every step that is not done."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("training").setLevel(logging.INFO)
    if not options.data.is_dir():
        sys.exit(
            f"There is no training data at {options.data}. Give its folder with --data (see DATA_CARD.md)."
        )
    options.work.mkdir(parents=True, exist_ok=True)
    groups = write_groups(
        options.data,
        options.work,
        labelled=options.labelled,
        unlabelled=options.unlabelled,
        seed=options.seed,
    )
    import torch

    torch.manual_seed(options.seed)
    reader = untrained_reader(apart=options.apart).to(torch.bfloat16)
    known = remembered(reader, groups, options.work, passage_tokens=options.tokens, threads=options.threads)
    # Its backward pass is much faster on a processor than that of the fused attention.
    reader.bert.config._attn_implementation = "eager"
    learnt = add_low_rank(reader, options.rank)
    schedule = Schedule(
        epochs=options.epochs, minutes=options.minutes, seed=options.seed, threads=options.threads
    )
    mean = fit(reader, learnt, known, schedule, options.work)
    described = {"base": WEIGHTS_SHA256, "apart": str(reader.apart), "reserve": str(reader.reserve)}
    write_weights(options.out, mean, described)
    logging.getLogger("training").info("written: %s, %.2f MB", options.out, options.out.stat().st_size / 1e6)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="the training data")
    parser.add_argument("--work", type=Path, default=WORK, help="what is kept between steps")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the weights are written")
    parser.add_argument("--labelled", type=int, default=2400, help="queries whose answer is known")
    parser.add_argument(
        "--unlabelled", type=int, default=1200, help="queries that only late interaction judges"
    )
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=50.0, help="longest time for the loop")
    parser.add_argument("--rank", type=int, default=16, help="rank of the updates")
    parser.add_argument(
        "--apart", type=int, default=3, help="lower layers that read each text by itself, unchanged"
    )
    parser.add_argument("--tokens", type=int, default=160, help="longest passage to learn from")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    return parser


if __name__ == "__main__":
    sys.exit(main())
