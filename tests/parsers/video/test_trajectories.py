"""Trajectories of gold graphs and of parsed tracks, and the features that the network reads."""

from __future__ import annotations

import numpy as np
import pytest

from usg.graph import Attribute, Box, Grounding, Relation, SceneGraph, SceneObject, Source, TimeSpan, Track, TrackPoint
from usg.parsers.video.event_features import OF_PAIR, OF_TRACK, moving_pairs, pair_features, track_features
from usg.parsers.video.event_noise import Noise, noisy
from usg.parsers.video.events import window
from usg.parsers.video.records import TrackRecord
from usg.parsers.video.trajectories import Moment, Trajectories, from_graph, on_grid

KINDS = {"exits": 0, "passes": 1}


def film(width: int | None = 100) -> SceneGraph:
    """A dog that goes right past a box; it is not seen in frames 4 and 5."""
    dog = tuple(TrackPoint(i, i / 8, Box(8 * i, 10, 8 * i + 10, 20)) for i in range(10) if i not in (4, 5))
    box = tuple(TrackPoint(i, i / 8, Box(40, 30, 60, 40)) for i in range(12))
    return SceneGraph(
        [Source("v", "video", width=width, height=50, duration=1.5, fps=8.0)],
        [
            SceneObject(name, name, groundings=(Grounding("v", Track(points)),))
            for name, points in (("dog", dog), ("box", box))
        ],
        [Attribute("a", "dog", "exits", kind="action", time=TimeSpan(0.75, 1.25))],
        [
            Relation("r", "dog", "passes", "box", time=TimeSpan(0.25, 1.0)),
            Relation("s", "dog", "left of", "box", time=TimeSpan(0, 0.5)),
        ],
    )  # fmt: skip


def test_a_gold_graph() -> None:
    made = from_graph(film(), 8.0, KINDS)
    assert made.labels == ("dog", "box") and made.boxes.shape == (2, 12, 4)
    assert made.boxes[0, 3] == pytest.approx([0.24, 0.2, 0.34, 0.4])
    assert made.boxes[0, 4] == pytest.approx([0.32, 0.2, 0.42, 0.4])  # between its neighbours
    assert made.seen[0].tolist() == [True] * 4 + [False] * 2 + [True] * 4 + [False] * 2 and made.seen[1].all()
    assert set(made.events) == {Moment(0, 0, -1, 6, 10), Moment(1, 0, 1, 2, 8)}
    half = from_graph(film(), 4.0, KINDS)
    assert half.boxes.shape == (2, 6, 4) and Moment(1, 0, 1, 1, 4) in half.events
    with pytest.raises(ValueError, match="has no width and height"):
        from_graph(film(None), 8.0, KINDS)
    with pytest.raises(ValueError, match="a graph of 0 films, expected one; its sources are none"):
        from_graph(SceneGraph(), 8.0, {})


def test_a_film_that_was_looked_at_seldom_is_seen_between() -> None:
    seconds, boxes = np.array([0.0, 0.5, 1.0]), np.zeros((3, 4), np.float32)
    assert on_grid(seconds, boxes, np.arange(9) / 8, 0.5)[1].all()
    assert on_grid(seconds, boxes, np.arange(9) / 8, 0.125)[1].sum() == 3


def test_a_window_of_parsed_tracks_is_as_the_gold_graph_has_it() -> None:
    graph = film()
    records = []
    for i, thing in enumerate(graph.objects):
        record, track = TrackRecord(i), thing.groundings[0].region
        assert isinstance(track, Track)
        for point in track.points:
            assert isinstance(point.region, Box)
            record.frames.append(point.frame)
            record.seconds.append(point.seconds)
            record.boxes.extend(point.region.xyxy)
        record.votes[thing.label] = 1.0
        records.append(record)
    gold = from_graph(graph, 8.0, KINDS)
    who, made = window(records, (100, 50), np.arange(12) / 8, 1 / 8)
    assert who == [0, 1] and made.labels == gold.labels
    assert np.allclose(made.boxes, gold.boxes) and (made.seen == gold.seen).all()
    who, made = window(records, (100, 50), np.arange(11, 12) / 8, 1 / 8)
    assert who == [1] and made.labels == ("box",)


def test_features_have_their_widths_and_pairs_that_stand_still_are_left_out() -> None:
    made = from_graph(film(), 8.0, KINDS)
    assert track_features(made).shape == (2, 12, OF_TRACK)
    pairs = moving_pairs(made)
    assert pairs.tolist() == [[0, 1], [1, 0]] and pair_features(made, pairs).shape == (2, 12, OF_PAIR)
    still = Trajectories(made.boxes[[1, 1]], made.seen[[1, 1]], ("box", "box"))
    assert moving_pairs(still).shape == (0, 2)


def test_noise_keeps_who_does_what() -> None:
    made, rng = from_graph(film(), 8.0, KINDS), np.random.default_rng(0)
    nothing = Noise(0, 0, 0, 0, 0)
    plain = noisy(made, nothing, ("cat",), rng)
    assert plain.events == made.events and plain.labels == made.labels and (plain.seen == made.seen).all()
    broken = [noisy(made, Noise(broken=1.0, missed=0.3), ("cat",), rng) for _ in range(40)]
    assert max(len(each) for each in broken) >= 4
    for each in broken:
        assert each.seen.any(1).all() and np.isfinite(each.boxes).all()
        for event in each.events:
            assert each.labels[event.subject] in ("dog", "cat")
            if event.object >= 0:
                assert each.labels[event.object] in ("box", "cat")
                assert event.subject != event.object
