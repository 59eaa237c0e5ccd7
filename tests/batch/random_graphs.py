"""Random scene graphs with every kind of source and region, for properties of packing."""

from __future__ import annotations

import random
from dataclasses import replace

from usg.graph import (
    Attribute,
    Box,
    Grounding,
    Mask,
    Relation,
    SceneGraph,
    SceneObject,
    Source,
    TextSpan,
    TimeSpan,
    Track,
    TrackPoint,
)

NOUNS = ["man", "horse", "tree", "traffic light", "skateboard", "dog"]
VALUES = {"red": "colour", "brown": "colour", "tall": "size", "two": None, "wooden": None}
"""Attribute values and their kinds."""
PREDICATES = ["riding", "next to", "under", "on"]
CAPTIONS = [
    "A man, riding the brown horse.",
    "two tall trees (under the wooden sky) ... and a dog's skateboard!",
    "",
    "red RED red",
]


def random_graph(seed: int) -> SceneGraph:
    """A graph of up to 6 objects; about one in eight is empty."""
    rng = random.Random(seed)
    if rng.random() < 1 / 8:
        return SceneGraph()
    sources = [
        Source("image", "image", width=rng.choice([None, 64]), height=48),
        Source("video", "video", width=32, height=32, duration=rng.choice([None, 10.0])),
        *(Source(f"c{i}", "text", text=rng.choice(CAPTIONS)) for i in range(rng.randint(0, 3))),
        Source("cloud", "points"),
    ]
    rng.shuffle(sources)

    def groundings() -> tuple[Grounding, ...]:
        return tuple(_grounding(rng, rng.choice(sources)) for _ in range(rng.randint(0, 3)))

    def time() -> TimeSpan | None:
        return rng.choice([None, TimeSpan(1.0, 2.5)])

    objects = [
        SceneObject(f"o{i}", rng.choice(NOUNS), negated=rng.random() < 0.2, groundings=groundings())
        for i in range(rng.randint(1, 6))
    ]
    ids = [obj.id for obj in objects]
    attributes = []
    for i in range(rng.randint(0, 6)):
        owner, value = rng.choice(ids), rng.choice(list(VALUES))
        negated = rng.random() < 0.2
        attribute = Attribute(f"a{i}", owner, value, kind=VALUES[value], negated=negated, time=time())
        attributes.append(replace(attribute, groundings=groundings()))
    relations = [
        Relation(
            f"r{i}", rng.choice(ids), rng.choice(PREDICATES), rng.choice(ids), time=time(), groundings=groundings()
        )
        for i in range(rng.randint(0, 5))
    ]
    return SceneGraph(sources=sources, objects=objects, attributes=attributes, relations=relations)


def _grounding(rng: random.Random, source: Source) -> Grounding:
    x, y = rng.uniform(0, 20), rng.uniform(0, 20)
    box = Box(x, y, x + rng.uniform(0, 10), y + rng.uniform(0, 10))
    if source.modality == "text":
        length = len(source.text or "")
        cuts = sorted(rng.sample(range(length + 1), 4)) if length >= 4 else []
        if not cuts:
            return Grounding(source.id)
        spans = ((cuts[0], cuts[1]), (cuts[2], cuts[3])) if rng.random() < 0.3 else ((cuts[0], cuts[3]),)
        return Grounding(source.id, TextSpan(spans))
    if source.modality == "video":
        points = tuple(TrackPoint(i, i / 2, box) for i in range(rng.randint(1, 3)))
        return Grounding(source.id, rng.choice([Track(points), TimeSpan(0.5, 4.0), box, None]))
    if source.modality == "image":
        return Grounding(source.id, rng.choice([box, Mask(4, 4, "04"), None]))
    return Grounding(source.id)
