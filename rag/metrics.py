"""Retrieval metrics over ranked lists of found units. Nothing here searches or averages.

A ranking is a list over hits, best first; each entry is the set of gold units (by index) that the
hit finds. Each unit counts once, at its first hit. The arithmetic is torchmetrics', what discounts
gains by rank is scikit-learn's, and either is loaded when the first figure is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

#: torchmetrics computes in single precision: digits beyond these are noise.
DIGITS = 7

Ranking = Sequence[frozenset[int]]


def hit_at(ranking: Ranking, k: int) -> float:
    """1.0 when any of the first k hits is right."""
    from torchmetrics.functional.retrieval import retrieval_hit_rate

    return _of_places(retrieval_hit_rate, ranking, k)


def reciprocal_rank(ranking: Ranking, k: int) -> float:
    """1 / rank of the first right hit among the first k, else 0."""
    from torchmetrics.functional.retrieval import retrieval_reciprocal_rank

    return _of_places(retrieval_reciprocal_rank, ranking, k)


def precision_at(ranking: Ranking, k: int) -> float:
    """The share of the first k places that hold a right hit; places left empty count as wrong."""
    from torchmetrics.functional.retrieval import retrieval_precision

    return _of_places(retrieval_precision, ranking, k)


def recall_at(ranking: Ranking, units: int, k: int) -> float:
    """The share of the units that the first k hits find."""
    from torch import ones, tensor
    from torchmetrics.functional.classification import binary_recall

    if not units:
        return 0.0
    found = frozenset[int]().union(*ranking[:k])
    return _rounded(binary_recall(tensor([unit in found for unit in range(units)]), ones(units)))


def first_right(ranking: Ranking) -> int | None:
    """The rank, from 1, of the first right hit; None without one."""
    return next((rank for rank, found in enumerate(ranking, start=1) if found), None)


def ndcg_at(ranking: Ranking, gains: Sequence[float], k: int) -> float:
    """Normalised discounted cumulative gain, linear gain and log2(1 + rank) discount as in trec_eval.

    `gains[i]` is the gain of unit i. The ideal has each unit at a rank of its own, best first, whatever
    was found; a hit that finds several units at once could exceed it, so the value is cut at 1.
    """
    seen: set[int] = set()
    gained = []
    for found in ranking:
        gained.append(sum(gains[unit] for unit in found - seen))
        seen |= found
    ideal = _discounted(sorted(gains, reverse=True), k)
    return min(_discounted(gained, k) / ideal, 1.0) if ideal else 0.0


def _of_places(figure: Callable[..., Tensor], ranking: Ranking, k: int) -> float:
    """A figure of the first k places, the later ones scored lower, as torchmetrics wants them."""
    from torch import arange, tensor

    places = [bool(found) for found in ranking] + [False] * (k - len(ranking))
    return _rounded(figure(arange(len(places), 0.0, -1), tensor(places), top_k=k))


def _rounded(figure: Tensor) -> float:
    return round(float(figure), DIGITS)


def _discounted(gains: Sequence[float], k: int) -> float:
    """The discounted cumulative gain of gains in this order."""
    from sklearn.metrics import dcg_score

    # Empty places at the end change nothing, and it takes no list of fewer than two.
    padded = [*gains, 0.0, 0.0]
    return float(dcg_score([padded], [range(len(padded), 0, -1)], k=k, ignore_ties=True))


def rank_biased_overlap(first: Sequence[str], other: Sequence[str], persistence: float = 0.9) -> float:
    """How alike two rankings are, 0 to 1, the first places counting most (RBO_EXT, Webber et al. 2010).

    Neither names anything twice. `persistence` is the chance that a reader goes on to the next place.
    Two empty rankings are alike.
    """
    short, long = sorted((first, other), key=len)
    if not short:
        return 1.0 if not long else 0.0
    common = [len(set(short[:depth]) & set(long[:depth])) for depth in range(len(long) + 1)]
    shared, length = common[len(short)], len(long)
    seen = sum(common[depth] / depth * persistence**depth for depth in range(1, length + 1))
    seen += sum(
        shared * (depth - len(short)) / (len(short) * depth) * persistence**depth
        for depth in range(len(short) + 1, length + 1)
    )
    beyond = (common[length] - shared) / length + shared / len(short)
    return (1 - persistence) / persistence * seen + beyond * persistence**length


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values lies, interpolated; 0 for none."""
    return float(np.quantile(values, share)) if values else 0.0
