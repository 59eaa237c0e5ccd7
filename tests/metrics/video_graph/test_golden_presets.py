"""Each preset of films on the same film; the numbers are worked out by hand in the comments."""

from dataclasses import replace

import pytest
from small_films import film, track

from usg.graph import Attribute, Grounding, SceneGraph, TimeSpan
from usg.metrics.scene_graph.presets import preset
from usg.metrics.scene_graph.scene import scene_of
from usg.metrics.video_graph.scores import score_films

LEFT, RIGHT, LOW = (0, 0, 20, 40), (30, 0, 50, 20), (0, 50, 60, 70)


def scored(name: str, said: list[SceneGraph | None], gold: list[SceneGraph], **switches: str) -> dict[str, float]:
    true = [scene_of(graph, "video", "gold") for graph in gold]
    predicted = [None if graph is None else scene_of(graph, "video", "said") for graph in said]
    return score_films(predicted, true, preset(name).changed(switches)).values()


def objects(masks: bool, frames: range = range(10)) -> dict:
    places = {"m": ("man", LEFT), "d": ("dog", RIGHT), "r": ("rug", LOW)}
    return {id: (label, track(corners, frames, masks=masks)) for id, (label, corners) in places.items()}


def pair(masks: bool) -> tuple[SceneGraph, SceneGraph]:
    """Prediction and gold of a film of ten frames.

    The man holds the dog in frames 0 to 3 and 6 to 7, and stands on the rug in all; the dog chases the man in 8 and 9.
    """
    gold = [
        ("m", "holding", "d", (0, 4)),
        ("m", "holding", "d", (6, 8)),
        ("m", "on", "r", (0, 10)),
        ("d", "chasing", "m", (8, 10)),
    ]
    said = [
        ("m", "holding", "d", (0, 10), 0.9),
        ("d", "on", "r", (0, 10), 0.8),
        ("m", "on", "r", (0, 8), 0.7),
        ("d", "chasing", "m", (0, 10), 0.6),
    ]
    return film(objects(masks), said), film(objects(masks), gold)


def test_pvsg() -> None:
    said, gold = pair(masks=True)
    values = scored("pvsg", [said], [gold], recall_at="1,4")
    # The spans of one pair are one relation: holding 6 frames. vIoU over the union of frames:
    #   holding 6/10, on 8/10, chasing 2/10.    hits of 0.5: holding (rank 0), on (rank 2)
    assert values["recall_at_1"] == pytest.approx(1 / 3)
    assert values["recall_at_4"] == pytest.approx(2 / 3)
    assert values["mean_recall_at_4"] == pytest.approx((1 + 1 + 0) / 3)
    assert values["soft_recall_at_4"] == pytest.approx((0.6 + 0.8) / 3)
    assert values["weak_recall_at_4"] == pytest.approx(3 / 3)  # 0.1: chasing too
    assert values["weak_recall_at_1"] == pytest.approx(1 / 3)


def test_pvsg_public() -> None:
    said, gold = pair(masks=True)
    values = scored("pvsg-public", [said], [gold], recall_at="4")
    # Frames outside the gold span cost nothing: holding 6/6, on 8/10, chasing 2/2.
    assert values["recall_at_4"] == pytest.approx(3 / 3)
    assert values["soft_recall_at_4"] == pytest.approx((1 + 0.8 + 1) / 3)


def test_an_overlong_span_costs() -> None:
    # The fault of OpenPVSG's calculate_viou: predicting the whole film is always best.
    gold = film(objects(True), [("m", "holding", "d", (0, 2))])
    exact = film(objects(True), [("m", "holding", "d", (0, 2), 0.9)])
    whole = film(objects(True), [("m", "holding", "d", (0, 10), 0.9)])
    assert scored("pvsg", [exact], [gold])["recall_at_20"] == 1
    assert scored("pvsg", [whole], [gold])["recall_at_20"] == 0
    assert scored("pvsg-public", [whole], [gold])["recall_at_20"] == 1


def test_weak_recall_counts_a_relation_once() -> None:
    # The fault of OpenPVSG's rel_test_full.py: every prediction of 0.1 counts, up to the hit. Two men, two predictions
    # of vIoU 2/10: the weak recall would be 2 of 1.
    things = objects(True) | {"n": ("man", track(LEFT, range(10), masks=True))}
    gold = film(objects(True), [("m", "holding", "d", (0, 10))])
    said = film(things, [("m", "holding", "d", (0, 2), 0.9), ("n", "holding", "d", (4, 6), 0.8)])
    assert scored("pvsg", [said], [gold])["weak_recall_at_20"] == 1
    assert scored("pvsg-public", [said], [gold])["weak_recall_at_20"] == 2
    assert scored("pvsg", [said], [gold])["recall_at_20"] == 0


def test_vidvrd() -> None:
    said, gold = pair(masks=False)
    unpredicted = film(objects(False), [("m", "on", "r", (0, 10))])
    values = scored("vidvrd", [said, None], [gold, unpredicted])
    # Tubes stand still, so a vIoU is that of the spans; each span is its own relation:
    #   holding [0, 10) on [0, 4): 4/10, on [6, 8): 2/10: no hit; on 8/10: hit; chasing 2/10: no hit.
    # Pooled over both films: 1 of 4 + 1.
    assert values["recall_at_50"] == pytest.approx(1 / 5)
    # Film one, by score: miss, miss, hit, miss: precision at the hit 1/3, recall 1/4: AP = 1/12. Film two: 0.
    assert values["relation_map"] == pytest.approx((1 / 12 + 0) / 2)
    # Labels alone: man-holding-dog yes, dog-on-rug no, man-on-rug yes, dog-chasing-man yes; four are predicted.
    assert values["precision_at_1"] == pytest.approx((1 + 0) / 2)
    assert values["precision_at_5"] == values["precision_at_10"] == pytest.approx((3 / 4 + 0) / 2)


def test_vidvrd_one_prediction_hits_one() -> None:
    things = objects(False) | {"n": ("man", track((1, 0, 21, 40), range(10)))}
    gold = film(things, [("m", "holding", "d", (0, 10)), ("n", "holding", "d", (0, 10))])
    said = film(objects(False), [("m", "holding", "d", (0, 10), 0.9)])
    # Both men are 19 of 21 pixels wide in common: 0.90.
    assert scored("vidvrd", [said], [gold])["recall_at_50"] == 1 / 2
    assert scored("vidvrd", [said], [gold], one_to_one="false")["recall_at_50"] == 1


def test_volume_takes_the_lesser_of_subject_and_object() -> None:
    gold = film(objects(False), [("m", "holding", "d", (0, 10))])
    small = objects(False) | {"d": ("dog", track((30, 0, 50, 9), range(10)))}
    said = film(small, [("m", "holding", "d", (0, 10), 0.9)])
    # The dog: 20 x 9 of 20 x 20 pixels, 0.45.
    assert scored("vidvrd", [said], [gold])["recall_at_50"] == 0
    assert scored("vidvrd", [said], [gold], least_viou="0.45")["recall_at_50"] == 1


def test_usg_par_and_action_genome_score_frames() -> None:
    said, gold = pair(masks=True)
    # Frames 0-3 and 6-7: gold holding, on; 4-5: on; 8-9: on, chasing. Predicted: holding and chasing in all, on in 0-7.
    # Frames 0-3, 6-7: 2 of 2; 4-5: 1 of 1; 8-9: 1 (chasing) of 2: pooled (12 + 2 + 2) / (12 + 2 + 4).
    assert scored("usg-par", [said], [gold])["recall_at_20"] == pytest.approx(16 / 18)
    # Mean over frames: (6 x 1 + 2 x 1 + 2 x 1/2) / 10.
    values = scored("action-genome", [said], [gold])
    assert values["recall_at_10"] == values["ng_recall_at_10"] == pytest.approx(9 / 10)


def test_usg_film() -> None:
    said, gold = pair(masks=False)
    values = scored("usg-film", [said, None], [gold, gold])
    # As pvsg on boxes, but the mean over films, the missing one 0.
    assert values["recall_at_20"] == pytest.approx((2 / 3 + 0) / 2)
    assert values["idf1"] == pytest.approx(2 * 30 / (30 + 60))


def test_frames_that_are_not_annotated() -> None:
    gold = film({"m": ("man", track(LEFT, [0, 5]))}, [])
    said = film({"m": ("man", track(LEFT, range(10)))}, [])
    # Of ten predicted boxes two are in annotated frames.
    assert scored("usg-film", [said], [gold], frames="gold")["idf1"] == 1
    assert scored("usg-film", [said], [gold])["idf1"] == pytest.approx(2 * 2 / (10 + 2))


def test_a_track_of_boxes_and_one_of_masks() -> None:
    plain, masked = objects(False), objects(True)
    both = film(plain, [("m", "on", "r", (0, 10))])
    things = tuple(
        replace(thing, groundings=(*thing.groundings, Grounding("v", masked[thing.id][1]))) for thing in both.objects
    )
    graph = replace(both, objects=things)
    for name in ("usg-film", "pvsg", "vidvrd"):
        values = scored(name, [graph], [graph])
        assert values["mean_recall_at_50"] == values["mask_iou"] == values["hota"] == 1


def test_a_state_is_scored_while_it_holds() -> None:
    things = {"d": ("door", track(RIGHT, range(10)))}
    span = TimeSpan(0.0, 0.4)
    gold = film(things, [], events=[("d", "bounces", (0, 4))])
    opened = Attribute("s", "d", "open", kind="state", time=span)
    closed = Attribute("t", "d", "closed", kind="state", time=TimeSpan(0.4, 1.0))
    gold = replace(gold, attributes=(*gold.attributes, opened, closed))
    said = replace(gold, attributes=(replace(opened, time=None),))
    values = scored("usg-film", [said], [gold])
    # "open" in all ten frames, which is right in four; events are not attributes.
    assert values["state_accuracy"] == pytest.approx(4 / 10)
    assert "event_accuracy" not in values
