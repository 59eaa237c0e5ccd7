"""Which detection is which thing: motion, occlusion, low scores, appearance, cuts, and the baseline beside it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

from usg.parsers.image import Detections
from usg.parsers.video.tracking import MotionTracker, NearestTracker, giou, iou


def box(x: float, y: float = 0.0, side: float = 10.0) -> list[float]:
    return [x, y, x + side, y + side]


def found(
    boxes: list[list[float]], labels: str, scores: list[float] | None = None, features: ArrayLike | None = None
) -> Detections:
    return Detections(boxes, scores or [0.9] * len(boxes), labels.split(), features=features)


def follow(tracker: MotionTracker | NearestTracker, frames: list[Detections], rate: float = 8.0) -> list[list[int]]:
    sure = [int((frame.scores >= 0.5).sum()) for frame in frames]
    return [tracker.update(frame, n, i / rate) for i, (frame, n) in enumerate(zip(frames, sure, strict=True))]


NOTHING = Detections(np.zeros((0, 4)), [], [])


def test_overlaps() -> None:
    one, two = np.array([box(0)]), np.array([box(0), box(5), box(20)])
    assert iou(one, two) == pytest.approx(np.array([[1, 1 / 3, 0]]))
    assert giou(one, two) == pytest.approx(np.array([[1, 1 / 3, -1 / 3]]))


def test_two_that_pass_each_other_keep_their_numbers() -> None:
    frames = [found([box(12 * t), box(96 - 12 * t, 3)], "dog dog") for t in range(9)]
    assert follow(MotionTracker(), frames) == [[0, 1]] * 9


def test_what_is_faster_than_its_width_is_followed() -> None:
    frames = [found([box(0)], "ball")] * 2 + [found([box(22 * t)], "ball") for t in range(1, 6)]
    assert follow(MotionTracker(), frames) == [[0]] * 7
    assert len({number for (number,) in follow(NearestTracker(), frames)}) > 1


def test_a_short_occlusion_is_bridged_at_constant_velocity_and_a_long_one_is_not() -> None:
    before = [found([box(6 * t)], "cat") for t in range(5)]
    assert follow(MotionTracker(), [*before, *[NOTHING] * 4, found([box(54)], "cat")])[-1] == [0]
    assert follow(MotionTracker(), [*before, *[NOTHING] * 12, found([box(102)], "cat")])[-1] == [1]
    assert follow(NearestTracker(), [*before, NOTHING, found([box(36)], "cat")])[-1] == [1]


def test_low_scores_go_on_with_a_track_and_begin_none() -> None:
    weak = found([box(1)], "cat", [0.2])
    numbers = follow(
        MotionTracker(), [found([box(0)], "cat"), weak, weak, found([box(3)], "cat"), found([box(80)], "dog", [0.2])]
    )
    assert numbers == [[0], [0], [0], [0], [-1]]


def test_labels_decide_where_boxes_do_not() -> None:
    frames = [found([box(0), box(14)], "cup book"), found([box(7, 3), box(7, -3)], "book cup")]
    assert follow(MotionTracker(), frames)[-1] == [1, 0]


def test_one_wrong_label_breaks_no_track() -> None:
    frames = [found([box(t)], label) for t, label in enumerate(["cat", "cat", "dog", "cat"])]
    assert follow(MotionTracker(), frames) == [[0]] * 4


def test_features_decide_where_labels_and_boxes_do_not() -> None:
    red, blue = [1.0, 0.0], [0.0, 1.0]
    frames = [
        found([box(0), box(14)], "cup cup", features=[red, blue]),
        found([box(7, 3), box(7, -3)], "cup cup", features=[blue, red]),
    ]
    assert follow(MotionTracker(), frames)[-1] == [1, 0]
    assert follow(MotionTracker(), [frames[0], found([box(8, 3), box(6, -3)], "cup cup")])[-1] == [1, 0]


def test_nothing_is_followed_over_a_cut() -> None:
    for tracker in (MotionTracker(), NearestTracker()):
        assert tracker.update(found([box(0)], "cat"), 1, 0.0) == [0]
        tracker.cut()
        assert tracker.update(found([box(0)], "cat"), 1, 0.1) == [1]


def test_the_order_of_detections_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    frames = []
    for t in range(8):
        frames.append(found([box(4 * t), box(60 - 3 * t, 30), box(30, 4 * t + 50)], "a b c"))
    plain = follow(MotionTracker(), frames)
    mixed, orders = MotionTracker(), [rng.permutation(3) for _ in frames]
    for t, (frame, order) in enumerate(zip(frames, orders, strict=True)):
        numbers = mixed.update(frame.select(order), 3, t / 8)
        if t == 0:
            name = {number: plain[0][int(i)] for i, number in zip(order, numbers, strict=True)}
        assert [name[number] for number in numbers] == [plain[t][int(i)] for i in order]


def test_patience_is_a_number_of_seconds() -> None:
    with pytest.raises(ValueError, match="patience is -1 seconds"):
        MotionTracker(patience=-1)
