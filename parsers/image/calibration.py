"""Scores as probabilities: Platt scaling of a detector's scores.

A score s of 0.5 means something else for every detector: a softmax over classes tends to say much, separate sigmoids
little. With a and b fitted on regions of which it is known whether they were right,

    p(right | s) = sigmoid(a logit(s) + b)

is a probability, and one threshold means the same for all of them. Source: Platt, Probabilistic Outputs for Support
Vector Machines (1999), with its smoothed targets (n+ + 1) / (n+ + 2) and 1 / (n- + 2); as in Kull et al., Beyond
sigmoids (2017), the score enters by its logit, so that a = 1, b = 0 leaves it as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LEAST = 1e-6  # scores are taken to be this far from 0 and 1, whose logits are infinite
_STEPS = 100


@dataclass(frozen=True, slots=True)
class Calibration:
    """p = sigmoid(slope logit(score) + intercept).

    Args:
        slope: positive, so that the order of the scores stays.
        intercept: what is added.

    Raises:
        ValueError: the slope is not positive.

    >>> Calibration(1.0, 0.0).probability([0.2, 0.7]).round(6).tolist()
    [0.2, 0.7]
    """

    slope: float = 1.0
    intercept: float = 0.0

    def __post_init__(self) -> None:
        if not self.slope > 0:
            raise ValueError(f"the slope is {self.slope}, expected more than 0")

    def probability(self, scores: ArrayLike) -> NDArray[np.float64]:
        """Probabilities of scores."""
        return _sigmoid(self.slope * _logit(scores) + self.intercept)

    def score(self, probability: float) -> float:
        """The score that has that probability."""
        return float(_sigmoid((_logit(probability) - self.intercept) / self.slope))


def fit_calibration(scores: ArrayLike, right: ArrayLike) -> Calibration:
    """The calibration under which the outcomes are the likeliest.

    Args:
        scores: of regions that a detector found, (n,).
        right: whether each was, (n,).

    Raises:
        ValueError: they are not as many, none was right or none wrong, or right ones do not score more than wrong ones.

    >>> fit_calibration([0.1, 0.2, 0.2, 0.3, 0.4], [False, False, True, True, True]).probability([0.3]) > 0.5
    array([ True])
    """
    values, outcome = np.asarray(scores, float), np.asarray(right, bool)
    if values.shape != outcome.shape or values.ndim != 1:
        raise ValueError(f"scores of shape {values.shape} and outcomes of shape {outcome.shape}, expected (n,) of both")
    positive = int(outcome.sum())
    negative = len(outcome) - positive
    if not positive or not negative:
        raise ValueError(f"{positive} regions are right and {negative} wrong; both kinds are needed")
    target = np.where(outcome, (positive + 1) / (positive + 2), 1 / (negative + 2))
    x = np.stack([_logit(values), np.ones(len(values))], 1)  # (n, 2)
    weights = np.array([0.0, np.log((positive + 1) / (negative + 1))])
    loss = _loss(x, target, weights)
    for _ in range(_STEPS):  # Newton's method; a step that does not help is halved
        p = _sigmoid(x @ weights)
        gradient = x.T @ (p - target)
        if np.abs(gradient).max() < 1e-9 * len(values):
            break
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + 1e-12 * np.eye(2), gradient)
        while _loss(x, target, weights - step) > loss and np.abs(step).max() > 1e-12:
            step /= 2
        weights = weights - step
        loss = _loss(x, target, weights)
    if not weights[0] > 0:
        raise ValueError(f"the slope is {weights[0]:.3g}: regions that are right score no more than wrong ones")
    return Calibration(float(weights[0]), float(weights[1]))


def calibration_error(scores: ArrayLike, right: ArrayLike, bins: int = 10) -> float:
    """The expected calibration error: how far scores are from the share that was right, on average.

    The scores fall into bins of equal width; the error is the mean over all of them of |share right - mean score| of
    their bin. Source: Guo et al., On Calibration of Modern Neural Networks (2017), equation 3.

    Args:
        scores: in [0, 1], (n,).
        right: whether each was, (n,).
        bins: how many.

    Returns:
        A number in [0, 1]; 0 where there are no scores.

    >>> round(calibration_error([0.9, 0.9, 0.2, 0.2], [True, True, False, True]), 3)  # (0.1 + 0.3) / 2
    0.2
    """
    values, outcome = np.asarray(scores, float), np.asarray(right, float)
    if not len(values):
        return 0.0
    place = np.minimum((values * bins).astype(int), bins - 1)
    gap = np.bincount(place, outcome, bins) - np.bincount(place, values, bins)
    return float(np.abs(gap).sum() / len(values))


def _loss(x: NDArray[np.float64], target: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    z = x @ weights
    return float(np.sum(np.logaddexp(0.0, z) - target * z))


def _logit(p: ArrayLike) -> NDArray[np.float64]:
    clipped = np.clip(np.asarray(p, float), _LEAST, 1 - _LEAST)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _sigmoid(z: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * np.asarray(z, float))))
