"""One real item of PSG (image 107902) with predictions made by hand, under protocols that differ."""

from pathlib import Path

import pytest

from usg.formats import read_graphs
from usg.graph import Box, Grounding, Relation, SceneGraph, SceneObject, Source
from usg.metrics.scene_graph.presets import preset
from usg.metrics.scene_graph.scene import scene_of
from usg.metrics.scene_graph.scores import score_scenes

# By the numbers of the item: 0 and 1 persons, 2 umbrella, 3 tree, 4 fence, 5 sky, 6 grass.
PREDICTED = [
    (0, "beside", 1, 0.9),  # gold
    (0, "in front of", 1, 0.8),  # not gold, and a second predicate of the pair
    (0, "standing on", 6, 0.7),  # gold
    (1, "standing on", 6, 0.6),  # gold
    (1, "holding", 2, 0.5),  # gold, but the umbrella's box is wrong
    (4, "in front of", 3, 0.4),  # gold
    (5, "beside", 3, 0.3),  # not gold
    (5, "over", 3, 0.2),  # gold, and a second predicate of the pair
]


@pytest.fixture
def item(shared_data: Path) -> SceneGraph:
    path = shared_data / "vision" / "psg" / "psg_sample_107902.json"
    if not path.is_file():
        pytest.skip("the PSG item is not among the shared data")
    # Its boxes are xyxy: the whole width of 480 pixels is written 0 to 480.
    return next(iter(read_graphs(path, "psg")))


def graph(labels: list[str], boxes: list[Box], relations: list[tuple[int, str, int, float | None]]) -> SceneGraph:
    return SceneGraph(
        [Source("i", "image", width=480, height=640)],
        [
            SceneObject(str(i), label, groundings=(Grounding("i", box),))
            for i, (label, box) in enumerate(zip(labels, boxes, strict=True))
        ],
        relations=[Relation(f"r{i}", str(s), p, str(o), score=score) for i, (s, p, o, score) in enumerate(relations)],
    )


def values(name: str, said: list[SceneGraph], gold: list[SceneGraph], **switches: str) -> dict[str, float]:
    sides = [[scene_of(each, "image") for each in side] for side in (said, gold)]
    return score_scenes(*sides, preset(name).changed({"region": "box", **switches})).values()


def test_recall_by_hand(item: SceneGraph) -> None:
    assert item.triples == [
        ("person", "beside", "person"),
        ("person", "standing on", "grass-merged"),
        ("person", "holding", "umbrella"),
        ("person", "standing on", "grass-merged"),
        ("fence-merged", "in front of", "tree-merged"),
        ("sky-other-merged", "over", "tree-merged"),
    ]
    boxes = [thing.groundings[0].region for thing in item.objects]
    x0, y0, x1, y1 = boxes[2].xyxy  # type: ignore[union-attr]
    boxes[2] = Box(x0, y0, x1, y0 + 0.4 * (y1 - y0))  # IoU 0.4
    said = graph([thing.label for thing in item.objects], boxes, PREDICTED)  # type: ignore[arg-type]

    # psg, one predicate a pair: beside, standing on, standing on, holding, in front of, sky beside tree.
    # Hits at ranks 0, 1, 2, 4: 4 of 6; of the first three 3 of 6.
    found = values("psg", [said], [item], recall_at="3,20")
    assert found["recall_at_20"] == pytest.approx(4 / 6)
    assert found["recall_at_3"] == pytest.approx(3 / 6)
    # beside 1, standing on 2/2, holding 0, in front of 1, over 0, of the 56 predicates.
    assert found["mean_recall_at_20"] == pytest.approx(3 / 56)

    # usg, any number of predicates: "over" is found too, 5 of 6; but the first three hold the wrong "in front of".
    found = values("usg", [said], [item], recall_at="3,20")
    assert found["recall_at_20"] == pytest.approx(5 / 6)
    assert found["recall_at_3"] == pytest.approx(2 / 6)
    assert found["mean_recall_at_20"] == pytest.approx((1 + 1 + 0 + 1 + 1) / 5)

    # The same picture once more, without a prediction: OpenPSG leaves it out of the mean.
    nothing = graph([thing.label for thing in item.objects], boxes, [])  # type: ignore[arg-type]
    assert values("psg", [said, nothing], [item, item])["recall_at_20"] == pytest.approx(4 / 6)
    assert values("usg", [said, nothing], [item, item])["recall_at_20"] == pytest.approx(5 / 12)
    assert values("psg", [said, nothing], [item, item], empty_prediction="zero")["recall_at_20"] == pytest.approx(
        4 / 12
    )
    assert values("usg-par", [said, nothing], [item, item])["recall_at_20"] == pytest.approx(4 / 12)
