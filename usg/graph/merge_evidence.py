"""Which objects of two graphs may be one, and the best one-to-one choice among them (rule: usg/graph/merge.py)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from usg.graph.elements import Attribute, SceneObject
from usg.graph.region import Box
from usg.graph.scene_graph import SceneGraph

# Weights are whole numbers for exact comparison; ties go to more joins, then to equal ids, then to the order.
_ONE = 10**9
_JOIN = _ONE + 10**6
_EQUAL_ID = 10**3
_ROUNDS = 3


class Pairing:
    """Pairs of objects of `left` and `right` that may be one, weighed.

    Args:
        left: the graph that grows.
        right: the graph that is joined to it.
        grounded: the objects of `right`, grounded in the united sources.
        min_iou: least overlap of boxes in one source.
    """

    def __init__(self, left: SceneGraph, right: SceneGraph, grounded: list[SceneObject], min_iou: float) -> None:
        self.left, self.right = left, right
        self.overlap: dict[tuple[str, str], float] = {}
        by_label: dict[tuple[str, bool], list[SceneObject]] = defaultdict(list)
        for obj in left.objects:
            by_label[obj.label, obj.negated].append(obj)
        for b in grounded:
            for a in by_label.get((b.label, b.negated), ()):
                overlap = box_overlap(a, b)
                if overlap is not None and overlap < min_iou:
                    continue
                if not conflict(left.attributes_of(a.id), right.attributes_of(b.id)):
                    self.overlap[a.id, b.id] = overlap or 0.0
        self.order = {obj.id: i for i, obj in enumerate(left.objects)}

    def best(self) -> dict[str, str]:
        """The object of `left` for each object of `right` that is joined."""
        joined: dict[str, str] = {}
        neighbours = _neighbours(self.left), _neighbours(self.right)
        base = {(a, b): self._evidence(a, b, neighbours) for a, b in self.overlap}
        # Relations to joined neighbours count too, and these are known only after a first choice.
        for _ in range(_ROUNDS):
            weights = {
                (a, b): weight + _ONE * _shared(neighbours[0][a], _through(neighbours[1][b], joined))
                for (a, b), weight in base.items()
            }
            previous, joined = joined, _assign(weights, self.order)
            if joined == previous:
                break
        return joined

    def _evidence(self, a: str, b: str, neighbours: tuple[_Neighbours, _Neighbours]) -> int:
        values = Counter((x.value, x.negated) for x in self.left.attributes_of(a))
        shared = (values & Counter((x.value, x.negated) for x in self.right.attributes_of(b))).total()
        shared += _shared(
            [(role, predicate, self.left.object(other).label) for role, predicate, other in neighbours[0][a]],
            [(role, predicate, self.right.object(other).label) for role, predicate, other in neighbours[1][b]],
        )
        return _JOIN + round(_ONE * (shared + self.overlap[a, b])) + (_EQUAL_ID if a == b else 0)


_Neighbours = dict[str, list[tuple[str, str, str]]]


def _neighbours(graph: SceneGraph) -> _Neighbours:
    """(role, predicate, other object) of every relation of every object."""
    table: _Neighbours = {obj.id: [] for obj in graph.objects}
    for relation in graph.relations:
        table[relation.subject].append(("subject", relation.predicate, relation.object))
        table[relation.object].append(("object", relation.predicate, relation.subject))
    return table


def _through(neighbours: list[tuple[str, str, str]], joined: Mapping[str, str]) -> list[tuple[str, str, str]]:
    return [(role, predicate, joined[other]) for role, predicate, other in neighbours if other in joined]


def _shared(a: list[tuple[str, str, str]], b: list[tuple[str, str, str]]) -> int:
    return (Counter(a) & Counter(b)).total() if a and b else 0


def _assign(weights: Mapping[tuple[str, str], int], order: Mapping[str, int]) -> dict[str, str]:
    """The one-to-one choice of pairs of greatest total weight."""
    rivals = Counter(a for a, _ in weights), Counter(b for _, b in weights)
    settled = {b: a for a, b in weights if rivals[0][a] == rivals[1][b] == 1}
    contested = {(a, b): weight for (a, b), weight in weights.items() if b not in settled}
    if not contested:
        return settled
    import networkx

    market: networkx.Graph[tuple[int, str]] = networkx.Graph()
    columns = {b: j for j, b in enumerate(dict.fromkeys(b for _, b in contested))}
    for (a, b), weight in contested.items():
        # Among equals the pair that stands at like places; squares make crossing worse than going straight.
        market.add_edge((0, a), (1, b), weight=10**9 * weight - (order[a] - columns[b]) ** 2)
    chosen = (sorted(pair) for pair in networkx.max_weight_matching(market))
    return settled | {b: a for (_, a), (_, b) in chosen}


def conflict(a: list[Attribute], b: list[Attribute]) -> bool:
    """Whether two objects with these attributes cannot be one."""
    said = {(x.value, x.negated) for x in a}, {(y.value, y.negated) for y in b}
    for x in a:
        for y in b:
            contrary = x.value == y.value and x.negated != y.negated and _together(x, y)
            # A contradiction that one of the objects has in itself is no reason against the other.
            if contrary and (y.value, y.negated) not in said[0] and (x.value, x.negated) not in said[1]:
                return True
    values: tuple[dict[str, list[Attribute]], ...] = (defaultdict(list), defaultdict(list))
    for table, attributes in zip(values, (a, b), strict=True):
        for attribute in attributes:
            if attribute.kind is not None and not attribute.negated:
                table[attribute.kind].append(attribute)
    for kind in values[0].keys() & values[1].keys():
        left, right = values[0][kind], values[1][kind]
        agree = any(x.value == y.value for x in left for y in right)
        if not agree and any(_together(x, y) for x in left for y in right):
            return True
    return False


def _together(x: Attribute, y: Attribute) -> bool:
    """Whether the times of two attributes meet; an attribute without a time holds always."""
    return x.time is None or y.time is None or (x.time.start < y.time.end and y.time.start < x.time.end)


def box_overlap(a: SceneObject, b: SceneObject) -> float | None:
    """The greatest intersection over union of their boxes in one source; `None` without such boxes."""
    best: float | None = None
    for x in a.groundings:
        for y in b.groundings:
            if x.source == y.source and isinstance(x.region, Box) and isinstance(y.region, Box):
                best = max(best or 0.0, iou(x.region, y.region))
    return best


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes; 1 for equal boxes, also when they have no area.

    >>> iou(Box(0, 0, 2, 2), Box(1, 0, 3, 2))
    0.3333333333333333
    """
    if a == b:
        return 1.0
    width = min(a.x1, b.x1) - max(a.x0, b.x0)
    height = min(a.y1, b.y1) - max(a.y0, b.y0)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (a.area + b.area - width * height)
