"""Bootstrap intervals: coverage on known distributions, and the grouping."""

import numpy as np
import pytest

from usg.metrics import mean_interval, paired_difference


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        values = generator.random(100) < 0.3
        estimate = mean_interval(values, np.arange(100), resamples=300, seed=trial)
        covered += estimate.low <= 0.3 <= estimate.high
    assert 0.88 <= covered / 200 <= 0.99


def test_items_of_one_group_count_as_one_observation() -> None:
    values = np.repeat([0.0, 1.0] * 10, 50)
    alone = mean_interval(values, np.arange(len(values)))
    grouped = mean_interval(values, np.repeat(np.arange(20), 50))
    assert grouped.value == alone.value == 0.5
    assert grouped.high - grouped.low > 4 * (alone.high - alone.low)


def test_a_paired_difference_is_tighter_than_two_intervals() -> None:
    generator = np.random.default_rng(1)
    hard = generator.random(500)
    first, second = (hard < 0.6).astype(float), (hard < 0.5).astype(float)
    estimate = paired_difference(first, second, np.arange(500))
    assert estimate.value == pytest.approx(float((first - second).mean()))
    assert estimate.low > 0.0


def test_runs_that_disagree_widen_the_interval() -> None:
    generator = np.random.default_rng(2)
    agreeing = (generator.random((3, 600)) < 0.5).astype(float)
    shifted = (generator.random((3, 600)) < np.array([[0.3], [0.5], [0.7]])).astype(float)
    one, two = mean_interval(agreeing, np.arange(600)), mean_interval(shifted, np.arange(600))
    assert one.value == pytest.approx(agreeing.mean()) and one.n == 600
    assert two.high - two.low > 3 * (one.high - one.low)


def test_equal_runs_have_the_interval_of_one() -> None:
    values = (np.random.default_rng(3).random(400) < 0.4).astype(float)
    one, three = (mean_interval(v, np.arange(400) // 2) for v in (values, np.stack([values] * 3)))
    assert three.value == one.value
    assert three.low == pytest.approx(one.low, abs=0.01) and three.high == pytest.approx(one.high, abs=0.01)


def test_wrong_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="groups"):
        mean_interval([[1.0, 0.0]], [0, 1, 2])
    with pytest.raises(ValueError, match="groups"):
        mean_interval([1.0], [0, 1])
    with pytest.raises(ValueError, match="at least one"):
        mean_interval([], [])
