"""Polygons and run lengths to masks: by hand, beside every pixel's centre, and beside pycocotools."""

import numpy as np
import pytest

from usg.formats.polygons import fill_polygon, mask_of
from usg.graph.rle import decode_mask, encode_mask


def inside(x: float, y: float, corners: np.ndarray) -> bool:
    """The even-odd rule, one ray to the left."""
    crossed = False
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if (y0 <= y) != (y1 <= y) and x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x:
            crossed = not crossed
    return crossed


@pytest.mark.parametrize("seed", range(10))
def test_a_pixel_is_inside_when_its_centre_is(seed: int) -> None:
    generator = np.random.default_rng(seed)
    corners = generator.uniform(-4, 16, (int(generator.integers(3, 8)), 2))
    expected = [[inside(x + 0.5, y + 0.5, corners) for x in range(14)] for y in range(12)]
    assert fill_polygon(corners, 12, 14).tolist() == expected


def test_several_polygons_are_one_mask_and_none_is_no_mask() -> None:
    squares = [[0, 0, 2, 0, 2, 2, 0, 2], [1, 1, 4, 1, 4, 3, 1, 3]]
    mask = mask_of(squares, 4, 5)
    assert mask is not None
    assert decode_mask(mask).astype(int).tolist() == [[1, 1, 0, 0, 0], [1, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0] * 5]
    assert mask_of([], 4, 5) is None
    assert mask_of([[1, 1, 2, 2]], 4, 5) is None
    assert mask_of({"size": [4, 5], "counts": [20]}, 4, 5) is None


@pytest.mark.parametrize(
    ("segmentation", "message"),
    [
        ({"size": [5, 4], "counts": [20]}, r"are of the size \[5, 4\], the picture of \[4, 5\]"),
        ({"size": [4, 5], "counts": [1, 2]}, "are of 3 pixels, the picture has 20"),
        ({"size": [4, 5], "counts": [-1, 21]}, "neither whole numbers nor text"),
        ([[1, 2, 3]], "is not pairs of numbers"),
        ([[1, 2, 3, 4, 5, float("nan")]], "not finite"),
        ("polygons", "expected polygons or run lengths"),
    ],
)
def test_what_is_no_segmentation(segmentation: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        mask_of(segmentation, 4, 5)


# pycocotools makes arrays in a way that NumPy 2 warns of.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_agrees_with_pycocotools() -> None:
    oracle = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")
    generator = np.random.default_rng(0)
    for _ in range(20):
        angles = np.sort(generator.uniform(0, 2 * np.pi, 7))
        radii = generator.uniform(20, 45, 7)
        corners = np.stack([50 + radii * np.cos(angles), 50 + radii * np.sin(angles)], axis=1)
        ours = mask_of([corners.ravel().tolist()], 100, 100)
        theirs = oracle.decode(oracle.merge(oracle.frPyObjects([corners.ravel().tolist()], 100, 100))).astype(bool)
        assert ours is not None
        # They differ on the edge alone.
        differing = decode_mask(ours) ^ theirs
        assert differing.sum() < 0.05 * theirs.sum()
        counts = oracle.encode(np.asfortranarray(theirs.astype(np.uint8)))["counts"].decode()
        # No polygon reaches the last pixel, so the runs end where the flags would change once more.
        changes = np.flatnonzero(np.diff(theirs.ravel(order="F"), prepend=False))
        runs = np.diff(changes, prepend=0, append=theirs.size).tolist()
        for written in (counts, runs):
            assert mask_of({"size": [100, 100], "counts": written}, 100, 100) == encode_mask(theirs)
