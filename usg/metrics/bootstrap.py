"""Means of items that come in groups, with bootstrap intervals over the groups.

Questions or masked nodes of one scene are not independent, so the statistical unit is the scene: groups are drawn with
replacement and the ratio of sums is taken (cluster bootstrap, percentile interval; Efron and Tibshirani, An
Introduction to the Bootstrap, 1993, sections 8 and 13.3). Where the items were answered by several runs (seeds), runs
are drawn with replacement too, independently of the groups, so that the interval holds for another run on other scenes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval, and the number of items it was taken over."""

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
    means = _resampled_ratios(sums, sizes, resamples, seed)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(numbers.mean()), float(low), float(high), int(group.size))


def paired_difference(
    first: ArrayLike, second: ArrayLike, groups: ArrayLike, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Estimate:
    """The mean of `first - second` over the same items and runs, with its interval; arguments as of `mean_interval`.

    >>> paired_difference([1, 1, 1], [0, 1, 0], [0, 1, 2]).low > -1
    True
    """
    difference = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    return mean_interval(difference, groups, level=level, resamples=resamples, seed=seed)


def _resampled_ratios(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], resamples: int, seed: int
) -> NDArray[np.float64]:
    generator = np.random.default_rng(seed)
    ratios = np.empty(resamples)
    runs, groups = sums.shape
    for i in range(resamples):
        drawn = generator.integers(0, groups, groups)
        run = generator.integers(0, runs, runs) if runs > 1 else slice(None)
        ratios[i] = sums[run][:, drawn].mean(0).sum() / sizes[drawn].sum()
    return ratios
