"""What a scene graph shows of a world scene, as codes: the evidence that the posterior is conditioned on.

Read: object labels, attribute values, relations. Never read: boxes, captions, latents. The label of the element asked
about is not read either, whatever stands there.
"""

from __future__ import annotations

from dataclasses import dataclass

from usg.graph.scene_graph import SceneGraph
from usg.names import unknown_name
from usg.world import tables
from usg.world.draw import NO_PARENT
from usg.world.priors import Priors
from usg.world.spatial import SPATIAL

_TABLE_OF_KIND = {"colour": "colours", "size": "sizes", "texture": "textures"}
HIDDEN = -1


@dataclass(slots=True)
class Observation:
    """Codes of a scene of n objects; `HIDDEN` where the graph says nothing or must not be asked."""

    labels: list[int]
    values: dict[str, list[int]]
    """Kind (colour, size, texture) to codes, one an object."""
    states: list[str | None]
    parents: list[int]
    roles: list[int]
    spatial: list[tuple[int, str, int]]
    index: dict[str, int]
    """Object id to its place."""

    def flies(self, priors: Priors, i: int) -> bool:
        """Says whether object i, whose label is known, is in the air."""
        return self.parents[i] == NO_PARENT and bool(priors.airborne[self.labels[i]])


def observe(graph: SceneGraph, priors: Priors, hidden: str | None = None) -> Observation:
    """Reads a graph of the world.

    Args:
        graph: a scene of the world, all of it or with elements removed.
        priors: names the codes.
        hidden: id of the object or attribute whose label or value must not be read.

    Raises:
        LookupError: if a label, value or predicate is none of the world's.
    """
    codes = priors.codes
    index = {obj.id: i for i, obj in enumerate(graph.objects)}
    n = len(index)
    labels = [HIDDEN if obj.id == hidden else _code("label", obj.label, codes["labels"]) for obj in graph.objects]
    values: dict[str, list[int]] = {kind: [HIDDEN] * n for kind in _TABLE_OF_KIND}
    states: list[str | None] = [None] * n
    for attribute in graph.attributes:
        if attribute.id == hidden:
            continue
        kind, i = attribute.kind or "", index[attribute.object]
        if kind == "state":
            states[i] = attribute.value
        elif kind in values:
            values[kind][i] = _code(kind, attribute.value, codes[_TABLE_OF_KIND[kind]])
        else:
            raise LookupError(f"attribute {attribute.id!r}: {unknown_name('kind', kind, (*values, 'state'))}")
    parents, roles, spatial = [NO_PARENT] * n, [0] * n, []
    for relation in graph.relations:
        subject, other = index[relation.subject], index[relation.object]
        if relation.predicate in codes["roles"]:
            parent_first = relation.predicate in tables.PARENT_IS_SUBJECT
            child, parent = (other, subject) if parent_first else (subject, other)
            parents[child], roles[child] = parent, codes["roles"][relation.predicate]
        elif relation.predicate in SPATIAL:
            spatial.append((subject, relation.predicate, other))
        else:
            raise LookupError(
                f"relation {relation.id!r}: {unknown_name('predicate', relation.predicate, (*priors.roles, *SPATIAL))}"
            )
    return Observation(labels, values, states, parents, roles, spatial, index)


def _code(what: str, value: str, codes: dict[str, int]) -> int:
    try:
        return codes[value]
    except KeyError:
        raise LookupError(unknown_name(what, value, codes)) from None
