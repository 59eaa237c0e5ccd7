"""usg.world.pixels.films: what moves, when, and what the graph says of it."""

from collections import Counter

import numpy as np
import pytest

from usg.graph.region import TimeSpan, Track
from usg.graph.rle import decode_mask
from usg.world.pixels.even import LIVELY
from usg.world.pixels.events import BINARY, EVENTS, UNARY
from usg.world.pixels.films import FPS, LONGEST, SHORTEST, sample_film, script
from usg.world.pixels.motion import carried, facing, placed
from usg.world.pixels.picture import sample_picture, sample_stage
from usg.world.scene import FILM, stream


def scripts(n, seed=0, priors=LIVELY):
    for index in range(n):
        _, stage = sample_stage("train", seed, index, priors)
        yield script(stage, stream("train", seed, index, FILM))


def gap(one, two):
    return abs(one.x - two.x) - (one.width + two.width) / 2


def test_every_event_happens_and_means_what_it_says():
    seen = Counter()
    for stages, happenings in scripts(260):
        assert SHORTEST <= len(stages) <= LONGEST
        for event in happenings:
            seen[event.name] += 1
            assert 0 < event.first < event.last <= len(stages)
            assert (event.object is None) == (event.name in UNARY)
            before = {a.index: a for a in stages[event.first - 1].actors}
            after = {a.index: a for a in stages[event.last - 1].actors}
            one, now = before[event.subject], after[event.subject]
            if event.name == "enters":
                assert one.x + one.width / 2 <= 0 or one.x - one.width / 2 >= 128
                assert 0 < now.x < 128
            elif event.name == "exits":
                assert now.x + now.width / 2 <= 0 or now.x - now.width / 2 >= 128
            elif event.name == "bounces":
                heights = [
                    {a.index: a for a in stage.actors}[event.subject].foot for stage in stages[event.first : event.last]
                ]
                assert min(heights) < one.foot - 10
                assert abs(heights[-1] - one.foot) < 1e-6
            elif event.name in ("moves to", "approaches"):
                other = after[event.object]
                assert gap(one, before[event.object]) > gap(now, other)
                if event.name == "approaches":
                    assert 8 < gap(now, other) < 20
            elif event.name == "passes":
                assert (one.x < before[event.object].x) != (now.x < after[event.object].x)
            elif event.name == "falls from":
                assert one.parent == event.object
                assert now.parent == -1
                assert now.foot > one.foot + 3
                assert now.on_ground
            elif event.name == "picks up":
                assert before[event.object].parent == -1
                assert (after[event.object].parent, after[event.object].role) == (event.subject, "holding")
            elif event.name == "puts on":
                assert before[event.object].parent == event.subject
                assert after[event.object].role == "on"
            elif event.name == "collides with":
                assert abs(after[event.object].x - before[event.object].x) > 10
    assert set(seen) == set(EVENTS)
    assert min(seen.values()) >= 4


def test_nothing_moves_between_events():
    for stages, happenings in scripts(30, seed=3):
        busy = {frame for event in happenings for frame in range(event.first, event.last)}
        for frame in range(1, len(stages)):
            if frame not in busy and frame - 1 not in busy:
                assert stages[frame].actors == stages[frame - 1].actors


def test_a_film_begins_as_its_picture_where_nothing_enters():
    found = 0
    for index in range(12):
        film = sample_film("train", 2, index)
        if any(event.name == "enters" for event in film.happenings):
            continue
        found += 1
        picture = sample_picture("train", 2, index)
        assert film.stages[0].actors == picture.stage.actors
        assert np.array_equal(film.images[0], picture.image)
    assert found > 3


@pytest.mark.parametrize("split", ["train", "style"])
def test_tracks_are_boxes_and_masks_of_the_same_frames(split):
    for index in range(3):
        film = sample_film(split, 1, index, priors=LIVELY)
        graph, length = film.graph, len(film.images)
        assert graph.sources[0].duration == length / FPS
        for obj in graph.objects:
            boxes, masks = (grounding.region for grounding in obj.groundings)
            assert isinstance(boxes, Track)
            assert [p.frame for p in boxes.points] == [p.frame for p in masks.points]
            for one, two in zip(boxes.points[::5], masks.points[::5], strict=True):
                mask = decode_mask(two.region)
                rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
                assert one.region.xyxy == (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
                assert one.seconds == one.frame / FPS
        for relation in graph.relations:
            assert isinstance(relation.time, TimeSpan)
            assert 0 <= relation.time.start < relation.time.end <= length / FPS


def test_events_are_in_the_graph_with_their_times():
    for index in range(15):
        film = sample_film("train", 4, index, side=64, priors=LIVELY)
        told = [film.graph[name] for name in film.graph.metadata["events"]]
        assert len(told) == len(film.happenings)
        for element, event in zip(told, film.happenings, strict=True):
            assert element.time == TimeSpan(event.first / FPS, event.last / FPS)
            if event.object is None:
                assert (element.object, element.kind, element.value) == (f"o{event.subject}", "action", event.name)
            else:
                ends = (f"o{event.subject}", event.name, f"o{event.object}")
                assert (element.subject, element.predicate, element.object) == ends
                assert event.name in BINARY


def test_what_is_held_is_held_from_when_it_was_picked_up():
    checked = 0
    for index in range(120):
        _, stage = sample_stage("train", 0, index, LIVELY)
        _, happenings = script(stage, stream("train", 0, index, FILM))
        if not any(event.name == "picks up" for event in happenings):
            continue
        film = sample_film("train", 0, index, priors=LIVELY)
        for event in film.happenings:
            if event.name == "picks up":
                held = [
                    r
                    for r in film.graph.relations
                    if (r.subject, r.predicate, r.object) == (f"o{event.subject}", "holding", f"o{event.object}")
                ]
                if held:  # unless the film ends, or it is put down, at once
                    checked += 1
                    assert abs(held[0].time.start - event.last / FPS) <= 1 / FPS
        if checked >= 2:
            break
    assert checked


def test_what_is_carried_comes_along():
    for index in range(40):
        _, stage = sample_stage("train", 5, index, LIVELY)
        actors = {a.index: a for a in stage.actors}
        for root in [a for a in stage.actors if a.on_ground and len(carried(actors, a.index)) > 1]:
            moved = placed(actors, root.index, root.x + 5, root.foot, stage.horizon)
            for i in carried(actors, root.index):
                assert moved[i].x == pytest.approx(actors[i].x + 5)
                assert moved[i].width == pytest.approx(actors[i].width)
            nearer = placed(actors, root.index, root.x, root.foot + 10, stage.horizon)
            assert all(nearer[i].width > actors[i].width for i in carried(actors, root.index))
            twice = facing(facing(actors, root.index, True), root.index, False)
            again = facing(twice, root.index, True)
            assert again == facing(actors, root.index, True)


def test_films_are_deterministic():
    one, two = sample_film("iid", 0, 2, side=64), sample_film("iid", 0, 2, side=64)
    assert np.array_equal(one.images, two.images)
    assert one.graph == two.graph
