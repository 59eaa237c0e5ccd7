import pytest
from small_network import small_network

from usg.graph import Box, Grounding, SceneGraph, SceneObject, Source
from usg.metrics.scene_graph import Link, Scene, Thing
from usg.parsers.image.calibration import Calibration, fit_calibration
from usg.parsers.image.embedded import PictureModel
from usg.parsers.image.training import validation
from usg.parsers.image.training.validation import calibrated, outcomes


def _thing(label: str, x: float, score: float = 1.0) -> Thing:
    return Thing(f"{label}{x}", label, (Box(x, 0, x + 10, 10),), score)


def test_each_gold_object_makes_one_right_and_relations_follow() -> None:
    gold = Scene("gold", (_thing("cat", 0), _thing("hat", 40)), (Link(1, "on", 0),))
    said = Scene(
        "said",
        (_thing("cat", 1, 0.6), _thing("cat", 0, 0.9), _thing("hat", 41, 0.8), _thing("dog", 40, 0.3)),
        (Link(2, "on", 1, 0.7), Link(1, "on", 2, 0.2), Link(2, "on", 0, 0.5), Link(3, "on", 1, 0.4)),
    )
    objects, relations = outcomes([said], [gold])
    # 0.9 takes the cat, so that the second cat is wrong; there is no dog.
    assert dict(zip(*objects, strict=True)) == {0.9: True, 0.8: True, 0.6: False, 0.3: False}
    # Between right objects only: the hat is on the cat, and not the other way round.
    assert dict(zip(*relations, strict=True)) == {0.7: True, 0.2: False}


def test_nothing_said() -> None:
    assert outcomes([Scene("said")], [Scene("gold", (_thing("cat", 0),))]) == (([], []), ([], []))


def test_scores_become_the_shares_of_regions_that_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    def graph(*things: tuple[str, float, float]) -> SceneGraph:
        objects = [
            SceneObject(f"o{i}", label, score=score, groundings=(Grounding("image", Box(x, 0, x + 10, 10)),))
            for i, (label, x, score) in enumerate(things)
        ]
        return SceneGraph([Source("image", "image", width=100, height=10)], objects)

    gold = [("", graph(("cat", 0, 1.0), ("hat", 40, 1.0), ("dog", 80, 1.0)))]
    said = [graph(("cat", 0, 0.4), ("hat", 40, 0.3), ("dog", 60, 0.35), ("cat", 20, 0.1), ("dog", 81, 0.2))]
    monkeypatch.setattr(validation, "parsed", lambda model, pictures, threshold: said)
    model = PictureModel(small_network())
    expected = fit_calibration([0.4, 0.35, 0.3, 0.2, 0.1], [True, False, True, True, False])
    assert calibrated(model, gold).calibration == expected
    monkeypatch.setattr(validation, "parsed", lambda model, pictures, threshold: [gold[0][1]])
    assert calibrated(model, gold).calibration == Calibration()  # nothing is wrong
