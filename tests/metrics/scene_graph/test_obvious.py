"""Recall beside a slow re-implementation that follows the definitions word by word, under random protocols."""

import random
from statistics import fmean

import pytest

from usg.graph import Box
from usg.metrics.scene_graph.presets import preset
from usg.metrics.scene_graph.protocol import Protocol
from usg.metrics.scene_graph.scene import Link, Scene, Thing
from usg.metrics.scene_graph.scores import score_scenes

K = (1, 2, 4, 50)
PREDICATES = ("on", "near", "holding", "under")


def random_scene(generator: random.Random, name: str) -> Scene:
    """A few things of two labels, whose boxes overlap by many degrees; few scores, so that many are equal."""
    things = []
    for i in range(generator.randint(1, 4)):
        x, y = generator.choice([0, 2, 4, 20]), generator.choice([0, 3])
        box = Box(x, y, x + 10, y + generator.choice([8, 10]))
        things.append(Thing(str(i), generator.choice(["man", "dog"]), (box,), generator.choice([0.5, 1.0])))
    links = [
        Link(s, generator.choice(PREDICATES), o, generator.choice([0.2, 0.4, 0.8]))
        for s, o in generator.choices([(s, o) for s in range(len(things)) for o in range(len(things))], k=9)
        if s != o
    ]
    return Scene(name, tuple(things), tuple(generator.sample(links, generator.randint(0, len(links)))))


def random_protocol(generator: random.Random) -> Protocol:
    """The switches that decide about R@K and mR@K of pictures, each drawn."""
    pick = generator.choice
    return Protocol(
        name="random",
        follows="nothing",
        recall_at=K,
        iou=pick([0.3, 0.5, 0.8]),
        box_offset=pick([0.0, 1.0]),
        overlap=pick(["pair", "union"]),  # type: ignore[arg-type]
        average=pick(["image", "pooled"]),  # type: ignore[arg-type]
        class_average=pick(["image", "pooled"]),  # type: ignore[arg-type]
        absent_classes=pick(["zero", "leave out"]),  # type: ignore[arg-type]
        predicate_classes=6,
        predicates=pick([(), ("on", "near")]),
        empty_prediction=pick(["zero", "skip"]),  # type: ignore[arg-type]
        one_to_one=pick([False, True]),
        predicates_per_pair=pick([None, 1, 2]),
        predicate_groups=pick([(), (("on", "under"), ("near",))]),
        candidates=pick([None, 3]),
        rank_by=pick(["product", "relation"]),  # type: ignore[arg-type]
        no_constraint=True,
    )


def iou(one: Box, two: Box, offset: float) -> float:
    def side(low: float, high: float) -> float:
        return max(0.0, high - low + offset)

    both = side(max(one.x0, two.x0), min(one.x1, two.x1)) * side(max(one.y0, two.y0), min(one.y1, two.y1))
    areas = [side(box.x0, box.x1) * side(box.y0, box.y1) for box in (one, two)]
    return both / (sum(areas) - both)


def around(one: Box, two: Box) -> Box:
    return Box(min(one.x0, two.x0), min(one.y0, two.y0), max(one.x1, two.x1), max(one.y1, two.y1))


def overlap(said: Scene, link: Link, gold: Scene, true: Link, protocol: Protocol) -> float:
    boxes = [
        [scene.things[number].regions[0] for number in (each.subject, each.object)]
        for scene, each in ((said, link), (gold, true))
    ]
    if protocol.overlap == "union":
        return iou(around(*boxes[0]), around(*boxes[1]), protocol.box_offset)  # type: ignore[arg-type]
    return min(iou(one, two, protocol.box_offset) for one, two in zip(*boxes, strict=True))  # type: ignore[arg-type]


def listed(scene: Scene, protocol: Protocol, ng: bool) -> list[Link]:
    """The ranked list: by falling score, no pair (in a group of predicates) more often than allowed, the first ones."""

    def score(link: Link) -> float:
        both = scene.things[link.subject].score * scene.things[link.object].score
        return link.score * (both if protocol.rank_by == "product" else 1)

    kept: list[tuple] = []
    for link in sorted(scene.links, key=score, reverse=True):
        group = next((names for names in protocol.predicate_groups if link.predicate in names), None)
        pair = (link.subject, link.object, None if ng else group)
        most = None if ng else protocol.predicates_per_pair
        if most is None or [key for _, key in kept].count(pair) < most:
            kept.append((link, pair))
    return [link for link, _ in kept][: protocol.candidates]


def found(said: Scene, gold: Scene, protocol: Protocol, ng: bool, k: int) -> list[bool]:
    """Of each gold relation whether one of the k best predictions hits it."""
    hit = [False] * len(gold.links)
    for link in listed(said, protocol, ng)[:k]:
        fitting = []
        for number, true in enumerate(gold.links):
            value = overlap(said, link, gold, true, protocol)
            if said.triple(link) == gold.triple(true) and value >= protocol.iou and not hit[number]:
                fitting.append((value, -number))
        for _, number in [max(fitting)] if fitting and protocol.one_to_one else fitting:
            hit[-number] = True
    return hit


def recall(hits: list[list[bool]], average: str) -> float:
    """Over the images that have a gold relation."""
    if average == "pooled":
        return fmean(hit for each in hits for hit in each)
    return fmean(fmean(each) for each in hits if each)


def expected(said: list[Scene], gold: list[Scene], protocol: Protocol, ng: bool, k: int) -> tuple[float, float] | None:
    """R@K and mR@K; None where nothing counts."""
    said, gold = ([scene.only(protocol.predicates) for scene in side] for side in (said, gold))
    skip = protocol.empty_prediction == "skip"
    counted = [(s, g) for s, g in zip(said, gold, strict=True) if g.links and (s.links or not skip)]
    if not counted:
        return None
    hits = [found(s, g, protocol, ng, k) for s, g in counted]
    by_predicate = []
    for predicate in {link.predicate for _, g in counted for link in g.links}:
        of_it = [
            [hit for hit, link in zip(each, g.links, strict=True) if link.predicate == predicate]
            for each, (_, g) in zip(hits, counted, strict=True)
        ]
        by_predicate.append(recall(of_it, protocol.class_average))
    count = len(by_predicate) if protocol.absent_classes == "leave out" else len(protocol.predicates) or 6
    return recall(hits, protocol.average), sum(by_predicate) / count


@pytest.mark.parametrize("seed", range(150))
def test_recall_is_what_the_definitions_say(seed: int) -> None:
    generator = random.Random(seed)
    protocol = random_protocol(generator)
    gold = [random_scene(generator, f"gold {i}") for i in range(4)]
    # Some predictions repeat the gold, so that hits are many; some are of anything.
    said = [generator.choice([random_scene(generator, f"said {i}"), gold[i]]) for i in range(4)]
    if not any(scene.only(protocol.predicates).links for scene in gold):
        return
    values = score_scenes(said, gold, protocol).values()
    for prefix in ("", "ng_"):
        for k in K:
            pair = expected(said, gold, protocol, prefix == "ng_", k)
            names = (f"{prefix}recall_at_{k}", f"{prefix}mean_recall_at_{k}")
            if pair is None:
                assert not set(names) & set(values)
            else:
                assert tuple(values[name] for name in names) == pytest.approx(pair), (protocol, k)


def test_the_draws_reach_hits_and_misses() -> None:
    generator = random.Random(0)
    scenes = [random_scene(generator, str(i)) for i in range(60)]
    values = score_scenes(scenes[:30], scenes[30:], preset("usg").changed({"iou": "0.3"})).values()
    assert 0.05 < values["recall_at_50"] < 0.5
