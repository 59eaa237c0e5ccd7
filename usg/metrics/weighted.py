"""Figures as functions of how often each item is drawn, with bootstrap intervals over groups of items.

A figure maps weights `(r, n)` of n items, r times, to r values. With all weights 1 it is the figure itself; with the
counts of a draw of groups with replacement it is one of the bootstrap (Efron and Tibshirani, An Introduction to the
Bootstrap, 1993, sections 8 and 13.3). So means of means and average precision, which are no ratios of sums
(usg/metrics/ratios.py), get their intervals too. A draw without anything to score (NaN) is left out of the interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from usg.metrics.bootstrap import Estimate

Floats = NDArray[np.float64]
Figure = Callable[[Floats], Floats]

_BLOCK = 100  # draws at a time; bounds memory


def ratio(above: ArrayLike, below: ArrayLike) -> Figure:
    """The figure that is a ratio of sums over items, `(n,)` each.

    >>> ratio([1, 0], [1, 3])(np.ones((1, 2))).tolist()
    [0.25]
    """
    one, two = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    return lambda weights: divided(weights @ one, weights @ two)


def mean(values: ArrayLike, present: ArrayLike) -> Figure:
    """The mean of the values `(n,)` of those items that are present.

    >>> mean([0.5, 0.0, 0.25], [True, False, True])(np.ones((1, 3))).tolist()
    [0.375]
    """
    there = np.asarray(present, dtype=np.float64)
    return ratio(np.asarray(values, dtype=np.float64) * there, there)


def divided(above: Floats, below: Floats) -> Floats:
    """`above / below`, NaN where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)


def mean_of_columns(values: Floats) -> Floats:
    """`(r,)` the mean of each row over what is no NaN; NaN where all are.

    >>> mean_of_columns(np.array([[0.5, np.nan], [0.5, 0.0]])).tolist()
    [0.5, 0.25]
    """
    there = ~np.isnan(values)
    return divided(np.where(there, values, 0.0).sum(1), there.sum(1))


def value_of(figure: Figure, n: int) -> float:
    """A figure over n items, each once."""
    return float(figure(np.ones((1, n)))[0])


def estimates(
    figures: Mapping[str, Figure], groups: ArrayLike, *, level: float = 0.95, resamples: int = 1000, seed: int = 0
) -> dict[str, Estimate]:
    """Every figure with its interval; figures that nothing could be scored for are left out.

    Args:
        figures: name -> figure over the same n items.
        groups: `(n,)` the group of each item, any integers; groups are drawn.
        level: coverage of the intervals.
        resamples: bootstrap samples.
        seed: of the resampling.

    Raises:
        ValueError: there are no items.

    >>> estimates({"share": ratio([1, 0], [1, 1])}, [0, 1])["share"]
    Estimate(value=0.5, low=0.0, high=1.0, n=2)
    """
    return _intervals(figures, {}, groups, level, resamples, seed)


def differences(
    first: Mapping[str, Figure],
    second: Mapping[str, Figure],
    groups: ArrayLike,
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Estimate]:
    """How much greater the first system's figures are, on the same items and the same draws (paired bootstrap).

    >>> differences({"share": ratio([1, 1], [1, 1])}, {"share": ratio([0, 1], [1, 1])}, [0, 1])["share"].value
    0.5
    """
    common = {name: figure for name, figure in first.items() if name in second}
    return _intervals(common, second, groups, level, resamples, seed)


def drawn_weights(groups: ArrayLike, resamples: int, seed: int) -> Iterator[Floats]:
    """Blocks `(b, n)` of how often each item is drawn when groups are drawn with replacement."""
    group = np.unique(np.asarray(groups), return_inverse=True)[1]
    count = int(group.max()) + 1
    generator = np.random.default_rng(seed)
    for start in range(0, resamples, _BLOCK):
        drawn = generator.integers(0, count, (min(_BLOCK, resamples - start), count))
        weights = np.zeros((len(drawn), count))
        np.add.at(weights, (np.arange(len(drawn))[:, None], drawn), 1.0)
        yield weights[:, group]


def _intervals(
    figures: Mapping[str, Figure],
    others: Mapping[str, Figure],
    groups: ArrayLike,
    level: float,
    resamples: int,
    seed: int,
) -> dict[str, Estimate]:
    """Of each figure, less the other of its name where there is one."""
    n = len(np.asarray(groups))
    if not n:
        raise ValueError("no items to score; give at least one")

    def value(name: str, weights: Floats) -> Floats:
        own = figures[name](weights)
        return own - others[name](weights) if others else own

    values = {name: float(value(name, np.ones((1, n)))[0]) for name in figures}
    named = [name for name, each in values.items() if not np.isnan(each)]
    drawn: dict[str, list[Floats]] = {name: [] for name in named}
    for weights in drawn_weights(groups, resamples, seed):
        for name in named:
            drawn[name].append(value(name, weights))
    found = {}
    for name in named:
        sample = np.concatenate(drawn[name]) if resamples else np.array([])
        sample = sample[~np.isnan(sample)]
        low, high = np.quantile(sample, [(1 - level) / 2, (1 + level) / 2]) if len(sample) else (np.nan, np.nan)
        found[name] = Estimate(values[name], float(low), float(high), n)
    return found
