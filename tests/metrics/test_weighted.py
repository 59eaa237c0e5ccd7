"""Figures as functions of weights: equal to usg.metrics.ratios, with the same kind of interval."""

import numpy as np
import pytest

from usg.metrics import ratio_intervals
from usg.metrics.weighted import differences, drawn_weights, estimates, mean, ratio


def test_a_ratio_is_that_of_ratio_intervals() -> None:
    generator = np.random.default_rng(0)
    above, below = generator.integers(0, 5, 60), generator.integers(5, 9, 60)
    groups = np.arange(60) // 3
    one = estimates({"x": ratio(above, below)}, groups, resamples=2000)["x"]
    two = ratio_intervals(above[:, None], below[:, None], groups)[0]
    assert one.value == pytest.approx(two.value) and one.n == two.n
    assert (one.low, one.high) == pytest.approx((two.low, two.high), abs=0.01)


def test_groups_are_drawn_whole() -> None:
    weights = np.concatenate(list(drawn_weights([0, 0, 1, 2], 250, seed=0)))
    assert weights.shape == (250, 4)
    assert np.array_equal(weights[:, 0], weights[:, 1])
    assert np.array_equal(weights[:, 1:].sum(1), np.full(250, 3.0))


def test_what_cannot_be_scored_is_left_out() -> None:
    assert estimates({"none": ratio([0, 0], [0, 0]), "some": mean([1.0, 9.0], [True, False])}, [0, 1]).keys() == {
        "some"
    }
    # Draws in which nothing can be scored do not enter the interval.
    assert estimates({"x": ratio([1, 0], [1, 0])}, [0, 1])["x"].low == 1
    with pytest.raises(ValueError, match="at least one"):
        estimates({}, [])


def test_paired_differences() -> None:
    better, worse = {"x": ratio([1, 1, 0], [1, 1, 1])}, {"x": ratio([0, 1, 0], [1, 1, 1])}
    found = differences(better, worse, [0, 1, 2])["x"]
    assert found.value == pytest.approx(1 / 3) and found.low == 0
