"""Overlaps and suppression, against a slow form of themselves."""

from __future__ import annotations

import numpy as np
import pytest

from usg.parsers.image.detectors.boxes import from_centres, overlaps, suppress


@pytest.fixture
def boxes() -> np.ndarray:
    return from_centres(np.random.default_rng(0).uniform(10, 30, (60, 4)))


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    common = width * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return float(common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common))


def test_overlaps_are_intersection_over_union(boxes: np.ndarray) -> None:
    table = overlaps(boxes[:5], boxes)
    assert np.allclose(table, [[_overlap(a, b) for b in boxes] for a in boxes[:5]])
    assert np.allclose(np.diag(overlaps(boxes, boxes)), 1)
    assert overlaps(np.zeros((1, 4)), np.zeros((1, 4))) == 0  # no area, no NaN


def test_of_two_that_overlap_the_better_stays(boxes: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    scores, labels = rng.random(60), rng.integers(0, 3, 60)
    kept = suppress(boxes, scores, labels, 0.3).tolist()
    assert scores[kept].tolist() == sorted(scores[kept], reverse=True)
    for i in range(60):
        better = [j for j in kept if labels[j] == labels[i] and scores[j] > scores[i]]
        assert (i in kept) == all(_overlap(boxes[i], boxes[j]) <= 0.3 for j in better)


def test_nothing_stays_nothing() -> None:
    assert suppress(np.zeros((0, 4)), np.zeros(0), [], 0.5).tolist() == []
