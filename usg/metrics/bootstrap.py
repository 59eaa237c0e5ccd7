"""Means of items that come in groups, with bootstrap intervals over the groups.

Questions or masked nodes of one scene are not independent, so the statistical unit is the scene: groups are drawn with
replacement and the ratio of sums is taken (cluster bootstrap, percentile interval; Efron and Tibshirani, An
Introduction to the Bootstrap, 1993, sections 8 and 13.3).

Where the items were answered by several runs (seeds), the interval is for the mean over all runs and scenes that there
could be. Few runs cannot be resampled (three of three draws see too little spread), so their variance is added:

    mean +- t s,  s^2 = v_groups + v_runs / r

v_groups from the bootstrap of the mean over runs, v_runs the unbiased variance of the r runs' means, t the quantile of
Student's distribution with Satterthwaite's degrees of freedom (Biometrics Bulletin 2(6), 1946). A part of the scenes'
variance is in v_runs too, so the interval is on the wide side.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval, and the number of items (not items times runs) it was taken over."""

    value: float
    low: float
    high: float
    n: int

    def to_dict(self) -> dict[str, float]:
        """As JSON has it."""
        return asdict(self)


def mean_interval(
    values: ArrayLike, groups: ArrayLike, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Estimate:
    """The mean of values and its interval.

    Args:
        values: `(n,)` numbers, e.g. 1.0 for a right answer; or `(r, n)` of r runs over the same items.
        groups: `(n,)` the group of each value, any integers.
        level: coverage of the interval.
        resamples: bootstrap samples.
        seed: of the resampling.

    Raises:
        ValueError: no values, or lengths differ.

    >>> mean_interval([1, 1, 0, 0], [0, 0, 0, 0]).value
    0.5
    """
    numbers = np.asarray(values, dtype=np.float64)
    group = np.unique(np.asarray(groups), return_inverse=True)[1]
    if numbers.size == 0 or numbers.ndim > 2 or numbers.shape[-1:] != group.shape:
        raise ValueError(
            f"{numbers.shape} values with {group.shape} groups; expected as many of both, and at least one"
        )
    runs = np.atleast_2d(numbers)
    sums = np.stack([np.bincount(group, weights=run) for run in runs]).astype(np.float64)
    sizes = np.bincount(group).astype(np.float64)
    mean = float(numbers.mean())
    drawn = resampled_sums(np.stack([sums.mean(0), sizes], axis=1), resamples, seed)
    means = drawn[:, 0] / drawn[:, 1]
    if len(runs) == 1:
        low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    else:
        low, high = mean + np.array([-1.0, 1.0]) * _two_way_margin(means, runs.mean(1), len(sizes), level)
    return Estimate(mean, float(low), float(high), int(group.size))


def paired_difference(
    first: ArrayLike, second: ArrayLike, groups: ArrayLike, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Estimate:
    """The mean of `first - second` over the same items and runs, with its interval.

    Args:
        first: `(n,)` or `(r, n)`, as of `mean_interval`.
        second: of the same shape.
        groups: `(n,)` the group of each item.
        level: coverage of the interval.
        resamples: bootstrap samples.
        seed: of the resampling.

    Raises:
        ValueError: the shapes differ.

    >>> paired_difference([1, 1, 1], [0, 1, 0], [0, 1, 2]).low > -1
    True
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != two.shape:
        raise ValueError(
            f"values of shape {one.shape} and {two.shape} are no pairs; give both for the same items and runs"
        )
    return mean_interval(one - two, groups, level=level, resamples=resamples, seed=seed)


def resampled_sums(sums: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    """`(resamples, ...)` sums over g groups drawn with replacement, from the sums `(g, ...)` of each group.

    >>> resampled_sums(np.array([[2.0, 1.0], [2.0, 1.0]]), resamples=1, seed=0)
    array([[4., 2.]])
    """
    generator = np.random.default_rng(seed)
    totals = np.empty((resamples, *sums.shape[1:]))
    for i in range(resamples):
        totals[i] = sums[generator.integers(0, len(sums), len(sums))].sum(0)
    return totals


def _two_way_margin(resampled: NDArray[np.float64], by_run: NDArray[np.float64], groups: int, level: float) -> float:
    """Half the interval, t s of the module's formula, from resampled means over the runs and the mean of each run."""
    runs = len(by_run)
    of_groups, of_runs = float(resampled.var()), float(by_run.var(ddof=1)) / runs
    both = of_groups + of_runs
    if both == 0:
        return 0.0
    freedom = both**2 / (of_runs**2 / (runs - 1) + of_groups**2 / max(groups - 1, 1))
    # The quantile by simulation, to within a per cent: NumPy draws from Student's distribution but does not invert it.
    t = np.quantile(np.abs(np.random.default_rng(0).standard_t(freedom, 200_000)), level)
    return float(t) * both**0.5
