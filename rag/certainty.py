"""How far a difference over a few questions can be trusted: intervals and a paired test, by SciPy.

Arithmetic only. The same values give the same figures: the draws are seeded, so what was drawn of late
is remembered, since pages show the same figures again and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

DRAWS = 9999
#: Differences whose chance of arising by luck is below this count as real.
LEVEL = 0.05
#: Results remembered: those of a few evaluations.
REMEMBERED = 512


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95% bootstrap interval (percentiles, Efron 1979) of the mean of values between 0 and 1.

    Where all are the same, drawing among them tells nothing: then it is that of a share, all or none of
    so many (Clopper and Pearson 1934), widened from the common value. One value alone: 0 to 1.
    """
    return _interval(tuple(values))


@lru_cache(maxsize=REMEMBERED)
def _interval(values: tuple[float, ...]) -> tuple[float, float]:
    if len(values) < 2:
        return 0.0, 1.0
    import numpy as np
    from scipy.stats import binomtest, bootstrap

    if len(set(values)) == 1:
        value, count = float(values[0]), len(values)
        least = float(binomtest(count, count).proportion_ci().low)
        return value * least, value + (1.0 - value) * (1.0 - least)

    found = bootstrap(
        (np.asarray(values, float),),
        np.mean,
        n_resamples=DRAWS,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(found.low), float(found.high)


def chance_of_difference(first: Sequence[float], other: Sequence[float]) -> float:
    """How often luck alone would make two settings differ this much over the same questions.

    A two-sided paired permutation test (Fisher 1935) of the mean difference: the sign of each question's
    difference is flipped, in all ways where these are few. 1.0 where at most one question differs.
    """
    return _chance(tuple(first), tuple(other))


@lru_cache(maxsize=REMEMBERED)
def _chance(first: tuple[float, ...], other: tuple[float, ...]) -> float:
    import numpy as np

    differences = np.asarray(other, float) - np.asarray(first, float)
    differences = differences[differences != 0]
    if len(differences) < 2:
        return 1.0
    from scipy.stats import permutation_test

    found = permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        n_resamples=DRAWS,
        rng=np.random.default_rng(0),
    )
    return float(min(found.pvalue, 1.0))
