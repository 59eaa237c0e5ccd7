"""Masks as arrays and back, against COCO's own run lengths."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from usg.graph import Box, Mask
from usg.graph.convert_mask import mask_box, mask_from_array, mask_to_array

shapes = st.tuples(st.integers(1, 12), st.integers(1, 12))


@given(arrays(bool, shapes))
def test_a_round_trip_changes_nothing(array: np.ndarray) -> None:
    mask = mask_from_array(array)
    assert (mask.height, mask.width) == array.shape
    assert np.array_equal(mask_to_array(mask), array)


@given(arrays(bool, shapes))
def test_the_box_holds_all_and_no_smaller_one_does(array: np.ndarray) -> None:
    box = mask_box(array)
    if box is None:
        assert not array.any()
        return
    x0, y0, x1, y1 = map(int, box.xyxy)
    inside = array[y0:y1, x0:x1]
    assert inside.sum() == array.sum()
    assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()


def test_runs_go_down_the_columns() -> None:
    # Two pixels outside, then one inside, in columns: 2 1 1.
    assert mask_from_array(np.array([[0, 1], [0, 0]])) == Mask(2, 2, "211")
    assert mask_box(np.array([[0, 1], [0, 0]], dtype=bool)) == Box(1, 0, 2, 1)


def test_masks_of_coco_are_read(shared_data: Path) -> None:
    file = shared_data / "vision" / "coco" / "results" / "instances_val2014_fakesegm100_results.json"
    for item in json.loads(file.read_text())[:20]:
        mask = Mask(*item["segmentation"]["size"], item["segmentation"]["counts"])
        array = mask_to_array(mask)
        assert array.any()
        assert mask_from_array(array) == mask


def test_what_is_no_mask_is_told() -> None:
    with pytest.raises(ValueError, match=r"a mask of shape \(2, 2, 3\), expected \(height, width\)"):
        mask_from_array(np.zeros((2, 2, 3)))
    with pytest.raises(ValueError, match="are no run lengths"):
        mask_to_array(Mask(4, 4, "99"))
    with pytest.raises(ValueError, match="are no run lengths"):
        mask_to_array(Mask(4, 4, "é"))
