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

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist

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
    return _ratio(numbers, np.ones_like(numbers), groups, level, resamples, seed)


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


def paired_ratio(
    first: ArrayLike, second: ArrayLike, groups: ArrayLike, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Estimate:
    """The mean of `first` over the mean of `second`, over the same items and runs, with its interval.

    Args:
        first: `(n,)` or `(r, n)`, as of `mean_interval`.
        second: of the same shape, not negative.
        groups: `(n,)` the group of each item.
        level: coverage of the interval.
        resamples: bootstrap samples.
        seed: of the resampling.

    Raises:
        ValueError: the shapes differ, or `second` is 0 throughout a run.

    >>> paired_ratio([1, 0, 1, 0], [1, 1, 1, 1], [0, 1, 2, 3]).value
    0.5
    """
    one, two = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != two.shape:
        raise ValueError(
            f"values of shape {one.shape} and {two.shape} are no pairs; give both for the same items and runs"
        )
    if not np.atleast_2d(two).any(axis=1).all():
        raise ValueError("the second values are all 0 in a run, so there is no share of them; leave it out")
    return _ratio(one, two, groups, level, resamples, seed)


def mean_of_runs(runs: Sequence[Estimate], *, level: float = 0.95) -> Estimate:
    """The mean of a figure that several runs gave over the same items, from each run's value and interval alone.

    For where the items are not at hand: v_groups is the mean of what the runs' own intervals say of it, which is at
    least that of the mean over runs, so the interval is on the wide side.

    Args:
        runs: the figure of each run, its interval of the same level.
        level: coverage of the intervals.

    Raises:
        ValueError: there are no runs.

    >>> mean_of_runs([Estimate(0.4, 0.3, 0.5, 100), Estimate(0.6, 0.5, 0.7, 100)]).value
    0.5
    """
    if not runs:
        raise ValueError("there are no runs to take the mean of; give at least one")
    if len(runs) == 1:
        return runs[0]
    values = np.array([run.value for run in runs])
    widths = np.array([run.high - run.low for run in runs])
    of_groups = float(np.square(widths / 2 / NormalDist().inv_cdf((1 + level) / 2)).mean())
    margin = _two_way_margin(of_groups, values, min(run.n for run in runs), level)
    mean = float(values.mean())
    return Estimate(mean, mean - margin, mean + margin, runs[0].n)


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


def _ratio(
    above: NDArray[np.float64], below: NDArray[np.float64], groups: ArrayLike, level: float, resamples: int, seed: int
) -> Estimate:
    """The ratio of sums of `(n,)` or `(r, n)` values, with its interval."""
    group = np.unique(np.asarray(groups), return_inverse=True)[1]
    if above.size == 0 or above.ndim > 2 or above.shape[-1:] != group.shape:
        raise ValueError(f"{above.shape} values with {group.shape} groups; expected as many of both, and at least one")
    runs = np.atleast_2d(above), np.atleast_2d(below)
    sums = [np.mean([np.bincount(group, weights=run) for run in each], axis=0) for each in runs]
    value = float(above.sum() / below.sum())
    drawn = resampled_sums(np.stack(sums, axis=1), resamples, seed)
    drawn = drawn[drawn[:, 1] > 0]
    ratios = drawn[:, 0] / drawn[:, 1]
    if len(runs[0]) == 1:
        low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    else:
        margin = _two_way_margin(float(ratios.var()), runs[0].sum(1) / runs[1].sum(1), len(sums[0]), level)
        low, high = value - margin, value + margin
    return Estimate(value, float(low), float(high), int(group.size))


def _two_way_margin(of_groups: float, by_run: NDArray[np.float64], groups: int, level: float) -> float:
    """Half the interval, t s of the module's formula, from v_groups and the figure of each run."""
    runs = len(by_run)
    of_runs = float(by_run.var(ddof=1)) / runs
    both = of_groups + of_runs
    if both == 0:
        return 0.0
    freedom = both**2 / (of_runs**2 / (runs - 1) + of_groups**2 / max(groups - 1, 1))
    # The quantile by simulation, to within a per cent: NumPy draws from Student's distribution but does not invert it.
    t = np.quantile(np.abs(np.random.default_rng(0).standard_t(freedom, 200_000)), level)
    return float(t) * both**0.5
