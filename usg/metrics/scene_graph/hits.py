"""Which gold relations the ranked predictions of an image hit, and at which rank.

A prediction hits a gold relation when the three labels are equal and the regions overlap by `iou`: subject with subject
and object with object, or the regions around both pairs (phrase detection). With `one_to_one` it takes the gold
relation that it fits best of those not yet taken; else it hits all that it fits, once each. What is hit among the top
K is what has a rank below K: later predictions change nothing of it.

What is ranked (Protocol): with a graph constraint only the best k predicates of an ordered pair; under the
semi-constraint those above a threshold, of some the best.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Literal, NamedTuple

from usg.metrics.scene_graph.protocol import Protocol, Task
from usg.metrics.scene_graph.regions import Floats, link_overlaps, overlaps
from usg.metrics.scene_graph.scene import Link, Scene, label_of

Ranking = Literal["recall", "ng", "semi"]


class Hit(NamedTuple):
    """A gold relation by its number, the rank (from 0) of the prediction that hits it, and what it counts."""

    gold: int
    rank: int
    value: float = 1.0


def rankings_of(protocol: Protocol) -> tuple[Ranking, ...]:
    """The lists that a protocol scores: its own, without constraint, semi-constrained."""
    named: list[Ranking] = ["recall"]
    if protocol.no_constraint:
        named.append("ng")
    if protocol.semi_threshold is not None:
        named.append("semi")
    return tuple(named)


def ranked(scene: Scene, protocol: Protocol, ranking: Ranking = "recall") -> list[int]:
    """The numbers of a scene's links, best first, as many as the ranking keeps.

    >>> from usg.metrics.scene_graph.presets import preset
    >>> from usg.metrics.scene_graph.scene import Thing
    >>> links = (Link(0, "on", 1, 0.5), Link(0, "near", 1, 0.9), Link(1, "under", 0, 0.7))
    >>> scene = Scene("s", (Thing("a", "cat"), Thing("b", "mat")), links)
    >>> ranked(scene, preset("vg150")), ranked(scene, preset("vg150"), "ng")
    ([1, 2], [1, 2, 0])
    """

    def score(number: int) -> float:
        link = scene.links[number]
        if protocol.rank_by == "relation":
            return link.score
        return link.score * scene.things[link.subject].score * scene.things[link.object].score

    order = sorted(range(len(scene.links)), key=lambda number: -score(number))
    if ranking == "semi":
        order = _semi(scene, order, protocol)
    else:
        per_pair = protocol.ng_predicates_per_pair if ranking == "ng" else protocol.predicates_per_pair
        groups = {} if ranking == "ng" else _groups(protocol)
        if per_pair is not None:
            order = _first_of_each(order, per_pair, lambda n: _pair(scene.links[n], groups))
    return order[: protocol.candidates]


def frame_hits(predicted: Scene, gold: Scene, protocol: Protocol, task: Task = "sgdet") -> dict[Ranking, list[Hit]]:
    """What each ranking of the predicted links of an image hits.

    Raises:
        ValueError: masks are missing or do not fit.
    """
    fits = fitting(predicted, gold, protocol, task)
    return {ranking: hits_of(ranked(predicted, protocol, ranking), fits, protocol) for ranking in rankings_of(protocol)}


def hits_of(order: list[int], fits: list[list[tuple[float, int]]], protocol: Protocol) -> list[Hit]:
    """What ranked predictions hit, given the gold relations that each of them fits."""
    found: dict[int, Hit] = {}
    for rank, number in enumerate(order):
        free = [(overlap, gold) for overlap, gold in fits[number] if gold not in found]
        if protocol.one_to_one and free:
            free = [max(free, key=lambda each: (each[0], -each[1]))]
        for _, gold in free:
            found[gold] = Hit(gold, rank)
    return list(found.values())


def fitting(predicted: Scene, gold: Scene, protocol: Protocol, task: Task) -> list[list[tuple[float, int]]]:
    """For each predicted link the gold links that it fits, with the overlap."""
    alike = defaultdict(list)
    for number, link in enumerate(gold.links):
        alike[gold.triple(link)].append(number)
    pairs = [(p, g) for p, link in enumerate(predicted.links) for g in alike.get(predicted.triple(link), ())]
    fits: list[list[tuple[float, int]]] = [[] for _ in predicted.links]
    if not pairs:
        return fits
    overlap = _overlap(predicted, gold, protocol, task)
    for p, g in pairs:
        value = overlap(p, g)
        if value >= protocol.iou:
            fits[p].append((value, g))
    return fits


def _overlap(predicted: Scene, gold: Scene, protocol: Protocol, task: Task) -> Callable[[int, int], float]:
    if task != "sgdet" and protocol.given_regions == "off":
        return lambda p, g: 1.0
    if protocol.overlap == "union":
        of_links: Floats = link_overlaps(predicted, gold, protocol)
        return lambda p, g: float(of_links[p, g])
    of_things: Floats = overlaps(predicted, gold, protocol)

    def lesser(p: int, g: int) -> float:
        one, two = predicted.links[p], gold.links[g]
        return float(min(of_things[one.subject, two.subject], of_things[one.object, two.object]))

    return lesser


def _groups(protocol: Protocol) -> dict[str, int]:
    return {label_of(name): number for number, names in enumerate(protocol.predicate_groups, 1) for name in names}


def _pair(link: Link, groups: dict[str, int]) -> tuple[int, int, int]:
    """What the graph constraint is about: an ordered pair, in each group of predicates apart."""
    return (link.subject, link.object, groups.get(link.predicate, 0))


def _first_of_each(order: list[int], count: int, key: Callable[[int], tuple[int, int, int]]) -> list[int]:
    seen: dict[tuple[int, int, int], int] = defaultdict(int)
    kept = []
    for number in order:
        seen[key(number)] += 1
        if seen[key(number)] <= count:
            kept.append(number)
    return kept


def _semi(scene: Scene, order: list[int], protocol: Protocol) -> list[int]:
    single = {label_of(name): 1 for name in protocol.semi_single}
    threshold = protocol.semi_threshold or 0.0
    best = set(
        _first_of_each(
            [n for n in order if scene.links[n].predicate in single], 1, lambda n: _pair(scene.links[n], single)
        )
    )
    return [
        n for n in order if n in best or (scene.links[n].predicate not in single and scene.links[n].score > threshold)
    ]
