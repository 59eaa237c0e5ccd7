"""What a detector may say, and how what it may not is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from usg.graph import Mask
from usg.parsers.image import Detections, Detector
from usg.parsers.image.detector import nothing

BOX = [0.0, 0.0, 4.0, 2.0]
MASK = Mask(2, 2, "0120")


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (([[0, 0, np.nan, 2]], [0.5], ["dog"]), "box 0 is .*nan.* not finite"),
        (([[0, 0, np.inf, 2]], [0.5], ["dog"]), "not finite"),
        (([[4, 0, 0, 2]], [0.5], ["dog"]), "box 0 is .* inverted; expected x0 <= x1"),
        (([BOX], [1.5], ["dog"]), r"score 0 is 1.5, not in \[0, 1\]"),
        (([BOX], [np.nan], ["dog"]), "score 0 is nan"),
        (([BOX], [0.5], [""]), "label 0 is ''; a detector gives words"),
        (([BOX], [0.5], [3]), "label 0 is 3; a detector gives words"),
        (([BOX], [0.5], "d"), "labels are the string 'd'"),
        (([BOX, BOX], [0.5], ["dog"]), r"boxes of shape \(2, 4\), expected \(1, 4\)"),
        (([BOX], [0.5, 0.6], ["dog"]), r"scores of shape \(2,\), expected \(1,\)"),
        (([BOX], [0.5], ["dog"], [MASK, MASK]), "2 masks for 1 boxes"),
        (([BOX], [0.5], ["dog"], [np.ones((2, 2))]), "not all of them Mask"),
        (([BOX], [0.5], ["dog"], None, np.ones((2, 3))), r"features of shape \(2, 3\), expected \(1, d\)"),
    ],
)
def test_what_a_detector_may_not_say(parts: tuple[Any, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Detections(*parts)


def test_some_of_them_in_another_order() -> None:
    found = Detections([BOX, [1, 1, 2, 2]], [0.5, 0.9], ["dog", "cat"], [MASK, MASK], np.array([[1.0], [2.0]]))
    turned = found.select([1, 0])
    assert turned.labels == ("cat", "dog") and turned.scores.tolist() == [0.9, 0.5]
    assert turned.boxes[0].tolist() == [1, 1, 2, 2]
    assert turned.features is not None and turned.features.tolist() == [[2.0], [1.0]]
    assert len(found.select([])) == 0


def test_nothing_has_the_shapes_of_something() -> None:
    assert nothing().boxes.shape == (0, 4) and nothing().scores.shape == (0,)
    assert Detections([], [], []).boxes.shape == (0, 4)


def test_a_detector_is_what_has_its_two_parts() -> None:
    class Own:
        version = "own 1"

        def detect(self, images: Any, threshold: float) -> list[Detections]:
            return [nothing() for _ in images]

    assert isinstance(Own(), Detector)
    assert not isinstance(object(), Detector)
