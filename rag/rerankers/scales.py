"""Common scales for scores of different kinds. Pure arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.types import Hit

Scores = NDArray[np.float64]


def standard(scores: NDArray[Any]) -> Scores:
    """The distance from the mean in standard deviations; zeros where all are alike."""
    if len(scores) == 0:
        return np.zeros(0)
    centred = scores.astype(np.float64) - scores.mean(dtype=np.float64)
    spread: Scores = centred / max(float(centred.std()), 1e-9)
    return spread


def share_of_range(scores: NDArray[Any]) -> Scores:
    """The place between the lowest (0) and the highest (1); ones where all are alike."""
    if len(scores) == 0:
        return np.zeros(0)
    own = scores.astype(np.float64)
    lowest, highest = own.min(), own.max()
    if highest - lowest < 1e-12:
        return np.ones(len(own))
    shares: Scores = (own - lowest) / (highest - lowest)
    return shares


def stage_shares(hits: Sequence[Hit], stage: str) -> Scores:
    """Each hit's place in the range of a search's scores; 0 for one that the search did not find."""
    found = [place for place, hit in enumerate(hits) if hit.scores.get(stage) is not None]
    shares = np.zeros(len(hits))
    shares[found] = share_of_range(np.array([hits[place].scores[stage] for place in found], np.float64))
    return shares


def descending(order: Sequence[int]) -> list[float]:
    """Scores from 1 down that put the hits at these places in this order."""
    scores = [0.0] * len(order)
    for rank, place in enumerate(order):
        scores[place] = 1.0 - rank / len(order)
    return scores
