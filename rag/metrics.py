"""Retrieval metrics over ranked lists of found units. Nothing here searches or averages.

A ranking is a list over hits, best first; each entry is the set of gold units (by index) that the
hit finds. Each unit counts once, at its first hit. What discounts gains by rank is scikit-learn's.
"""

from __future__ import annotations

from collections.abc import Sequence

Ranking = Sequence[frozenset[int]]


def hit_at(ranking: Ranking, k: int) -> float:
    """1.0 when any of the first k hits is right."""
    return float(any(ranking[:k]))


def reciprocal_rank(ranking: Ranking, k: int) -> float:
    """1 / rank of the first right hit among the first k, else 0."""
    return next((1.0 / rank for rank, found in enumerate(ranking[:k], start=1) if found), 0.0)


def first_right(ranking: Ranking) -> int | None:
    """The rank, from 1, of the first right hit; None without one."""
    return next((rank for rank, found in enumerate(ranking, start=1) if found), None)


def precision_at(ranking: Ranking, k: int) -> float:
    """The share of the first k places that hold a right hit; places left empty count as wrong."""
    return sum(bool(found) for found in ranking[:k]) / k


def recall_at(ranking: Ranking, units: int, k: int) -> float:
    """The share of the units that the first k hits find."""
    return len(frozenset[int]().union(*ranking[:k])) / units if units else 0.0


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
    if not values:
        return 0.0
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)
