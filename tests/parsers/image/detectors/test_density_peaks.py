"""Density peaks: the formula by hand, blobs that are found again, and ties."""

from __future__ import annotations

import numpy as np
import pytest

from usg.parsers.image.detectors.density_peaks import density_peaks


def _distances(points: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(points[:, None] - points[None]).sum(-1))


def test_the_formula_by_hand() -> None:
    # Points at 0, 1, 3 and k = 1: nearest distances 1, 1, 2, so densities e^-1, e^-1, e^-4. Number 0 counts as the
    # densest: its delta is the largest distance 3; that of 1 is 1, to 0; that of 2 is 2, to 1.
    found = density_peaks(_distances(np.array([[0.0], [1.0], [3.0]])), k=1, threshold=0.2)
    assert found.centres.tolist() == [0, 1]
    assert found.peaks == pytest.approx([3 * np.exp(-1), np.exp(-1)])
    assert found.members.tolist() == [0, 1, 1]
    assert 2 * np.exp(-4) < 0.2


def test_blobs_are_found_again() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[0, 0], [4, 0], [0, 4]])
    points = np.concatenate([centre + 0.2 * rng.standard_normal((40, 2)) for centre in centres])
    found = density_peaks(_distances(points), k=8, threshold=0.9)
    assert len(found.centres) == 3
    assert all(len(set(found.members[start : start + 40])) == 1 for start in (0, 40, 80))


def test_order_of_points_does_not_matter() -> None:
    points = np.random.default_rng(2).standard_normal((50, 3))
    order = np.random.default_rng(3).permutation(50)
    a = density_peaks(_distances(points), k=4, threshold=0.3)
    b = density_peaks(_distances(points[order]), k=4, threshold=0.3)
    assert sorted(order[b.centres]) == sorted(a.centres)
    assert (order[b.centres][b.members] == a.centres[a.members[order]]).all()


def test_points_that_are_all_alike_are_one_cluster() -> None:
    found = density_peaks(np.zeros((9, 9)), k=3, threshold=0.5)
    assert found.centres.tolist() == [0] and found.peaks.tolist() == [0.0]
    assert density_peaks(np.zeros((1, 1)), k=3, threshold=0.5).members.tolist() == [0]


def test_there_are_as_many_as_asked_for() -> None:
    points = np.random.default_rng(0).standard_normal((10, 2))
    assert len(density_peaks(_distances(points), k=3, threshold=99.0, least=4).centres) == 4
    assert len(density_peaks(_distances(points), k=50, threshold=0.0).centres) == 10


@pytest.mark.parametrize(
    ("distances", "k", "reason"),
    [
        (np.zeros((0, 0)), 1, r"shape \(0, 0\)"),
        (np.zeros((2, 3)), 1, r"shape \(2, 3\)"),
        (np.full((2, 2), np.nan), 1, "finite"),
        (np.zeros((2, 2)), 0, "k is 0"),
    ],
)
def test_what_cannot_be_clustered_is_told(distances: np.ndarray, k: int, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        density_peaks(distances, k=k, threshold=0.5)
