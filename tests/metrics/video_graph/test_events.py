"""Events: label, participants and time by hand."""

import pytest
from small_films import film, track

from usg.graph import SceneGraph
from usg.metrics.scene_graph.presets import preset
from usg.metrics.scene_graph.scene import scene_of
from usg.metrics.video_graph.scores import score_films

THINGS = {"m": ("man", track((0, 0, 20, 40), range(20))), "b": ("ball", track((30, 30, 50, 50), range(20)))}
# The same things under other names, and one that is not there.
SAID = {"x": THINGS["b"], "y": THINGS["m"], "z": ("ball", track((60, 60, 70, 70), range(20)))}


def scored(said: SceneGraph, gold: SceneGraph, **switches: str) -> dict[str, float]:
    sides = ([scene_of(said, "video")], [scene_of(gold, "video")])
    return score_films(*sides, preset("usg-film").changed(switches)).values()


def test_by_hand() -> None:
    gold = film(
        THINGS,
        [("m", "picks up", "b", (0, 10)), ("m", "approaches", "b", (10, 20)), ("m", "passes", "b", (0, 4))],
        events=[("b", "exits", (16, 20))],
    )
    said = film(
        SAID,
        [
            ("y", "picks up", "x", (0, 6)),  # 6/10: found
            ("y", "picks up", "x", (0, 9)),  # 9/10, but it comes second and the first has taken it
            ("y", "approaches", "x", (6, 14)),  # 4/14
            ("x", "passes", "y", (0, 4)),  # the wrong way round
            ("y", "passes", "z", (0, 4)),  # the wrong ball
        ],
        events=[("x", "exits", (17, 20))],  # 3/4: found
    )
    values = scored(said, gold)
    assert values["event_precision"] == pytest.approx(2 / 6)
    assert values["event_recall"] == pytest.approx(2 / 4)
    assert values["event_f1"] == pytest.approx(2 * 2 / (6 + 4))
    # Every gold event gets the most overlap: 0.9, 4/14, 0 and 3/4.
    assert values["span_iou"] == pytest.approx((0.9 + 4 / 14 + 0 + 0.75) / 4)
    assert scored(said, gold, event_tiou="0.7")["event_recall"] == pytest.approx(2 / 4)
    assert scored(said, gold, event_tiou="0.8")["event_recall"] == pytest.approx(1 / 4)
    chosen = scored(said, gold, events="exits,approaches")
    assert chosen["event_f1"] == pytest.approx(2 * 1 / (2 + 2))


def test_gold_against_itself() -> None:
    gold = film(THINGS, [("m", "picks up", "b", (0, 10))], events=[("b", "exits", (16, 20))])
    values = scored(gold, gold)
    assert {values[name] for name in ("event_f1", "span_iou", "recall_at_20", "hota", "idf1", "map")} == {1.0}


def test_relations_without_a_span_are_no_events() -> None:
    gold = film(THINGS, [("m", "near", "b", None)])
    assert not [name for name in scored(gold, gold) if name.startswith("event")]


def test_predicates_that_are_scored_do_not_choose_events() -> None:
    gold = film(THINGS, [("m", "near", "b", None), ("m", "picks up", "b", (0, 10))])
    values = scored(gold, gold, predicates="near")
    assert values["event_f1"] == 1 and values["mean_recall_at_20"] == 1
