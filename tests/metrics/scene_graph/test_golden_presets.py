"""Each preset of pictures on the same four pictures; the numbers are worked out by hand in the comments."""

import pytest
from small_graphs import picture

from usg.graph import SceneGraph
from usg.metrics.scene_graph.presets import preset
from usg.metrics.scene_graph.scene import scene_of
from usg.metrics.scene_graph.scores import Scores, score_scenes

RIDER = {"m": ("man", (0, 0, 10, 10)), "h": ("horse", (20, 0, 30, 10)), "c": ("cap", (0, 12, 10, 22))}
CAT = {"c": ("cat", (0, 0, 10, 10)), "m": ("mat", (0, 8, 20, 20))}
# The dogs overlap by 9 x 10 of 11 x 10 pixels: IoU 90 / 110 = 0.82, so one prediction fits both.
DOGS = {"d": ("dog", (0, 0, 10, 10)), "e": ("dog", (1, 0, 11, 10)), "g": ("grass", (0, 0, 40, 40))}


def four(masks: bool) -> tuple[list[SceneGraph], list[SceneGraph]]:
    """Gold and predictions: a rider; a cat without predictions; a picture without gold; two dogs and one prediction."""
    gold = [
        picture(RIDER, [("m", "riding", "h"), ("m", "wearing", "c"), ("m", "near", "h")], masks=masks),
        picture(CAT, [("c", "on", "m")], masks=masks),
        picture(CAT, masks=masks),
        picture(DOGS, [("d", "on", "g"), ("e", "on", "g")], masks=masks),
    ]
    said = [
        picture(RIDER, [("m", "near", "h", 0.9), ("m", "riding", "h", 0.8), ("m", "wearing", "c", 0.7)], masks=masks),
        picture(CAT, masks=masks),
        picture(CAT, [("c", "on", "m", 0.9)], masks=masks),
        picture({"d": DOGS["d"], "g": DOGS["g"]}, [("d", "on", "g", 0.6)], masks=masks),
    ]
    return said, gold


def scored(name: str, recall_at: str, said: list[SceneGraph], gold: list[SceneGraph]) -> Scores:
    sides = [[scene_of(graph, "image", f"graph {i}") for i, graph in enumerate(side)] for side in (said, gold)]
    return score_scenes(*sides, preset(name).changed({"recall_at": recall_at}))


def test_vg150() -> None:
    scores = scored("vg150", "1,2,3", *four(masks=False))
    values = scores.values()
    # One predicate a pair: the rider's list is near, wearing. The cat has no prediction and is left out, the picture
    # without gold too. The one dog hits both.    R@1 = (1/3 + 2/2) / 2, R@2 = R@3 = (2/3 + 2/2) / 2
    assert values["recall_at_1"] == pytest.approx((1 / 3 + 1) / 2)
    assert values["recall_at_2"] == values["recall_at_3"] == pytest.approx(5 / 6)
    # Without constraint the list is near, riding, wearing.    ng-R@2 = (2/3 + 1) / 2, ng-R@3 = (3/3 + 1) / 2
    assert values["ng_recall_at_2"] == pytest.approx(5 / 6)
    assert values["ng_recall_at_3"] == 1
    # near 1, riding 0, wearing 1, on 1 (the cat is left out), 46 predicates of Visual Genome without gold 0.
    assert values["mean_recall_at_2"] == pytest.approx(3 / 50)
    assert values["f1_at_2"] == pytest.approx(2 * 5 / 6 * 0.06 / (5 / 6 + 0.06))
    assert scores.counts["without predicted relation, left out of the mean"] == 1


def test_psg() -> None:
    values = scored("psg", "2", *four(masks=True)).values()
    # As vg150, over masks and 56 predicates, without the unconstrained list, which OpenPSG skips for masks.
    assert values["recall_at_2"] == pytest.approx(5 / 6)
    assert values["mean_recall_at_2"] == pytest.approx(3 / 56)
    assert not [name for name in values if name.startswith("ng_")]


def test_usg_par() -> None:
    scores = scored("usg-par", "1,2", *four(masks=True))
    values = scores.values()
    # Pooled: rider 2 of 3, cat 0 of 1, dogs 1 of 2, because a prediction hits one gold relation.
    assert values["recall_at_2"] == pytest.approx((2 + 0 + 1) / (3 + 1 + 2))
    assert values["recall_at_1"] == pytest.approx((1 + 0 + 1) / 6)
    # near 1/1, riding 0/1, wearing 1/1, on (0 + 1)/(1 + 2); other predicates are left out.
    assert values["mean_recall_at_2"] == pytest.approx((1 + 0 + 1 + 1 / 3) / 4)
    assert scores.counts["without predicted relation, scored 0"] == 1


def test_usg() -> None:
    values = scored("usg", "2,3", *four(masks=False)).values()
    # No constraint, the cat counts 0: (2/3 + 0 + 2/2) / 3 and (3/3 + 0 + 2/2) / 3.
    assert values["recall_at_2"] == pytest.approx(5 / 9)
    assert values["recall_at_3"] == pytest.approx(2 / 3)
    # near 1/1, riding 1/1, wearing 0/1, on (0 + 2)/(1 + 2).
    assert values["mean_recall_at_2"] == pytest.approx((1 + 1 + 0 + 2 / 3) / 4)


PERSON = {"p": ("person", (0, 0, 20, 40)), "c": ("cup", (10, 10, 20, 20))}


def frames() -> tuple[list[SceneGraph], list[SceneGraph]]:
    """Two frames of Action Genome, the second without predictions."""
    held = [("p", "looking_at", "c"), ("p", "holding", "c"), ("p", "touching", "c"), ("c", "in_front_of", "p")]
    gold = [picture(PERSON, held), picture(PERSON, [("p", "holding", "c")])]
    said = [
        ("p", "holding", "c", 0.95),
        ("p", "touching", "c", 0.92),
        ("c", "in front of", "p", 0.8),
        ("p", "looking at", "c", 0.6),
        ("p", "not looking at", "c", 0.3),
    ]
    return [picture(PERSON, said), picture(PERSON)], gold


def test_action_genome() -> None:
    values = scored("action-genome", "2,3,4", *frames()).values()
    # With constraint, one predicate a pair of each group (attention, spatial, contact): holding, in front of, looking
    # at, so 2/4 and 3/4 of the first frame; the second frame is 0.
    assert values["recall_at_2"] == pytest.approx((2 / 4 + 0) / 2)
    assert values["recall_at_3"] == values["recall_at_4"] == pytest.approx((3 / 4 + 0) / 2)
    # Without: holding, touching, in front of, looking at, not looking at.
    assert values["ng_recall_at_2"] == pytest.approx((2 / 4 + 0) / 2)
    assert values["ng_recall_at_4"] == pytest.approx((4 / 4 + 0) / 2)
    # Semi: of attention the best, of the rest what is above 0.9: holding, touching, looking at.
    assert values["semi_recall_at_2"] == pytest.approx((2 / 4 + 0) / 2)
    assert values["semi_recall_at_4"] == pytest.approx((3 / 4 + 0) / 2)
    # looking at 1, in front of 1, touching 0, holding (1 + 0)/2, over the 26 predicates.
    assert values["mean_recall_at_4"] == pytest.approx((1 + 1 + 0 + 0.5) / 26)


def test_one_prediction_set_three_numbers() -> None:
    # The cat's picture: left out (SGB), or 0; the dogs: both hit by one prediction, or one.
    said, gold = four(masks=True)
    found = {name: scored(name, "2", said, gold).values()["recall_at_2"] for name in ("vg150", "usg", "usg-par")}
    assert found == pytest.approx({"vg150": 5 / 6, "usg": 5 / 9, "usg-par": 1 / 2})


def test_ends_of_boxes() -> None:
    gold = [picture({"a": ("cat", (0, 0, 9, 9)), "b": ("mat", (0, 0, 9, 9))}, [("a", "on", "b")])]
    said = [picture({"a": ("cat", (0, 0, 9, 4)), "b": ("mat", (0, 0, 9, 9))}, [("a", "on", "b")])]
    # 9 x 4 of 9 x 9 is 0.44; with a pixel more on each side 10 x 5 of 10 x 10 is 0.5, which is a hit.
    assert scored("usg", "20", said, gold).values()["recall_at_20"] == 0
    assert scored("vg150", "20", said, gold).values()["recall_at_20"] == 1
