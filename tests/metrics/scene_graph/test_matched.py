"""Class, attribute and mask figures by hand."""

import pytest
from small_graphs import picture

from usg.graph import SceneGraph
from usg.metrics.scene_graph.presets import preset
from usg.metrics.scene_graph.scene import scene_of
from usg.metrics.scene_graph.scores import score_scenes

GOLD = {"c": ("cup", (0, 0, 10, 10)), "b": ("ball", (20, 20, 40, 40)), "h": ("hat", (50, 50, 60, 60))}


def values(said: SceneGraph, gold: SceneGraph) -> dict[str, float]:
    return score_scenes([scene_of(said, "image")], [scene_of(gold, "image")], preset("usg")).values()


def test_by_hand() -> None:
    gold = picture(
        GOLD,
        attributes=[("c", "colour", "red"), ("c", "size", "small"), ("b", "colour", "blue"), ("h", "colour", "red")],
        masks=True,
    )
    said = picture(
        {
            "x": ("cup", (0, 0, 10, 8), 0.9),  # the cup, 0.8
            "y": ("bowl", (0, 0, 10, 10), 0.8),  # fits the cup better, but the first has taken it
            "z": ("bowl", (20, 20, 40, 40), 0.7),  # the ball, of another class
            "u": ("hat", (50, 50, 60, 60), 0.2),  # the hat, too unsure
        },
        attributes=[("x", "colour", "blue", 0.4), ("x", "colour", "Red", 0.6), ("u", "colour", "red")],
        masks=True,
    )
    found = values(said, gold)
    assert found["object_recall"] == pytest.approx(2 / 3)
    assert found["object_precision"] == pytest.approx(2 / 3)
    assert found["class_accuracy"] == pytest.approx(1 / 2)
    # The cup's best colour is red; the ball has none predicted, the hat is not matched.
    assert found["colour_accuracy"] == pytest.approx(1 / 2)
    assert found["size_accuracy"] == 0
    assert found["mask_iou"] == pytest.approx((0.8 + 1) / 2)


def test_a_missing_mask_is_no_overlap() -> None:
    assert values(picture(GOLD), picture(GOLD, masks=True))["mask_iou"] == 0
    assert "mask_iou" not in values(picture(GOLD, masks=True), picture(GOLD))
