"""The loop: first match late interaction's exact scores, then the labels, by small steps.

The mean over the last steps' weights (an exponential one) is what is kept, and it is written every few
minutes, so that a run cut off loses little and starts again where it was.
"""

from __future__ import annotations

import logging
import math
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from rag.rerankers.pair_reader import PairReader
from training.remembered import Group, Remembered

logger = logging.getLogger(__name__)

#: Late interaction's scores of one query differ by about this much; the first loss is in this unit.
SPREAD = 0.05
#: Softmax over a group's cosines, divided by this.
TEMPERATURE = 0.03


@dataclass(frozen=True)
class Schedule:
    """How long and how fast; `label_weight` is the second loss's beside the first's 1."""

    epochs: int = 2
    batch: int = 8
    rate: float = 5e-4
    warm_up: int = 40
    minutes: float = 50.0
    label_weight: float = 0.5
    taught_weight_of_labelled: float = 0.25
    keep: float = 0.98
    seed: int = 7
    threads: int = 2


def fit(
    reader: PairReader, learnt: dict[str, nn.Parameter], known: Remembered, schedule: Schedule, work: Path
) -> dict[str, Tensor]:
    """Train; returns the averaged weights."""
    held_out, groups = _split(known.groups, schedule.seed)
    steps = schedule.epochs * (len(groups) // schedule.batch)
    order = _order(len(groups), schedule, steps)
    plain = [own for name, own in learnt.items() if name != "word_weight"]
    optimizer = torch.optim.AdamW(
        [{"params": plain}, {"params": [learnt["word_weight"]], "factor": 5.0}],
        lr=schedule.rate,
        weight_decay=0.01,
    )
    mean = {name: own.detach().clone() for name, own in learnt.items()}
    checkpoint = work / "checkpoint.pt"
    first, spent = 0, 0.0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=False)
        first, spent, mean = saved["step"], saved["seconds"], saved["mean"]
        optimizer.load_state_dict(saved["optimizer"])
        with torch.no_grad():
            for name, own in learnt.items():
                own.copy_(saved["learnt"][name])
    logger.info("held out before: %s", _judged(reader, known, held_out))
    started = time.monotonic() - spent
    losses: list[tuple[float, float]] = []
    with ThreadPoolExecutor(schedule.threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for step in range(first, steps):
            elapsed = time.monotonic() - started
            progress = max(step / steps, elapsed / 60 / schedule.minutes)
            if progress >= 1:
                break
            for group in optimizer.param_groups:
                group["lr"] = (
                    schedule.rate * group.get("factor", 1.0) * min(1.0, (step + 1) / schedule.warm_up)
                )
                group["lr"] *= 0.5 + 0.5 * math.cos(math.pi * progress)
            own = [groups[place] for place in order[step]]
            optimizer.zero_grad()
            shares = [own[place :: schedule.threads] for place in range(schedule.threads)]
            results = list(pool.map(lambda share: _backward(reader, known, share, schedule), shares))
            nn.utils.clip_grad_norm_(learnt.values(), 1.0)
            optimizer.step()
            losses += [pair for result in results for pair in result]
            keep = min(schedule.keep, (step + 1) / (step + 10))
            with torch.no_grad():
                for name, parameter in learnt.items():
                    mean[name].lerp_(parameter, 1 - keep)
            if (step + 1) % 25 == 0:
                taught = sum(pair[0] for pair in losses) / len(losses)
                answered = [pair[1] for pair in losses if pair[1] >= 0]
                logger.info(
                    "step %s of %s, %.1f min, taught %.4f, labels %.4f",
                    *(
                        step + 1,
                        steps,
                        (time.monotonic() - started) / 60,
                        taught,
                        sum(answered) / max(len(answered), 1),
                    ),
                )
                losses = []
                torch.save(
                    {
                        "step": step + 1,
                        "seconds": time.monotonic() - started,
                        "mean": mean,
                        "learnt": {name: own.detach() for name, own in learnt.items()},
                        "optimizer": optimizer.state_dict(),
                    },
                    checkpoint,
                )
    with torch.no_grad():
        for name, parameter in learnt.items():
            parameter.copy_(mean[name])
    logger.info("held out after: %s", _judged(reader, known, held_out))
    return mean


def _backward(
    reader: PairReader, known: Remembered, groups: list[Group], schedule: Schedule
) -> list[tuple[float, float]]:
    figures = []
    for group in groups:
        scores = _scores(reader, known, group)
        taught = torch.tensor(group.taught)
        difference = (scores - scores.mean()) - (taught - taught.mean())
        first = (difference / SPREAD).square().mean()
        if group.answer is None:
            second, loss = torch.tensor(-1.0), first
        else:
            second = -torch.log_softmax(scores / TEMPERATURE, 0)[group.answer]
            loss = schedule.taught_weight_of_labelled * first + schedule.label_weight * second
        (loss / schedule.batch).backward()
        figures.append((float(first.detach()), float(second.detach())))
    return figures


def _scores(reader: PairReader, known: Remembered, group: Group) -> Tensor:
    query = known.queries[group.query]
    rows = [known.passages[own] for own in group.passages]
    longest = max(len(own) for own in rows)
    passages = torch.zeros((len(rows), longest, query.shape[1]), dtype=query.dtype)
    mask = torch.zeros((len(rows), longest), dtype=torch.long)
    for place, own in enumerate(rows):
        passages[place, : len(own)] = own
        mask[place, : len(own)] = 1
    questions = query[None].expand(len(rows), -1, -1)
    return reader.scores(questions, torch.ones(questions.shape[:2], dtype=torch.long), passages, mask)


def _split(groups: list[Group], seed: int) -> tuple[list[Group], list[Group]]:
    """A few groups to watch, none of which is learnt from; the rest."""
    places = list(range(len(groups)))
    random.Random(seed).shuffle(places)
    watched = set(places[: min(120, len(groups) // 10)])
    return [groups[place] for place in sorted(watched)], [
        own for place, own in enumerate(groups) if place not in watched
    ]


def _order(count: int, schedule: Schedule, steps: int) -> list[list[int]]:
    chance = random.Random(schedule.seed)
    places: list[int] = []
    while len(places) < steps * schedule.batch:
        epoch = list(range(count))
        chance.shuffle(epoch)
        places += epoch[: count // schedule.batch * schedule.batch]
    return [
        places[first : first + schedule.batch] for first in range(0, steps * schedule.batch, schedule.batch)
    ]


def _judged(reader: PairReader, known: Remembered, groups: list[Group]) -> dict[str, float]:
    """Mean reciprocal rank of the answer by teacher and reader, and how alike their scores are."""
    with torch.inference_mode():
        scored = [(group, _scores(reader, known, group)) for group in groups]
    labelled = [(group, own) for group, own in scored if group.answer is not None]
    alike = [
        float(torch.corrcoef(torch.stack([own, torch.tensor(group.taught)]))[0, 1])
        for group, own in scored
        if len(set(group.taught)) > 1
    ]
    teacher = [_reciprocal(torch.tensor(group.taught), group.answer or 0) for group, _ in labelled]
    learner = [_reciprocal(own, group.answer or 0) for group, own in labelled]
    return {
        "teacher": round(sum(teacher) / max(len(teacher), 1), 4),
        "reader": round(sum(learner) / max(len(learner), 1), 4),
        "alike": round(sum(alike) / max(len(alike), 1), 4),
    }


def _reciprocal(scores: Tensor, answer: int) -> float:
    return 1 / (1 + int((scores > scores[answer]).sum()))
