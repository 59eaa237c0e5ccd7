"""Films beside slow re-implementations that follow the definitions word by word, on random films."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import permutations

import pytest

from usg.graph import Box, TimeSpan, Track, TrackPoint
from usg.metrics.scene_graph.presets import preset
from usg.metrics.scene_graph.protocol import Protocol
from usg.metrics.scene_graph.scene import Link, Scene, Thing
from usg.metrics.video_graph.scores import score_films

FPS = 4
Boxes = dict[int, Box]  # by frame


def boxes_of(thing: Thing) -> Boxes:
    return {point.frame: point.region for track in thing.regions for point in track.points}  # type: ignore[union-attr, misc]


def random_scene(generator: random.Random, name: str) -> Scene:
    things = []
    for i in range(generator.choice([1, 2, 2, 3])):
        x, frames = generator.choice([0, 2, 20]), range(generator.randint(0, 2), generator.randint(6, 9))
        wide = generator.choice([6, 10])
        points = tuple(TrackPoint(f, f / FPS, Box(x, 0, x + wide + f % 2, 10)) for f in frames)
        things.append(Thing(str(i), generator.choice(["man", "dog"]), (Track(points),), generator.choice([0.5, 1.0])))
    return Scene(name, tuple(things), random_links(generator, len(things)))


def random_links(generator: random.Random, things: int) -> tuple[Link, ...]:
    links = []
    for _ in range(generator.choice([0, 4, 8]) if things > 1 else 0):
        subject, other = generator.sample(range(things), 2)
        start = generator.randint(0, 5)
        span = TimeSpan(start / FPS, generator.randint(start + 1, 8) / FPS)
        predicate = generator.choice(["on", "near"])
        links.append(
            Link(subject, predicate, other, generator.choice([0.4, 0.6, 0.8]), generator.choice([span, span, None]))
        )
    return tuple(links)


def prediction(generator: random.Random, gold: Scene) -> Scene:
    """Of anything; or of the things of the gold, that hits are many; or the gold."""
    links = random_links(generator, len(gold.things))
    narrower = tuple(replace(each, regions=tuple(map(narrowed, each.regions))) for each in gold.things)  # type: ignore[arg-type]
    own = [replace(gold, links=links), replace(gold, things=narrower, links=links), replace(gold, things=narrower)]
    return generator.choice([random_scene(generator, "said"), gold, *own])


def narrowed(track: Track) -> Track:
    """A track of whose boxes half of the frames have 0.6 of the width."""
    boxes = [(point, point.region) for point in track.points]
    return Track(
        tuple(
            replace(point, region=Box(box.x0, 0, box.x0 + (box.x1 - box.x0) * (0.6 if i % 2 else 1), 10))  # type: ignore[union-attr]
            for i, (point, box) in enumerate(boxes)
        )
    )


def same(one: Link, two: Link) -> bool:
    return (one.subject, one.predicate, one.object) == (two.subject, two.predicate, two.object)


def area(box: Box | None) -> float:
    return 0.0 if box is None else (box.x1 - box.x0) * (box.y1 - box.y0)


def common(one: Box | None, two: Box | None) -> float:
    if one is None or two is None:
        return 0.0
    wide, high = min(one.x1, two.x1) - max(one.x0, two.x0), min(one.y1, two.y1) - max(one.y0, two.y0)
    return max(0.0, wide) * max(0.0, high)


def iou(one: Box | None, two: Box | None) -> float:
    both = common(one, two)
    return both / (area(one) + area(two) - both) if both else 0.0


def held(scene: Scene, link: Link) -> set[int]:
    """The frames in which both ends are there and the span holds."""
    there = boxes_of(scene.things[link.subject]).keys() & boxes_of(scene.things[link.object]).keys()
    return {f for f in there if link.time is None or link.time.start <= f / FPS < link.time.end}


def relations(scene: Scene, protocol: Protocol) -> list[tuple[Link, set[int], float]]:
    """Relations, the frames that they hold in, and their scores, ranked; in "frames" spans of one are united."""
    found: list[tuple[Link, set[int], float]] = []
    for link in scene.links:
        for i, (other, frames, score) in enumerate(found):
            if protocol.viou == "frames" and same(link, other):
                found[i] = (other, frames | held(scene, link), max(score, link.score))
                break
        else:
            found.append((link, held(scene, link), link.score))

    def product(row: tuple[Link, set[int], float]) -> float:
        ends = scene.things[row[0].subject].score * scene.things[row[0].object].score
        return row[2] * (ends if protocol.rank_by == "product" else 1)

    return sorted(found, key=product, reverse=True)


def viou(said: Scene, one: tuple, gold: Scene, two: tuple, protocol: Protocol) -> float:
    ends = [
        (boxes_of(said.things[a]), boxes_of(gold.things[b]))
        for a, b in ((one[0].subject, two[0].subject), (one[0].object, two[0].object))
    ]
    if protocol.viou == "frames":
        hits = [f for f in one[1] & two[1] if all(iou(p[f], g[f]) >= protocol.iou for p, g in ends)]
        either = two[1] if protocol.span_union == "gold" else one[1] | two[1]
        return len(hits) / max(len(either), 1)
    ratios = []
    for p, g in ends:
        both = sum(common(p[f], g[f]) for f in one[1] & two[1])
        either = sum(area(p[f]) for f in one[1]) + sum(area(g[f]) for f in two[1]) - both
        ratios.append(both / either if either else 0.0)
    return min(ratios)


def hits(said: Scene, gold: Scene, protocol: Protocol, k: int) -> list[float]:
    """The vIoU by which each gold relation is hit by the k best, 0 where it is not."""
    true = relations(gold, protocol)
    found = [0.0] * len(true)
    for one in relations(said, protocol)[:k]:
        fitting = []
        for number, two in enumerate(true):
            value = viou(said, one, gold, two, protocol)
            if said.triple(one[0]) == gold.triple(two[0]) and value >= protocol.least_viou and not found[number]:
                fitting.append((value, -number))
        for value, number in [max(fitting)] if fitting and protocol.one_to_one else fitting:
            found[-number] = value
    return found


@pytest.mark.parametrize("name", ["pvsg", "pvsg-public", "vidvrd", "usg-film"])
@pytest.mark.parametrize("seed", range(25))
def test_recall_is_what_the_definitions_say(name: str, seed: int) -> None:
    generator = random.Random(seed)
    switches = {
        "region": "box",
        "recall_at": "1,2,50",
        "least_viou": generator.choice(["0.2", "0.5"]),
        "iou": generator.choice(["0.5", "0.7"]),
    }
    protocol = preset(name).changed(switches)
    gold = [random_scene(generator, f"gold {i}") for i in range(3)]
    said = [prediction(generator, each) for each in gold]
    values = score_films(said, gold, protocol).values()
    for k in (1, 2, 50):
        counted = [found for s, g in zip(said, gold, strict=True) if (found := hits(s, g, protocol, k))]
        if not counted:
            assert f"recall_at_{k}" not in values
            continue
        for prefix, rows in (("", [[float(v > 0) for v in each] for each in counted]), ("soft_", counted)):
            if prefix and not protocol.soft:
                continue
            pooled = sum(map(sum, rows)) / sum(map(len, rows))
            mean = sum(sum(each) / len(each) for each in rows) / len(rows)
            expected = pooled if protocol.average == "pooled" else mean
            assert values[f"{prefix}recall_at_{k}"] == pytest.approx(expected), k


def identities(said: Scene, gold: Scene) -> tuple[int, list[dict[int, int]]]:
    """The most frames in which tracks overlap by half when they are assigned one to one, and the ways to have them."""
    table = [
        [sum(iou(boxes_of(p).get(f), boxes_of(g).get(f)) >= 0.5 for f in range(9)) for g in gold.things]
        for p in said.things
    ]
    short, long = sorted([len(said.things), len(gold.things)])
    ways = []
    for order in permutations(range(long), short):
        pairs = [(i, j) if len(said.things) == short else (j, i) for i, j in enumerate(order)]
        ways.append((sum(table[p][g] for p, g in pairs), {p: g for p, g in pairs if table[p][g]}))
    best = max(frames for frames, _ in ways)
    return best, [way for frames, way in ways if frames == best]


def events_found(events: list[Link], true: list[Link], who: dict[int, int], least: float) -> int:
    """How many events, by falling score, get a gold event that is still free: the one of most overlap in time."""

    def overlap(event: Link, other: Link) -> float:
        assert event.time and other.time
        whose = Link(who.get(event.subject, -1), event.predicate, who.get(event.object, -1))
        both = min(event.time.end, other.time.end) - max(event.time.start, other.time.start)
        either = max(event.time.end, other.time.end) - min(event.time.start, other.time.start)
        return max(0.0, both) / either if same(whose, other) else 0.0

    free, right = list(true), 0
    for event in sorted(events, key=lambda link: -link.score):
        best = max(free, key=lambda other: overlap(event, other), default=None)
        if best is not None and overlap(event, best) >= least:
            free = [other for other in free if other is not best]
            right += 1
    return right


@pytest.mark.parametrize("seed", range(60))
def test_identities_and_events_are_what_the_definitions_say(seed: int) -> None:
    generator = random.Random(seed)
    gold = random_scene(generator, "gold")
    said = prediction(generator, gold)
    protocol = preset("usg-film").changed({"event_tiou": "0.4"})
    values = score_films([said], [gold], protocol).values()
    found, ways = identities(said, gold)
    boxes = sum(len(boxes_of(thing)) for scene in (said, gold) for thing in scene.things)
    assert values["idf1"] == pytest.approx(2 * found / boxes)
    events, true = ([link for link in scene.links if link.time is not None] for scene in (said, gold))
    if not true:
        assert "event_f1" not in values
        return
    # Where several assignments are best, any may be taken.
    right = [2 * events_found(events, true, way, 0.4) / (len(events) + len(true)) for way in ways]
    assert any(values["event_f1"] == pytest.approx(each) for each in right)
