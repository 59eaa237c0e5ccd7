"""Several ratios of sums over the same items, with bootstrap intervals over groups of items, alone and paired.

A mean and a micro-averaged F1 are both of the form

    sum_i a_i / sum_i b_i        mean: b_i = 1;  micro F1: a_i = 2 (common facts), b_i = (predicted + gold facts)

All figures of a table are resampled together: groups are drawn with replacement and the sums taken anew (cluster
bootstrap, percentile interval; Efron and Tibshirani, An Introduction to the Bootstrap, 1993, sections 8 and 13.3). Two
systems are compared on the same draws (paired bootstrap; Koehn, EMNLP 2004).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from usg.metrics.bootstrap import Estimate, resampled_sums

Floats = NDArray[np.float64]


def ratio_intervals(
    numerators: ArrayLike,
    denominators: ArrayLike,
    groups: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> list[Estimate]:
    """The ratio of sums of every column, and its interval.

    Args:
        numerators: `(n, k)` of n items and k figures.
        denominators: `(n, k)`, not negative.
        groups: `(n,)` the group of each item, any integers.
        level: coverage of the intervals.
        resamples: bootstrap samples.
        seed: of the resampling.

    Returns:
        k estimates. Where a column's denominators are all 0 there is nothing to get wrong, and it is 1.

    Raises:
        ValueError: no items, or the shapes do not fit.

    >>> [estimate.value for estimate in ratio_intervals([[1, 4], [0, 0]], [[1, 4], [1, 12]], [0, 1])]
    [0.5, 0.25]
    """
    sums, n = _sums(numerators, denominators, groups)
    return _estimates(_ratios(sums.sum(0)), _ratios(resampled_sums(sums, resamples, seed)), level, n)


def ratio_differences(
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    groups: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> list[Estimate]:
    """How much greater the ratios of the first system are than those of the second, on the same items.

    Args:
        first: numerators and denominators, `(n, k)` each, as of `ratio_intervals`.
        second: of the same shapes.
        groups: `(n,)` the group of each item.
        level: coverage of the intervals.
        resamples: bootstrap samples, the same for both systems.
        seed: of the resampling.

    Raises:
        ValueError: the shapes do not fit.

    >>> one, two = ([[1], [1]], [[1], [1]]), ([[1], [0]], [[1], [1]])
    >>> ratio_differences(one, two, [0, 1])[0].value
    0.5
    """
    (one, n), (two, _) = _sums(*first, groups), _sums(*second, groups)
    if one.shape != two.shape:
        raise ValueError(f"{one.shape[-1]} and {two.shape[-1]} figures are no pairs; give the same of both systems")
    value = _ratios(one.sum(0)) - _ratios(two.sum(0))
    resampled = resampled_sums(np.concatenate([one, two], axis=2), resamples, seed)
    k = one.shape[-1]
    return _estimates(value, _ratios(resampled[..., :k]) - _ratios(resampled[..., k:]), level, n)


def _sums(numerators: ArrayLike, denominators: ArrayLike, groups: ArrayLike) -> tuple[Floats, int]:
    """`(g, 2, k)` sums of numerators and denominators of each group, and the number of items."""
    above, below = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    if above.ndim != 2 or above.shape != below.shape or group.shape != above.shape[:1] or not len(names):
        raise ValueError(
            f"numerators of shape {above.shape}, denominators of {below.shape} and groups of {group.shape}; "
            "expected (n, k) twice and (n,), and at least one item"
        )
    sums = np.zeros((len(names), 2, above.shape[1]))
    np.add.at(sums, group, np.stack([above, below], axis=1))
    return sums, len(group)


def _ratios(sums: Floats) -> Floats:
    above, below = sums[..., 0, :], sums[..., 1, :]
    return np.divide(above, below, out=np.ones_like(above), where=below > 0)


def _estimates(values: Floats, resampled: Floats, level: float, n: int) -> list[Estimate]:
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return [Estimate(float(v), float(a), float(b), n) for v, a, b in zip(values, low, high, strict=True)]
