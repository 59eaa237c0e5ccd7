"""Joining several graphs of one scene into one: several regions of an image, several captions, several parsers.

Two objects of different graphs may be one object when

- their labels and their negation are equal,
- no kind of attribute contradicts: for a kind that both have, they share a value (or hold at different times), and
  neither denies what the other says,
- where both have boxes in one source, some pair of boxes overlaps by at least `min_iou`.

Among these pairs the joins are chosen one-to-one, so that two objects of one graph are never joined with each other,
by greatest total weight: one for the join itself, and one for each shared attribute, each shared relation to an
equally labelled neighbour, each shared relation to a joined neighbour, and the overlap where both have boxes. This is
the rule that needs no training; it stands where a learned association of nodes can be put later.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from usg.graph.elements import Attribute, Element, Grounding, Relation, SceneObject, Source
from usg.graph.merge_evidence import Pairing
from usg.graph.scene_graph import SceneGraph

_E = TypeVar("_E", SceneObject, Attribute, Relation)


def merge(graphs: Iterable[SceneGraph], *, min_iou: float = 0.3) -> SceneGraph:
    """One graph of several graphs of one scene.

    The graphs are joined from left to right by the rule of the module docstring. What is joined keeps the id it had
    first; what is new keeps its own id, or gets `g1.` (`g2.`, ...: the number of its graph) before it where the id
    is taken. Sources that are equal but for their id are one source. Attributes and relations that say the same of
    the same objects are one, with the groundings of both; of two scores the higher stays. Of two values under one
    key of the metadata the first stays.

    Args:
        graphs: at least one.
        min_iou: least overlap, in [0, 1], of the boxes of one object in one source.

    Raises:
        ValueError: no graph, or `min_iou` is not in [0, 1].

    >>> left = SceneGraph(objects=[SceneObject("o0", "dog")], attributes=[Attribute("a0", "o0", "wet", kind="state")])
    >>> right = SceneGraph(
    ...     objects=[SceneObject("o0", "ball"), SceneObject("o1", "dog")],
    ...     relations=[Relation("r0", "o1", "chasing", "o0")],
    ... )
    >>> both = merge([left, right])
    >>> [(obj.id, obj.label) for obj in both.objects], both.triples
    ([('o0', 'dog'), ('g1.o0', 'ball')], [('dog', 'chasing', 'ball')])
    """
    graphs = list(graphs)
    if not graphs:
        raise ValueError("nothing to merge; give at least one graph")
    if not 0.0 <= min_iou <= 1.0:
        raise ValueError(f"min_iou is {min_iou!r}, expected a number in [0, 1]")
    merged = graphs[0]
    for number, graph in enumerate(graphs[1:], start=1):
        merged = _join(merged, graph, f"g{number}.", min_iou)
    return merged


def _join(left: SceneGraph, right: SceneGraph, prefix: str, min_iou: float) -> SceneGraph:
    sources, source_of = _join_sources(left.sources, right.sources, prefix)
    graft = _Graft(left, right, source_of, prefix)
    # Grounded in the united sources, so that "one source" can be told by the id.
    grounded = [graft.ground(obj) for obj in right.objects]
    joined = Pairing(left, right, grounded, min_iou).best()
    return SceneGraph(
        sources,
        graft.objects(grounded, joined),
        graft.attributes(),
        graft.relations(),
        {**right.metadata, **left.metadata},
    )


def _join_sources(
    left: tuple[Source, ...], right: tuple[Source, ...], prefix: str
) -> tuple[tuple[Source, ...], dict[str, str]]:
    """The united sources, and the new id of each source of the right."""
    sources, new_id = list(left), {}
    for source in right:
        same = [old for old in left if old == source or (_is_known(old) and replace(old, id=source.id) == source)]
        # Of several equal ones the one of the same id, if there is.
        same.sort(key=lambda old: old.id != source.id)
        if same:
            new_id[source.id] = same[0].id
        else:
            taken = {old.id for old in sources} | ({other.id for other in right} - {source.id})
            new_id[source.id] = _free(source.id, taken, prefix)
            sources.append(replace(source, id=new_id[source.id]))
    return tuple(sources), new_id


def _is_known(source: Source) -> bool:
    """Whether the source says what it is: two nameless images need not be one."""
    return source.uri is not None or source.text is not None


def _free(id: str, taken: set[str], prefix: str) -> str:
    while id in taken:
        id = prefix + id
    return id


class _Graft:
    """The right graph on its way into the left: the ids it gets there, and what it has in common with it."""

    def __init__(self, left: SceneGraph, right: SceneGraph, source_of: Mapping[str, str], prefix: str) -> None:
        self.left, self.right, self.source_of, self.prefix = left, right, source_of, prefix
        self.id_of: dict[str, str] = {}
        self.taken = {element.id for element in left.elements()}
        self.right_ids = {element.id for element in right.elements()}

    def objects(self, grounded: list[SceneObject], joined: Mapping[str, str]) -> tuple[SceneObject, ...]:
        """Objects of both; `joined` names the object of the left for objects of the right."""
        additions: dict[str, SceneObject] = {}
        new = []
        for obj in grounded:
            if obj.id in joined:
                self.id_of[obj.id] = joined[obj.id]
                additions[joined[obj.id]] = obj
            else:
                new.append(replace(obj, id=self._name(obj.id)))
        old = [_unite(obj, additions[obj.id]) if obj.id in additions else obj for obj in self.left.objects]
        return (*old, *new)

    def attributes(self) -> tuple[Attribute, ...]:
        """Attributes of both, those of the right with their new owners."""
        moved = [replace(self.ground(a), object=self.id_of[a.object]) for a in self.right.attributes]
        return self._statements(self.left.attributes, moved, lambda a: (a.object, a.value, a.negated, a.time))

    def relations(self) -> tuple[Relation, ...]:
        """Relations of both, those of the right with their new ends."""
        moved = [
            replace(self.ground(r), subject=self.id_of[r.subject], object=self.id_of[r.object])
            for r in self.right.relations
        ]
        return self._statements(
            self.left.relations, moved, lambda r: (r.subject, r.predicate, r.object, r.negated, r.time)
        )

    def ground(self, element: _E) -> _E:
        """The element grounded in the united sources."""
        if not element.groundings:
            return element
        return replace(
            element, groundings=tuple(replace(g, source=self.source_of[g.source]) for g in element.groundings)
        )

    def _statements(self, left: tuple[_E, ...], right: list[_E], key: Any) -> tuple[_E, ...]:
        """Unite equal statements one-to-one, so that one that stands twice in a graph stands twice in the union."""
        out = list(left)
        places: dict[Any, list[int]] = defaultdict(list)
        for i, statement in enumerate(left):
            places[key(statement)].append(i)
        for statement in right:
            candidates = places[key(statement)]
            fitting = [i for i in candidates if _compatible(out[i], statement)]
            # One of the same kind and number before one that merely does not say.
            match = min(fitting, key=lambda i: _details(out[i]) != _details(statement), default=None)
            if match is None:
                out.append(replace(statement, id=self._name(statement.id)))
            else:
                candidates.remove(match)
                out[match] = _unite(out[match], statement)
        return tuple(out)

    def _name(self, id: str) -> str:
        name = id
        while name in self.taken or (name != id and name in self.right_ids):
            name = self.prefix + name
        self.taken.add(name)
        self.id_of[id] = name
        return name


def _details(statement: Element) -> tuple[object, ...]:
    return (statement.kind, statement.number) if isinstance(statement, Attribute) else ()


def _compatible(a: Element, b: Element) -> bool:
    """Whether kind and number of two attributes agree or are missing in one."""
    return all(x is None or y is None or x == y for x, y in zip(_details(a), _details(b), strict=True))


def _unite(a: _E, b: _E) -> _E:
    """`a` with the groundings of `b`, the higher score, and the kind and number of `b` where `a` has none."""
    scores = [score for score in (a.score, b.score) if score is not None]
    changes: dict[str, Any] = {"groundings": _union(a.groundings, b.groundings), "score": max(scores, default=None)}
    if isinstance(a, Attribute) and isinstance(b, Attribute):
        changes |= {
            "kind": b.kind if a.kind is None else a.kind,
            "number": b.number if a.number is None else a.number,
        }
    return replace(a, **changes)


def _union(a: tuple[Grounding, ...], b: tuple[Grounding, ...]) -> tuple[Grounding, ...]:
    return a + tuple(grounding for grounding in b if grounding not in a)
