"""Fits the few weights that rag/confidence.py and rag/sentence_value.py hold. It measures nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
#: How strongly weights of standardised columns are held towards zero.
SHRINKAGE = 1e-4


def logistic(features: Numbers, labels: Numbers, importance: Numbers) -> tuple[Numbers, float]:
    """Weights and intercept of a logistic regression; `importance` weighs the rows."""
    import torch

    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    columns, wanted = torch.tensor((features - mean) / spread), torch.tensor(labels)
    shares = torch.tensor(importance / importance.sum())

    def loss(values: Any) -> Any:
        logits = columns @ values[:-1] + values[-1]
        each = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        return (each * shares).sum() + SHRINKAGE * (values[:-1] ** 2).sum()

    values = _least(loss, features.shape[1] + 1)
    weights = values[:-1] / spread
    return weights, float(values[-1] - weights @ mean)


def choice(groups: Sequence[Numbers], right: Sequence[NDArray[np.bool_]]) -> Numbers:
    """Weights under which the right rows of each group are the likeliest ones (conditional logit).

    Groups without a right row tell nothing and are left out.
    """
    import torch

    told = [(rows, own) for rows, own in zip(groups, right, strict=True) if own.any()]
    spread = np.concatenate([rows for rows, _ in told]).std(axis=0) + 1e-9
    columns = [torch.tensor(rows / spread) for rows, _ in told]
    wanted = [torch.tensor(own) for _, own in told]

    def loss(values: Any) -> Any:
        total = sum(
            torch.logsumexp(rows @ values, 0) - torch.logsumexp((rows @ values)[own], 0)
            for rows, own in zip(columns, wanted, strict=True)
        )
        return total / len(columns) + SHRINKAGE * (values**2).sum()

    weights: Numbers = _least(loss, spread.shape[0]) / spread
    return weights


def area_under_curve(lower: Numbers, higher: Numbers) -> float:
    """ROC-AUC: how often a value of `higher` exceeds one of `lower`, ties counting half."""
    if not len(lower) or not len(higher):
        return float("nan")
    below = np.searchsorted(np.sort(lower), higher, side="left")
    upto = np.searchsorted(np.sort(lower), higher, side="right")
    return float((below + upto).mean() / 2 / len(lower))


def _least(loss: Callable[[Any], Any], size: int) -> Numbers:
    import torch

    values = torch.zeros(size, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([values], max_iter=200, line_search_fn="strong_wolfe")

    def step() -> Any:
        optimizer.zero_grad()
        current = loss(values)
        current.backward()
        return current

    optimizer.step(step)
    found: Numbers = values.detach().numpy()
    return found
