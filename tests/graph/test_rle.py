"""usg.graph.rle: COCO's compressed run lengths."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from usg.graph.region import Mask
from usg.graph.rle import decode_mask, encode_mask, mask_box


@given(hnp.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_every_mask_comes_back(mask):
    region = encode_mask(mask)
    assert (region.height, region.width) == mask.shape
    assert np.array_equal(decode_mask(region), mask)


@given(hnp.arrays(bool, st.tuples(st.integers(1, 30), st.integers(1, 30))))
def test_the_box_is_the_smallest(mask):
    box = mask_box(mask)
    if not mask.any():
        assert box is None
        return
    x0, y0, x1, y1 = map(int, box.xyxy)
    assert mask.sum() == mask[y0:y1, x0:x1].sum()
    assert mask[y0, :].any()
    assert mask[y1 - 1, :].any()
    assert mask[:, x0].any()
    assert mask[:, x1 - 1].any()


def test_counts_are_those_of_pycocotools():
    # pycocotools.mask.encode on a 20 x 30 array with rows 5 to 11 of columns 3 to 19 set, and the corner (19, 29).
    mask = np.zeros((20, 30), bool)
    mask[5:12, 3:20] = True
    mask[19, 29] = True
    runs = [65, *([7, 13] * 17)]
    runs[-1] += 600 - 1 - sum(runs)
    assert decode_mask(Mask(20, 30, encode_mask(mask).counts)).sum() == 17 * 7 + 1
    # By hand: 65 = 1 + 2 * 32 -> "Q2"; 7 -> "7"; 13 -> "="; then differences of 0 -> "0".
    assert encode_mask(mask).counts.startswith("Q27=" + "0" * 31)


def test_a_long_run_is_written_with_a_negative_difference():
    mask = np.zeros((64, 64), bool)
    mask[:, 1:40] = True
    mask[:2, 41:43] = True
    # Runs 64, 2496, 64, 2, 62, 2, ...: by hand "P2", "P^2", "P2", then -2494 -> "RbM", -2 -> "N", 0 -> "0".
    assert encode_mask(mask).counts.startswith("P2P^2P2RbMN0")
    assert np.array_equal(decode_mask(encode_mask(mask)), mask)


@pytest.mark.parametrize("counts", ["", "2", "222", "Q", "2\x7f"])
def test_broken_counts_are_told(counts):
    with pytest.raises(ValueError, match="mask counts"):
        decode_mask(Mask(2, 2, counts))


def test_what_is_no_mask_is_told():
    with pytest.raises(ValueError, match="expected"):
        encode_mask(np.zeros((2, 2)))
