"""Compressed run lengths: strings that pycocotools wrote, round trips, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usg.graph import Box, Mask
from usg.graph.rle import decode_mask, encode_mask, mask_box


def test_the_strings_are_those_of_pycocotools() -> None:
    square = np.zeros((4, 5), bool)
    square[1:3, 1:3] = True
    # pycocotools 2.0.11: mask.encode of the same array in Fortran order.
    assert encode_mask(square).counts == "52207"
    assert mask_box(decode_mask(Mask(4, 5, "52207"))) == Box(1, 1, 3, 3)


@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.02, 0.5, 1.0]))
def test_round_trip(height: int, width: int, seed: int, share: float) -> None:
    pixels = np.random.default_rng(seed).random((height, width)) < share
    assert np.array_equal(decode_mask(encode_mask(pixels)), pixels)


def test_agrees_with_pycocotools() -> None:
    oracle = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")
    generator = np.random.default_rng(0)
    for _ in range(20):
        pixels = np.zeros((480, 640), np.uint8, order="F")
        y, x = generator.integers(0, 300, 2)
        pixels[y : y + 150, x : x + 333] = 1
        pixels[generator.integers(0, 480, 50), generator.integers(0, 640, 50)] ^= 1
        assert encode_mask(pixels.astype(bool)).counts == oracle.encode(pixels)["counts"].decode()


@pytest.mark.parametrize(
    ("counts", "reason"), [("5", "not runs of 20 pixels"), ("~", "hold '~'"), ("P", "not runs of 20 pixels")]
)
def test_broken_counts_are_refused(counts: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_mask(Mask(4, 5, counts))
    with pytest.raises(ValueError, match="shape"):
        encode_mask(np.array([True, False]))


def test_a_mask_without_foreground_has_no_box() -> None:
    assert mask_box(decode_mask(encode_mask(np.zeros((3, 3), bool)))) is None
