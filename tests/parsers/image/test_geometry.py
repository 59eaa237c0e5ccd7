"""Degrees of spatial predicates: against points drawn at random, and their symmetries."""

from __future__ import annotations

import numpy as np
import pytest

from usg.parsers.image import Detections
from usg.parsers.image.geometry import PREDICATES, GeometricRelations, degrees


@pytest.fixture
def boxes() -> np.ndarray:
    corners = np.random.default_rng(0).uniform(0, 100, (12, 2, 2))
    return np.concatenate([corners.min(1), corners.max(1)], axis=1)


def test_degrees_are_what_random_points_say(boxes: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    points = boxes[:, None, :2] + rng.random((12, 20_000, 2)) * (boxes[:, None, 2:] - boxes[:, None, :2])
    table = degrees(boxes)
    i, j = 3, 7
    for axis, predicate in ((0, "left of"), (1, "above")):
        sooner = (points[i, :, axis] < points[j, :, axis]).mean() - (points[i, :, axis] > points[j, :, axis]).mean()
        assert table[PREDICATES.index(predicate), i, j] == pytest.approx(max(sooner, 0), abs=0.02)
    within = ((points[i] >= boxes[j, :2]) & (points[i] < boxes[j, 2:])).all(1).mean()
    assert table[PREDICATES.index("inside"), i, j] == pytest.approx(within, abs=0.02)


def test_opposites_turn_with_the_pair(boxes: np.ndarray) -> None:
    left, right, above, below, inside, around = degrees(boxes)
    assert np.allclose(left, right.T) and np.allclose(above, below.T) and np.allclose(inside, around.T)
    assert not ((left > 0) & (right > 0)).any()
    assert (degrees(boxes) >= 0).all() and (degrees(boxes) <= 1).all()


def test_neither_shift_nor_scale_matters(boxes: np.ndarray) -> None:
    assert np.allclose(degrees(boxes * 3 + 20), degrees(boxes))


def test_boxes_without_area_have_finite_degrees() -> None:
    assert np.isfinite(degrees(np.array([[5.0, 5, 5, 5], [0, 0, 10, 10]]))).all()


def test_several_predicates_hold_between_one_pair() -> None:
    found = Detections([[0, 0, 2, 2], [5, 5, 7, 7]], [1, 1], ["cup", "plate"])
    said = {(r.subject, r.predicate) for r in GeometricRelations().relations([None], [found])[0]}
    assert said == {(0, "left of"), (0, "above"), (1, "right of"), (1, "below")}


def test_least_is_more_than_none() -> None:
    with pytest.raises(ValueError, match=r"least is 0"):
        GeometricRelations(least=0)
