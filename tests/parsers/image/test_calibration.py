"""Platt scaling: the probabilities it was made from come back."""

from __future__ import annotations

import numpy as np
import pytest

from usg.parsers.image.calibration import Calibration, calibration_error, fit_calibration


def test_the_rule_that_made_the_outcomes_is_found() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.01, 0.6, 20_000)  # as of a detector whose 0.3 means 0.5
    rule = Calibration(2.0, 1.7)
    found = fit_calibration(scores, rng.random(20_000) < rule.probability(scores))
    assert found.slope == pytest.approx(2.0, abs=0.1)
    assert found.intercept == pytest.approx(1.7, abs=0.15)


def test_calibrated_means_right_as_often_as_said() -> None:
    rng = np.random.default_rng(1)
    scores = rng.beta(2, 5, 20_000)
    right = rng.random(20_000) < np.clip(2 * scores, 0, 1)  # no logistic rule
    said = fit_calibration(scores, right).probability(scores)
    for low in np.arange(0.1, 0.9, 0.2):
        chosen = (said >= low) & (said < low + 0.2)
        assert right[chosen].mean() == pytest.approx(said[chosen].mean(), abs=0.06)


def test_score_and_probability_are_inverse() -> None:
    rule = Calibration(1.4, -0.3)
    for p in (0.001, 0.3, 0.5, 0.99):
        assert rule.probability(rule.score(p)) == pytest.approx(p)
    assert np.isfinite(rule.probability([0.0, 1.0])).all()


def test_separable_outcomes_give_a_finite_rule() -> None:
    rule = fit_calibration([0.1, 0.2, 0.8, 0.9], [False, False, True, True])
    assert rule.probability(0.9) > 0.7 > 0.3 > rule.probability(0.1)


@pytest.mark.parametrize(
    ("scores", "right", "reason"),
    [
        ([0.1, 0.2], [True, True], "2 regions are right and 0 wrong"),
        ([0.1], [True, False], "expected"),
        ([0.9, 0.8, 0.1, 0.2], [False, False, True, True], "score no more than wrong ones"),
    ],
)
def test_what_cannot_be_fitted_is_told(scores: list[float], right: list[bool], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        fit_calibration(scores, right)


def test_a_slope_keeps_the_order() -> None:
    with pytest.raises(ValueError, match=r"the slope is 0\.0, expected more than 0"):
        Calibration(0.0, 1.0)


def test_the_calibration_error_of_probabilities_is_small_and_of_others_is_not() -> None:
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 1, 50_000)
    right = rng.random(50_000) < scores
    assert calibration_error(scores, right) < 0.01
    assert abs(calibration_error(np.ones(50_000), right) - 0.5) < 0.01
    assert calibration_error([], []) == 0.0
