"""Overlaps of boxes and masks: by hand, beside pixel sets, and beside pycocotools where that is installed."""

import numpy as np
import pytest
from small_graphs import picture, rectangle

from usg.graph import Box, SceneGraph
from usg.graph.rle import encode_mask
from usg.metrics.scene_graph.presets import preset
from usg.metrics.scene_graph.regions import box_iou, boxes_of, mask_iou, masks_of, overlaps
from usg.metrics.scene_graph.scene import Scene, Thing, scene_of


def rectangles(seed: int, n: int) -> dict[str, tuple[str, tuple[float, float, float, float]]]:
    corners = np.random.default_rng(seed).integers(0, 60, (n, 2))
    sides = np.random.default_rng(seed + 1).integers(1, 20, (n, 2))
    return {
        f"o{i}": ("cat", (float(x), float(y), float(x + w), float(y + h)))
        for i, ((x, y), (w, h)) in enumerate(zip(corners, sides, strict=True))
    }


@pytest.mark.parametrize("seed", range(3))
def test_boxes_overlap_as_their_pixels_do(seed: int) -> None:
    graphs = [picture(rectangles(seed + i, 6), masks=True) for i in (0, 10)]
    one, two = (scene_of(graph, "image") for graph in graphs)
    boxes = overlaps(one, two, preset("usg"))
    assert boxes == pytest.approx(overlaps(one, two, preset("psg")))
    assert overlaps(two, one, preset("usg")) == pytest.approx(boxes.T)


def test_a_mask_alone_has_a_box() -> None:
    mask = rectangle((3, 4, 10, 8))
    assert boxes_of([[mask], [Box(0, 0, 1, 1), mask], []])[:2].tolist() == [[3, 4, 10, 8], [0, 0, 1, 1]]


def test_what_has_no_region_overlaps_nothing() -> None:
    absent = np.full((1, 4), np.nan)
    assert box_iou(absent, np.array([[0.0, 0, 1, 1]])).tolist() == [[0.0]]
    assert box_iou(np.zeros((1, 4)), np.zeros((1, 4))).tolist() == [[0.0]]
    assert mask_iou(np.zeros((2, 0), np.float32), np.ones((1, 9), np.float32)).tolist() == [[0.0], [0.0]]


def test_masks_sampled_to_one_size() -> None:
    # A 40 x 40 square of 160 x 160 pixels is 20 x 20 of 80 x 80.
    pixels = np.zeros((160, 160), bool)
    pixels[:40, :40] = True
    scene = Scene("s", (Thing("a", "cat", (encode_mask(pixels),)),))
    assert masks_of(scene, (80, 80)).sum() == 20 * 20
    assert masks_of(scene, (80, 80)).shape == (1, 6400)


def test_masks_of_several_sizes_are_refused() -> None:
    small = encode_mask(np.ones((4, 4), bool))
    with pytest.raises(ValueError, match="the masks of s are of 2 sizes"):
        masks_of(Scene("s", (Thing("a", "cat", (small,)), Thing("b", "cat", (rectangle((0, 0, 4, 4)),)))))
    with pytest.raises(ValueError, match="masks of 6400 and 16 pixels"):
        mask_iou(np.ones((1, 6400), np.float32), np.ones((1, 16), np.float32))


def test_agrees_with_pycocotools() -> None:
    oracle = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")
    generator = np.random.default_rng(0)
    pixels = generator.random((2, 5, 30, 40)) < generator.random((2, 5, 1, 1))
    sides = [
        Scene("s", tuple(Thing(str(i), "cat", (encode_mask(each),)) for i, each in enumerate(side))) for side in pixels
    ]
    coded = [[oracle.encode(np.asfortranarray(each.astype(np.uint8))) for each in side] for side in pixels]
    assert encode_mask(pixels[0, 0]).counts == coded[0][0]["counts"].decode()
    found = mask_iou(masks_of(sides[0]), masks_of(sides[1]))
    assert found == pytest.approx(oracle.iou(coded[0], coded[1], [0] * 5))


def test_an_empty_graph_is_a_scene_without_things() -> None:
    assert scene_of(SceneGraph(), "image").things == ()
