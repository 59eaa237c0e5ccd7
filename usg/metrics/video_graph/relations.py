"""Relations of films: which gold relations the ranked predictions hit, by the overlap of their tubes.

vIoU of a predicted and a gold relation with equal labels (Protocol.viou):

    "frames"   frames in which both hold and subject and object overlap by `iou` each
               / frames in which either holds (`span_union` "gold": in which the gold one holds)
    "volume"   pixels of both tubes / pixels of either, over the frames in which its relation holds; the lesser of
               subject and object

In "frames" the spans of one pair and predicate are one relation (PVSG; Yang et al., CVPR 2023); in "volume" each is its
own (VidVRD; Shang et al., ACM Multimedia 2017). A hit has `least_viou`; a soft one counts its vIoU, a weak one has
`weak_viou`. Of a film also come average precision (area under the envelope of precision over recall) and tagging
precision, which asks for labels alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from usg.metrics.scene_graph.hits import Hit, ranked
from usg.metrics.scene_graph.protocol import Protocol
from usg.metrics.scene_graph.scene import Link, Scene
from usg.metrics.video_graph.film import FilmOverlap, Flags, holds, points_of


@dataclass(frozen=True)
class FilmScene:
    """A scene whose links are those that are scored, and the frames `(f,)` in which each of them holds."""

    scene: Scene
    frames: list[Flags]


@dataclass(frozen=True)
class FilmHits:
    """What the predictions of a film hit.

    Attributes:
        strict: hits, counting 1.
        soft: the same hits, counting their vIoU.
        weak: hits of `weak_viou`; those of one gold relation count apart unless `weak_once`.
        correct: of each ranked prediction whether it hits a gold relation that none before it did.
    """

    strict: list[Hit]
    soft: list[Hit]
    weak: list[Hit]
    correct: list[bool]


def film_scene(scene: Scene, overlap: FilmOverlap, protocol: Protocol) -> FilmScene:
    """The links of a scene with the frames in which they hold; in "frames" the spans of one pair are one link."""
    points = points_of(scene)
    place = {frame: i for i, frame in enumerate(overlap.frames.tolist())}
    links: list[Link] = []
    frames: list[Flags] = []
    known: dict[tuple[int, str, int], int] = {}
    for link in scene.links:
        held = np.zeros(len(place), dtype=bool)
        one, two = points[link.subject], points[link.object]
        for frame in one.keys() & two.keys() & place.keys():
            held[place[frame]] = holds(link.time, one[frame][0].seconds)
        key = (link.subject, link.predicate, link.object)
        if protocol.viou == "frames" and key in known:
            at = known[key]
            frames[at] |= held
            links[at] = replace(links[at], score=max(links[at].score, link.score))
            continue
        known[key] = len(links)
        links.append(link)
        frames.append(held)
    return FilmScene(replace(scene, links=tuple(links)), frames)


def film_hits(predicted: FilmScene, gold: FilmScene, overlap: FilmOverlap, protocol: Protocol) -> FilmHits:
    """What the ranked predictions of a film hit."""
    order = ranked(predicted.scene, protocol)
    fits = _fitting(predicted, gold, overlap, protocol)
    taken: dict[int, Hit] = {}
    weak: list[Hit] = []
    weakly: set[int] = set()
    correct = []
    for rank, number in enumerate(order):
        free = {g: value for g, value in fits[number].items() if g not in taken}
        if protocol.weak_viou is not None:
            for g, value in free.items():
                if value >= protocol.weak_viou and not (protocol.weak_once and g in weakly):
                    weakly.add(g)
                    weak.append(Hit(g, rank))
        hit = {g: value for g, value in free.items() if value >= protocol.least_viou}
        if protocol.one_to_one and hit:
            best = max(hit, key=lambda g: (hit[g], -g))
            hit = {best: hit[best]}
        taken |= {g: Hit(g, rank, value) for g, value in hit.items()}
        correct.append(bool(hit))
    soft = list(taken.values())
    return FilmHits([replace_value(each) for each in soft], soft, weak, correct)


def replace_value(hit: Hit) -> Hit:
    """The hit, counting 1."""
    return Hit(hit.gold, hit.rank)


def average_precision(correct: list[bool], gold: int) -> float:
    """Area under the envelope of precision over recall, as in VOC from 2010 on.

    Args:
        correct: of each prediction, best first, whether it hits.
        gold: how many there are to hit.

    >>> average_precision([True, False, True, True], 4)
    0.625
    """
    hits = np.cumsum(correct)
    if not len(hits) or not gold:
        return 0.0
    precision = hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(envelope[np.array(correct)].sum() / gold)


def tagging_precision(predicted: FilmScene, gold: FilmScene, protocol: Protocol) -> dict[int, float]:
    """Of each n the share of the n best different label triples that the gold has; of fewer where fewer are said."""
    true = {gold.scene.triple(link) for link in gold.scene.links}
    order = ranked(predicted.scene, protocol)
    said = list(dict.fromkeys(predicted.scene.triple(predicted.scene.links[number]) for number in order))
    return {n: float(np.mean([triple in true for triple in said[:n]])) if said else 0.0 for n in protocol.precision_at}


def _fitting(
    predicted: FilmScene, gold: FilmScene, overlap: FilmOverlap, protocol: Protocol
) -> list[Mapping[int, float]]:
    """For each predicted link the gold links of equal labels and their vIoU, where it is above 0."""
    alike = defaultdict(list)
    for g, link in enumerate(gold.scene.links):
        alike[gold.scene.triple(link)].append(g)
    viou = _in_frames if protocol.viou == "frames" else _in_volume
    found: list[Mapping[int, float]] = []
    for p, link in enumerate(predicted.scene.links):
        fits = {}
        for g in alike.get(predicted.scene.triple(link), ()):
            value = viou(link, gold.scene.links[g], predicted.frames[p], gold.frames[g], overlap, protocol)
            if value > 0:
                fits[g] = value
        found.append(fits)
    return found


def _in_frames(one: Link, two: Link, said: Flags, true: Flags, overlap: FilmOverlap, protocol: Protocol) -> float:
    iou = overlap.iou
    near = (iou[:, one.subject, two.subject] >= protocol.iou) & (iou[:, one.object, two.object] >= protocol.iou)
    either = true if protocol.span_union == "gold" else said | true
    return float((said & true & near).sum() / max(either.sum(), 1))


def _in_volume(one: Link, two: Link, said: Flags, true: Flags, overlap: FilmOverlap, protocol: Protocol) -> float:
    values = []
    for p, g in ((one.subject, two.subject), (one.object, two.object)):
        both = overlap.both[said & true, p, g].sum()
        either = overlap.predicted[said, p].sum() + overlap.gold[true, g].sum() - both
        values.append(both / either if either > 0 else 0.0)
    return float(min(values))
