from usg.graph import Box
from usg.metrics.scene_graph import Link, Scene, Thing
from usg.parsers.image.training.validation import outcomes


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
