"""usg.world.pixels.raster beside a rasteriser of its own: exact coverage along rows, sixteen rows a pixel."""

import numpy as np
import pytest

from usg.world.pixels.poses import SPRITES
from usg.world.pixels.raster import coverage, sprite_points
from usg.world.pixels.shapes import Part, band, ellipse, rect, to_pixels

ROWS = 16
EVERY = [
    (label, pose, variant)
    for label, poses in SPRITES.items()
    for pose, sprites in poses.items()
    for variant in range(len(sprites))
]


def exact(points, width, height):
    """(height, width) coverage of a polygon by the even-odd rule."""
    found = np.zeros((height * ROWS, width))
    edges = list(zip(points, np.roll(points, -1, axis=0), strict=True))
    left = np.arange(width)
    for row in range(height * ROWS):
        y = (row + 0.5) / ROWS
        cuts = sorted(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]) for a, b in edges if (a[1] <= y) != (b[1] <= y))
        for start, end in zip(cuts[::2], cuts[1::2], strict=True):
            found[row] += np.clip(np.minimum(end, left + 1) - np.maximum(start, left), 0, 1)
    return found.reshape(height, ROWS, width).mean(1)


@pytest.mark.parametrize(
    "points", [ellipse(0.5, 0.5, 0.5, 0.5), rect(0.1, 0.2, 0.83, 0.9), band(0.5, 0.5, 0.5, 0.5, 0.3, 0, 360)]
)
def test_coverage_is_that_of_an_exact_rasteriser(points):
    corners = to_pixels(np.array(points), 20.3, 38.6, 31.0, 33.5, False, 17.0)
    found = coverage([Part("main", points)], [corners], 0, 0, 40, 40)["main"]
    wanted = exact(corners, 40, 40)
    assert abs(float(found.mean() - wanted.mean())) < 0.012
    # Pillow also paints the samples on an edge: an eighth of a pixel along it.
    assert float(np.abs(found - wanted).mean()) < 0.015


def test_a_later_part_hides_an_earlier_one_without_a_seam():
    parts = [Part("main", rect(0, 0, 1, 1)), Part("dark", rect(0.5, 0, 1, 1))]
    corners = [to_pixels(np.array(part.points), 10.0, 20.0, 20.0, 20.0, False, 0.0) for part in parts]
    found = coverage(parts, corners, 0, 0, 20, 20)
    assert float((found["main"] + found["dark"])[1:-1, 1:-1].min()) == 1.0
    assert float(found["main"][:, 11:].max()) == 0.0


def test_mirrored_and_turned_points():
    points = np.array([(0.0, 0.0), (1.0, 1.0)])
    assert to_pixels(points, 10, 20, 4, 6, False, 0).tolist() == [[8, 20], [12, 14]]
    assert to_pixels(points, 10, 20, 4, 6, True, 0).tolist() == [[12, 20], [8, 14]]
    assert np.allclose(to_pixels(points, 10, 20, 4, 4, False, 90), [[12, 20], [8, 16]])


@pytest.mark.parametrize(("label", "pose", "variant"), EVERY)
def test_every_sprite_fills_its_unit_square(label, pose, variant):
    sprite = SPRITES[label][pose][variant]
    points = np.concatenate(sprite_points(sprite, 0.5, 1.0, 1.0, 1.0, False, 0.0))
    assert np.allclose(points.min(0), 0.0, atol=0.07), points.min(0)
    assert np.allclose(points.max(0), 1.0, atol=0.07), points.max(0)
    assert any(part.fill == "main" for part in sprite.parts)
    assert 0 <= sprite.front < len(sprite.parts)
