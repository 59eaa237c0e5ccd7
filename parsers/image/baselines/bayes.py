"""Gaussian naive Bayes: to which class a row of numbers belongs, by the mean and variance that each class has of each.

    P(c | x)  ~  P(c) prod_j N(x_j; mean_cj, variance_cj)

Variances are not less than a hundredth of those over all classes, so that one example makes no certainty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_LEAST = 0.01  # share of the variance over all classes


@dataclass(frozen=True)
class GaussianBayes:
    """The classes, and `(c,)` their logarithmic priors, `(c, d)` means and variances.

    >>> rule = GaussianBayes.fit(np.array([[0.0], [0.2], [1.0], [1.2]]), ["low", "low", "high", "high"])
    >>> rule.classes, rule.posterior(np.array([[0.1], [0.6]])).round(2).tolist()
    (('high', 'low'), [[0.0, 1.0], [0.5, 0.5]])
    """

    classes: tuple[str, ...]
    prior: Floats
    mean: Floats
    variance: Floats

    @classmethod
    def fit(cls, rows: Floats, labels: Sequence[str]) -> GaussianBayes:
        """Learns from `(n, d)` rows and their n labels.

        Raises:
            ValueError: there are none.
        """
        if not len(labels):
            raise ValueError("nothing to learn from: no region of the training pictures has what is asked for")
        names, number = np.unique(np.asarray(labels, dtype=object).astype(str), return_inverse=True)
        groups = [rows[number == c] for c in range(len(names))]
        least = _LEAST * rows.var(0) + 1e-9
        return cls(
            tuple(names.tolist()),
            np.log([len(group) / len(rows) for group in groups]),
            np.stack([group.mean(0) for group in groups]),
            np.stack([np.maximum(group.var(0), least) for group in groups]),
        )

    def posterior(self, rows: Floats) -> Floats:
        """`(n, c)` the probability of each class for `(n, d)` rows."""
        apart = np.square(rows[:, None, :] - self.mean) / self.variance + np.log(self.variance)
        logs = self.prior - apart.sum(2) / 2
        likely = np.exp(logs - logs.max(1, keepdims=True))
        return np.asarray(likely / likely.sum(1, keepdims=True))
