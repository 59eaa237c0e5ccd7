"""SeTok: regions of plain pictures are found again, with and without a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from usg.graph.rle import decode_mask
from usg.parsers.image.detectors.density_peaks import Clusters
from usg.parsers.image.detectors.patches import PatchModel, colour_patches
from usg.parsers.image.detectors.setok import LABEL, SeTok, connected_parts, patch_distances


def test_two_things_and_their_background_are_three_regions() -> None:
    image = Image.new("RGB", (240, 120), "white")
    image.paste("red", (20, 20, 80, 80))
    image.paste("red", (160, 40, 220, 100))
    (found,) = SeTok().detect([image], 0.5)
    assert sorted(found.boxes.tolist()) == [[0, 0, 240, 120], [20, 20, 80, 80], [160, 40, 220, 100]]
    assert set(found.labels) == {LABEL} and (found.scores >= 0.5).all() and (found.scores <= 1).all()
    assert found.masks is not None
    covered = np.sum([decode_mask(mask) for mask in found.masks], axis=0)
    assert (covered == 1).all()  # every pixel once


def test_a_picture_of_one_colour_has_no_regions() -> None:
    assert [
        len(found) for found in SeTok().detect([Image.new("RGB", (50, 30), "red"), Image.new("RGB", (1, 1))], 0.5)
    ] == [0, 0]


def test_a_higher_threshold_gives_no_more_regions(shared_data: Path) -> None:
    image = Image.open(shared_data / "vision" / "skimage" / "coffee.png").convert("RGB")
    numbers = [len(SeTok().detect([image], threshold)[0]) for threshold in (0.4, 0.6, 0.9, 1.5)]
    assert numbers == sorted(numbers, reverse=True) and numbers[0] > numbers[-1]


def test_long_and_tiny_pictures_are_read() -> None:
    for size in ((500, 3), (3, 500), (2, 2), (1, 9)):
        image = Image.effect_noise(size, 90).convert("RGB")
        (found,) = SeTok().detect([image], 0.5)
        assert (found.boxes[:, 2] <= size[0]).all() and (found.boxes[:, 3] <= size[1]).all()


@pytest.mark.parametrize("kind", ["vit", "clip", "siglip", "convnext"])
def test_features_come_from_any_vision_model(kind: str, models: Callable[[str], Path], picture: Image.Image) -> None:
    features = PatchModel(models(kind))(picture)
    assert features.shape[:2] == ((2, 2) if kind == "convnext" else (4, 4))
    (found,) = SeTok(models(kind), least_patches=1).detect([picture], 0.05)
    assert len(found) >= 1


def test_patches_of_a_model_lie_where_they_lie_in_the_picture(models: Callable[[str], Path]) -> None:
    """Nothing is cropped: a change in the last column of a wide picture moves the last column of patches most."""
    model = PatchModel(models("vit"))
    plain = Image.new("RGB", (200, 50), "white")
    changed = plain.copy()
    changed.paste("black", (150, 0, 200, 50))
    moved = np.abs(model(changed) - model(plain)).sum(-1)
    assert (moved[:, 3] > 5 * moved[:, :3].max(1)).all()


def test_colour_and_contrast_of_a_patch() -> None:
    image = Image.fromarray(np.array([[0, 255] * 8, [255, 0] * 8] * 8, np.uint8)).convert("RGB")
    mean, spread = np.split(colour_patches(image, 2, 2)[1, 0], 2)
    assert mean == pytest.approx(0.5) and spread == pytest.approx(0.5)


def test_distances_are_those_of_the_formula() -> None:
    features = np.random.default_rng(0).standard_normal((3, 4, 5)) * 7 + 100
    flat = features.reshape(12, 5)
    flat = (flat - flat.mean(0)) / np.sqrt(np.square(flat - flat.mean(0)).mean())
    place = np.array([(row / 3, column / 4) for row in range(3) for column in range(4)])
    squared = [
        [((flat[i] - flat[j]) ** 2).sum() / 5 + 0.3 * ((place[i] - place[j]) ** 2).sum() for j in range(12)]
        for i in range(12)
    ]
    assert np.allclose(patch_distances(features, 0.3, 1e-6), np.sqrt(squared))


def test_parts_that_touch_at_a_corner_are_two() -> None:
    members = np.array([0, 1, 1, 0])
    clusters = Clusters(np.array([0, 1]), np.array([0.9, 0.8]), members)
    parts = connected_parts(clusters, (2, 2))
    assert sorted((part.sum(), peak) for part, peak in parts) == [(1, 0.8), (1, 0.8), (1, 0.9), (1, 0.9)]


def test_what_does_not_fit_is_told(models: Callable[[str], Path]) -> None:
    with pytest.raises(ValueError, match="patches is 0"):
        SeTok(patches=0)
    with pytest.raises(ValueError, match="not finite; the model failed"):
        patch_distances(np.full((2, 2, 3), np.nan), 0.1, 1e-6)
    with pytest.raises(FileNotFoundError, match="no folder no/such/folder with a vision model"):
        SeTok("no/such/folder")
