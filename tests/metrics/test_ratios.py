"""Ratios of sums with intervals: equal to the means that bootstrap.py takes, and to what is known."""

import numpy as np
import pytest

from usg.metrics import mean_interval, ratio_differences, ratio_intervals


def test_a_mean_has_the_interval_of_mean_interval() -> None:
    generator = np.random.default_rng(0)
    values, groups = generator.random((300, 1)), generator.integers(0, 100, 300)
    (ratio,) = ratio_intervals(values, np.ones((300, 1)), groups, seed=5)
    mean = mean_interval(values[:, 0], groups, seed=5)
    assert (ratio.value, ratio.low, ratio.high, ratio.n) == pytest.approx((mean.value, mean.low, mean.high, mean.n))


def test_columns_do_not_touch_each_other() -> None:
    generator = np.random.default_rng(1)
    above, below = generator.random((50, 3)), 1 + generator.random((50, 3))
    together = ratio_intervals(above, below, np.arange(50))
    for i, alone in enumerate(together):
        assert ratio_intervals(above[:, [i]], below[:, [i]], np.arange(50)) == [alone]


def test_nothing_to_get_wrong_is_right() -> None:
    (empty,) = ratio_intervals(np.zeros((4, 1)), np.zeros((4, 1)), np.arange(4))
    assert (empty.value, empty.low, empty.high) == (1.0, 1.0, 1.0)


def test_the_interval_of_a_ratio_covers_it_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(2)
    covered = 0
    for trial in range(200):
        sizes = generator.integers(1, 6, (80, 1))
        right = generator.binomial(sizes, 0.7)
        (estimate,) = ratio_intervals(right, sizes, np.arange(80), resamples=300, seed=trial)
        covered += estimate.low <= 0.7 <= estimate.high
    assert 0.88 <= covered / 200 <= 0.99


def test_a_paired_difference_is_tighter_than_two_intervals_and_turns_its_sign() -> None:
    generator = np.random.default_rng(3)
    sizes = generator.integers(1, 6, (400, 1))
    second = generator.binomial(sizes, 0.6)
    first = np.minimum(sizes, second + (generator.random((400, 1)) < 0.1))
    (better,) = ratio_differences((first, sizes), (second, sizes), np.arange(400))
    (worse,) = ratio_differences((second, sizes), (first, sizes), np.arange(400))
    (alone,) = ratio_intervals(first, sizes, np.arange(400))
    assert better.value == pytest.approx(float((first.sum() - second.sum()) / sizes.sum()))
    assert better.low > 0 and better.high - better.low < alone.high - alone.low
    assert (worse.low, worse.high) == pytest.approx((-better.high, -better.low))


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="groups of"):
        ratio_intervals(np.ones((3, 2)), np.ones((3, 2)), [0, 1])
    with pytest.raises(ValueError, match="at least one item"):
        ratio_intervals(np.ones((0, 2)), np.ones((0, 2)), [])
    with pytest.raises(ValueError, match="no pairs"):
        ratio_differences((np.ones((3, 2)),) * 2, (np.ones((3, 1)),) * 2, [0, 1, 2])
