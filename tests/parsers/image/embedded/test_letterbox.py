import numpy as np
import pytest
from PIL import Image

from usg.graph.rle import decode_mask
from usg.parsers.image.embedded.letterbox import letterbox, letterbox_scale, paste_mask


def test_a_square_of_the_right_size_is_left_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    square, scale = letterbox(Image.fromarray(pixels), 64)
    assert scale == (1.0, 1.0)
    assert (square == pixels).all()


@pytest.mark.parametrize("size", [(1, 1), (300, 20), (20, 300), (64, 63)])
def test_any_size_fits(size: tuple[int, int]) -> None:
    square, scale = letterbox(Image.new("RGB", size, "red"), 64)
    assert square.shape == (64, 64, 3)
    assert scale == letterbox_scale(size, 64)
    assert max(size) / scale[size.index(max(size))] == 64
    assert square[0, 0].tolist() == [255, 0, 0]


def test_a_mask_lies_where_its_box_is() -> None:
    grid = np.ones((28, 28), np.float32)
    mask = paste_mask(grid, np.array([10.0, 5.0, 30.0, 15.0]), 0.0, (40, 20))
    pixels = decode_mask(mask)
    assert pixels.sum() == 200
    assert pixels[5:15, 10:30].all()


def test_half_a_mask() -> None:
    grid = np.full((28, 28), -1.0, np.float32)
    grid[:, 14:] = 1.0
    mask = paste_mask(grid, np.array([0.0, 0.0, 40.0, 20.0]), 0.0, (40, 20))
    assert decode_mask(mask)[:, 20:].all()
    assert decode_mask(mask).sum() == 400


@pytest.mark.parametrize("box", [[50.0, 5.0, 60.0, 9.0], [-9.0, -9.0, -2.0, -2.0]])
def test_the_mask_of_what_is_outside_is_empty(box: list[float]) -> None:
    assert not decode_mask(paste_mask(np.ones((28, 28), np.float32), np.array(box), 0.0, (40, 20))).any()


def test_of_a_thing_without_pixels_the_mask_is_empty() -> None:
    grid, box = np.full((28, 28), -1.0, np.float32), np.array([0.0, 0.0, 9.0, 9.0])
    assert not decode_mask(paste_mask(grid, box, 0.0, (40, 20))).any()


def test_both_axes_are_scaled_by_what_they_were_resized_by() -> None:
    # 333 rows become 43: what ends with the last row of the square's picture ends with that of the picture.
    square, (x, y) = letterbox(Image.new("RGB", (1000, 333), "red"), 128)
    rows = int((square[:, 0] == [255, 0, 0]).all(1).sum())
    assert (128 * x, rows * y) == (1000, 333)
