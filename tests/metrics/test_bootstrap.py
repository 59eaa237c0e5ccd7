"""Bootstrap intervals: coverage on known distributions, and the grouping."""

import numpy as np
import pytest

from usg.metrics import mean_interval, mean_of_runs, paired_difference, paired_ratio
from usg.metrics.bootstrap import resampled_sums


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        values = generator.random(100) < 0.3
        estimate = mean_interval(values, np.arange(100), resamples=300, seed=trial)
        covered += estimate.low <= 0.3 <= estimate.high
    assert 0.88 <= covered / 200 <= 0.99


def test_columns_are_resampled_together() -> None:
    sums = np.random.default_rng(0).random((30, 2, 3))
    drawn = resampled_sums(sums, 50, seed=4)
    assert drawn.shape == (50, 2, 3)
    assert all(np.array_equal(drawn[:, :, [k]], resampled_sums(sums[:, :, [k]], 50, seed=4)) for k in range(3))
    assert len(np.unique(drawn[:, 0, 0])) == 50


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


@pytest.mark.parametrize(("runs", "spread"), [(2, 0.03), (3, 0.03), (3, 0.0), (8, 0.03)])
def test_the_interval_over_runs_covers_the_mean_of_all_runs(runs: int, spread: float) -> None:
    generator = np.random.default_rng(4)
    covered = 0
    for trial in range(200):
        chance = 0.5 + spread * generator.standard_normal((runs, 1)) + 0.05 * generator.standard_normal(100).repeat(3)
        values = generator.random((runs, 300)) < chance
        estimate = mean_interval(values, np.arange(300) // 3, resamples=200, seed=trial)
        covered += estimate.low <= 0.5 <= estimate.high
    assert covered / 200 >= 0.9


def test_equal_runs_have_about_the_interval_of_one() -> None:
    values = (np.random.default_rng(3).random(400) < 0.4).astype(float)
    one, three = (mean_interval(v, np.arange(400) // 2) for v in (values, np.stack([values] * 3)))
    assert three.value == one.value and three.n == one.n == 400
    assert three.low == pytest.approx(one.low, abs=0.01) and three.high == pytest.approx(one.high, abs=0.01)
    same = mean_interval(np.ones((3, 4)), np.arange(4))
    assert (same.low, same.high) == (1.0, 1.0)


def test_unpaired_runs_are_refused() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        paired_difference(np.ones((3, 4)), np.ones((1, 4)), np.arange(4))


def test_wrong_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="groups"):
        mean_interval([[1.0, 0.0]], [0, 1, 2])
    with pytest.raises(ValueError, match="groups"):
        mean_interval([1.0], [0, 1])
    with pytest.raises(ValueError, match="at least one"):
        mean_interval([], [])


def test_a_ratio_of_means_covers_the_true_one_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(2)
    covered = 0
    for trial in range(200):
        hard = generator.random(200)
        first = [hard + 0.1 * generator.normal() < 0.4 for _ in range(3)]
        second = [hard + 0.1 * generator.normal() < 0.5 for _ in range(3)]
        estimate = paired_ratio(first, second, np.arange(200), resamples=300, seed=trial)
        covered += estimate.low <= 0.8 <= estimate.high
    assert covered / 200 >= 0.93


def test_a_ratio_to_ones_is_the_mean() -> None:
    values, groups = np.random.default_rng(3).random((3, 60)), np.arange(60) // 3
    assert paired_ratio(values, np.ones_like(values), groups) == mean_interval(values, groups)
    with pytest.raises(ValueError, match="all 0 in a run"):
        paired_ratio(values, np.zeros_like(values), groups)


def test_the_mean_of_runs_is_near_what_their_items_give_and_not_narrower() -> None:
    generator = np.random.default_rng(4)
    values = (generator.random(400) < generator.random((3, 1)) * 0.2 + 0.4).astype(float)
    groups = np.arange(400)
    together, alone = mean_interval(values, groups), mean_of_runs([mean_interval(run, groups) for run in values])
    assert alone.value == pytest.approx(together.value)
    assert 0.99 < (alone.high - alone.low) / (together.high - together.low) < 1.5
    assert mean_of_runs([together]) == together
