"""Properties of recall on random scenes, and the cases that protocols tell apart."""

import random
from dataclasses import replace

import numpy as np
import pytest
from small_graphs import picture

from usg.graph import Box, Grounding, SceneGraph, SceneObject, Source
from usg.metrics.scene_graph.presets import PRESETS, preset
from usg.metrics.scene_graph.protocol import Protocol
from usg.metrics.scene_graph.scene import Scene, scene_of, triples_of
from usg.metrics.scene_graph.scores import Scores, score_scenes

FRAMES = [name for name, protocol in PRESETS.items() if protocol.unit == "frame"]
LABELS, PREDICATES = ["man", "dog", "cup"], ["on", "near", "holding"]


def random_graph(generator: random.Random, boxes: dict) -> SceneGraph:
    named = {id: (label, corners, generator.random()) for id, (label, corners) in boxes.items()}
    pairs = [(s, o) for s in boxes for o in boxes if s != o]
    relations = [
        (s, generator.choice(PREDICATES), o, round(generator.random(), 2))
        for s, o in generator.choices(pairs, k=generator.randint(1, 8))
    ]
    return picture(named, relations, masks=True)


def random_sides(seed: int, n: int = 12) -> tuple[list[Scene], list[Scene]]:
    generator = random.Random(seed)
    sides: tuple[list[Scene], list[Scene]] = ([], [])
    for _ in range(n):
        places = [(x, y, x + 25, y + 25) for x in (0, 5, 40) for y in (0, 40)]
        boxes = {f"o{i}": (generator.choice(LABELS), place) for i, place in enumerate(generator.sample(places, 4))}
        for side in sides:
            side.append(scene_of(random_graph(generator, boxes), "image"))
    return sides


def score(name: str, said: list[Scene], gold: list[Scene], **switches: str) -> Scores:
    return score_scenes(said, gold, preset(name).changed(switches))


@pytest.mark.parametrize("name", FRAMES)
def test_gold_against_itself_is_perfect(name: str) -> None:
    _, gold = random_sides(1)
    # Some relations of a pair have several predicates, which a graph constraint cannot give.
    switches = {"predicates_per_pair": "none", "absent_classes": "leave out", "match_score": "0"}
    if name == "action-genome":
        switches |= {"semi_threshold": "none"}
    values = score(name, gold, gold, **switches).values()
    assert {value for key, value in values.items() if "recall" in key} == {1.0}
    assert values["map"] == 1 and values["class_accuracy"] == 1


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("seed", range(4))
def test_more_predictions_never_lower_recall(name: str, seed: int) -> None:
    said, gold = random_sides(seed)
    values = score(name, said, gold, recall_at="1,2,4,8,100", absent_classes="leave out").values()
    for kind in ("recall", "mean_recall", *(["ng_recall"] if PRESETS[name].no_constraint else [])):
        rising = [values[f"{kind}_at_{k}"] for k in (1, 2, 4, 8, 100)]
        assert rising == sorted(rising) and rising[0] >= 0 and rising[-1] <= 1


@pytest.mark.parametrize("name", FRAMES)
def test_the_order_of_elements_does_not_matter(name: str) -> None:
    said, gold = random_sides(3)
    generator = random.Random(0)

    def mixed(scene: Scene) -> Scene:
        # Scores differ, so no tie is broken by order.
        order = generator.sample(range(len(scene.things)), len(scene.things))
        links = tuple(
            replace(link, subject=order.index(link.subject), object=order.index(link.object)) for link in scene.links
        )
        return replace(
            scene, things=tuple(scene.things[i] for i in order), links=tuple(generator.sample(links, len(links)))
        )

    switches = {"recall_at": "1,3,20", "absent_classes": "leave out"}
    one = score(name, said, gold, **switches).values()
    two = score(name, [mixed(s) for s in said], [mixed(s) for s in gold], **switches).values()
    assert one == pytest.approx(two)


def test_recall_by_predicate() -> None:
    things = {"m": ("man", (0, 0, 10, 10)), "h": ("horse", (20, 0, 30, 10)), "c": ("cow", (40, 0, 50, 10))}
    gold = [
        picture(things, [("m", "near", "h"), ("m", "near", "c"), ("m", "riding", "h")]),
        picture(things, [("m", "near", "h")]),
    ]
    said = [picture(things, [("m", "riding", "h", 0.9), ("m", "near", "h", 0.8)]), picture(things)]
    scenes = [[scene_of(graph, "image") for graph in side] for side in (said, gold)]
    # near: 1 of 2 and 0 of 1; the picture without a prediction is left out by vg150.
    for name, near in {"usg": (3, 1 / 3), "vg150": (2, 0.0)}.items():
        rows = score(name, *scenes).predicates
        assert rows["near"] == pytest.approx({"gold": near[0]} | {f"recall_at_{k}": near[1] for k in (20, 50, 100)})
        assert rows["riding"]["gold"] == 1 and rows["riding"]["recall_at_20"] == 1
    assert score("usg", *scenes, recall_at="1").predicates["near"]["recall_at_1"] == 0


def test_zero_shot_recall() -> None:
    things = {"m": ("man", (0, 0, 10, 10)), "h": ("horse", (20, 0, 30, 10))}
    gold = picture(things, [("m", "riding", "h"), ("m", "near", "h"), ("h", "near", "m")])
    said = picture(things, [("m", "riding", "h", 0.9), ("h", "near", "m", 0.8)])
    train = picture(things, [("m", "Riding", "h")])
    scenes = [scene_of(said, "image")], [scene_of(gold, "image")]
    found = score_scenes(*scenes, preset("vg150"), seen=triples_of(train)).values()
    # Unseen are man near horse and horse near man, of which the second is found.
    assert found["zero_shot_recall_at_20"] == found["ng_zero_shot_recall_at_20"] == 1 / 2
    assert found["recall_at_20"] == pytest.approx(2 / 3)
    assert "zero_shot_recall_at_20" not in score_scenes(*scenes, preset("vg150")).values()


def test_phrase_detection_asks_for_the_union_alone() -> None:
    gold = picture({"m": ("man", (0, 0, 20, 20)), "h": ("hat", (0, 0, 20, 5))}, [("m", "wearing", "h")])
    said = picture({"m": ("man", (0, 0, 20, 20)), "h": ("hat", (0, 0, 20, 1))}, [("m", "wearing", "h")])
    scenes = [scene_of(said, "image")], [scene_of(gold, "image")]
    assert score("usg", *scenes).values()["recall_at_20"] == 0
    assert score("usg", *scenes, overlap="union").values()["recall_at_20"] == 1
    masks = [[scene_of(picture({"m": ("man", (0, 0, 20, 20)), "h": ("hat", c)}, [("m", "wearing", "h")], masks=True),
                       "image")] for c in ((0, 0, 20, 1), (0, 0, 20, 5))]  # fmt: skip
    assert score("usg", *masks, overlap="union", region="mask").values()["recall_at_20"] == 1
    assert score("usg", *masks, region="mask").values()["recall_at_20"] == 0


def test_tasks() -> None:
    things = {"m": ("man", (0, 0, 10, 10)), "h": ("horse", (20, 0, 30, 10))}
    gold = [scene_of(picture(things, [("m", "riding", "h")]), "image", "gold graph 1")]

    def run(protocol: Protocol, task: str, **changed: tuple) -> dict[str, float]:
        said = scene_of(picture(things | changed, [("m", "riding", "h", 0.9)]), "image", "graph 1")
        return score_scenes([said], gold, protocol, task=task).values()  # type: ignore[arg-type]

    assert run(preset("usg"), "predcls")["recall_at_20"] == 1
    assert "map50" not in run(preset("usg"), "predcls")
    other_label, other_box = {"h": ("cow", (20, 0, 30, 10))}, {"h": ("horse", (24, 0, 34, 10))}
    assert run(preset("usg"), "sgcls", **other_label)["recall_at_20"] == 0
    with pytest.raises(ValueError, match="'h' \\(cow\\) of graph 1 does not have the box and label"):
        run(preset("usg"), "predcls", **other_label)
    with pytest.raises(ValueError, match="does not have the box of an object of gold graph 1; sgcls"):
        run(preset("usg"), "sgcls", **other_box)


def test_given_regions_that_are_not_compared() -> None:
    # Two men: SGB finds the wrong one by his box; USG-Par takes any man where regions are given.
    things = {"m": ("man", (0, 0, 10, 10)), "n": ("man", (40, 0, 50, 10)), "h": ("horse", (20, 0, 30, 10))}
    gold = [scene_of(picture(things, [("m", "riding", "h")], masks=True), "image")]
    said = [scene_of(picture(things, [("n", "riding", "h", 0.9)], masks=True), "image")]
    found = {
        (given, task): score_scenes(
            said,
            gold,
            preset("usg-par").changed({"given_regions": given}),
            task=task,  # type: ignore[arg-type]
        ).values()["recall_at_20"]
        for given in ("iou", "off")
        for task in ("predcls", "sgdet")
    }
    assert found == {("iou", "predcls"): 0, ("iou", "sgdet"): 0, ("off", "predcls"): 1, ("off", "sgdet"): 0}


def test_images_without_gold_can_be_refused() -> None:
    empty = [scene_of(picture({"m": ("man", (0, 0, 10, 10))}), "image", "gold graph 1")]
    with pytest.raises(ValueError, match="gold graph 1 has no relation, which protocol usg"):
        score("usg", empty, empty, empty_gold="refuse")


def test_too_many_predicates_for_the_data_set() -> None:
    said, gold = random_sides(2)
    with pytest.raises(ValueError, match=r"have 3 predicates and protocol .* divides by 2"):
        score("vg150", said, gold, predicate_classes="2")
    chosen = score("vg150", gold, gold, predicates="on,near").values()
    assert chosen["ng_mean_recall_at_100"] == 1


def test_regions_in_other_media_and_without_a_place() -> None:
    graph = SceneGraph(
        [Source("i", "image"), Source("t", "text", text="a dog")],
        [
            SceneObject("a", "cat", groundings=(Grounding("i", Box(0, 0, 4, 4)),)),
            SceneObject("b", "dog", groundings=(Grounding("t"),)),
            SceneObject("c", "mat"),
            SceneObject("d", "cow", negated=True),
        ],
    )
    scene = scene_of(graph, "image")
    assert [thing.label for thing in scene.things] == ["cat", "mat"]
    assert score_scenes([scene], [scene], preset("usg")).counts["gold objects without region, left out"] == 1
    with pytest.raises(ValueError, match="no source of the modality video \\(its media: image, text\\)"):
        scene_of(graph, "video")
    with pytest.raises(ValueError, match="2 sources of the modality image"):
        scene_of(SceneGraph([Source("i", "image"), Source("j", "image")]), "image")


def test_masks_that_do_not_fit() -> None:
    boxes = [scene_of(picture({"m": ("man", (0, 0, 10, 10)), "d": ("dog", (0, 0, 4, 4))}, [("m", "on", "d")]), "image")]
    with pytest.raises(ValueError, match="has a box and no mask; compare boxes"):
        score("psg", boxes, boxes)


def test_intervals_enclose_the_value() -> None:
    said, gold = random_sides(5, n=30)
    scores = score("usg", said, gold, recall_at="2")
    for name, estimate in scores.estimates(resamples=200).items():
        assert estimate.low <= estimate.value <= estimate.high, name
    zero = scores.differences(scores, resamples=50)
    assert {each.value for each in zero.values()} == {0.0}
    assert np.isfinite([each.low for each in zero.values()]).all()


def test_how_many_predicates_of_a_pair_are_ranked() -> None:
    things = {"m": ("man", (0, 0, 10, 10)), "h": ("horse", (20, 0, 30, 10))}
    three = [("m", "riding", "h", 0.9), ("m", "near", "h", 0.8), ("m", "on", "h", 0.7)]
    scenes = [scene_of(picture(things, three), "image")], [scene_of(picture(things, three), "image")]
    found = score("vg150", *scenes, predicates_per_pair="2", ng_predicates_per_pair="1").values()
    assert found["recall_at_20"] == pytest.approx(2 / 3)
    assert found["ng_recall_at_20"] == pytest.approx(1 / 3)
    assert score("usg", *scenes, candidates="1").values()["recall_at_20"] == pytest.approx(1 / 3)


def test_scores_of_objects_enter_the_ranking_or_not() -> None:
    gold = picture({"m": ("man", (0, 0, 9, 9)), "h": ("horse", (20, 0, 30, 10))}, [("m", "riding", "h")])
    said = picture(
        {"m": ("man", (0, 0, 9, 9), 0.5), "h": ("horse", (20, 0, 30, 10)), "c": ("cow", (20, 0, 30, 10))},
        [("m", "riding", "h", 0.8), ("c", "near", "h", 0.6)],
    )
    scenes = [scene_of(said, "image")], [scene_of(gold, "image")]
    # 0.8 x 0.5 is below 0.6.
    assert score("usg", *scenes, recall_at="1").values()["recall_at_1"] == 0
    assert score("usg", *scenes, recall_at="1", rank_by="relation").values()["recall_at_1"] == 1


@pytest.mark.parametrize("name", [name for name in FRAMES if not PRESETS[name].predicates])
def test_nothing_to_score_gives_no_figure(name: str) -> None:
    empty = Scene("empty")
    assert score(name, [empty], [empty]).values() == {}
    with pytest.raises(ValueError, match="0 predictions for 0 gold graphs"):
        score(name, [], [])


def test_nothing_predicted_scores_nothing() -> None:
    _, gold = random_sides(4, n=3)
    values = score_scenes([None] * 3, gold, preset("usg")).values()
    assert {"recall_at_20", "mean_recall_at_20", "f1_at_20", "map50", "object_recall"} <= set(values)
    assert set(values.values()) == {0.0}


def test_accuracy_on_gold_pairs() -> None:
    things = {"m": ("man", (0, 0, 10, 10)), "h": ("horse", (20, 0, 30, 10)), "c": ("cap", (40, 0, 50, 10))}
    gold = [scene_of(picture(things, [("m", "riding", "h"), ("m", "wearing", "c")]), "image")]
    # The best two are about pairs that are not related: of those that are, "near" comes first, then "wearing".
    guesses = [("h", "on", "m", 0.9), ("c", "on", "m", 0.8), ("m", "near", "h", 0.7), ("m", "wearing", "c", 0.6)]
    said = [scene_of(picture(things, guesses), "image")]
    protocol = preset("usg").changed({"recall_at": "1,2"})
    values = score_scenes(said, gold, protocol, task="predcls").values()
    assert (values["pair_accuracy_at_1"], values["pair_accuracy_at_2"]) == (0, 1 / 2)
    assert values["recall_at_2"] == 0
    assert "pair_accuracy_at_1" not in score_scenes(said, gold, protocol).values()
