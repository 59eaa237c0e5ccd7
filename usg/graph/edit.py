"""Edits: small values that turn one scene graph into another.

An edit has `apply(graph)`, which returns a new graph and leaves the old one as it is, and a JSON form, so that edits
can be written down, sampled, predicted and replayed. `apply(graph, edits)` applies several in order.

Where an edit changes what an element says, its groundings in texts and the labels and scores that sources gave it are
dropped: the words still name the old thing. Relations are not computed anew when an object moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeAlias, TypeVar

from usg.graph.elements import Attribute, Element, Grounding, Relation, SceneObject
from usg.graph.located import unknown_key
from usg.graph.region import Region, TextSpan
from usg.graph.scene_graph import SceneGraph
from usg.graph.serialize import element_from_dict, element_to_dict
from usg.graph.serialize_region import region_from_dict, region_to_dict

_E = TypeVar("_E", SceneObject, Attribute, Relation)


@dataclass(frozen=True, slots=True)
class Add:
    """Add an object, an attribute or a relation; what it refers to must be there."""

    element: Element

    def apply(self, graph: SceneGraph) -> SceneGraph:
        """The graph with the element; `GraphError` when its id is taken or it refers to nothing."""
        added: dict[type, tuple[Any, ...]] = {type(self.element): (self.element,)}
        return SceneGraph(
            graph.sources,
            graph.objects + added.get(SceneObject, ()),
            graph.attributes + added.get(Attribute, ()),
            graph.relations + added.get(Relation, ()),
            graph.metadata,
        )


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove an element; an object takes its attributes and relations with it."""

    id: str

    def apply(self, graph: SceneGraph) -> SceneGraph:
        """The graph without the element; `LookupError` when there is none."""
        id = graph[self.id].id
        return SceneGraph(
            graph.sources,
            tuple(obj for obj in graph.objects if obj.id != id),
            tuple(a for a in graph.attributes if id not in (a.id, a.object)),
            tuple(r for r in graph.relations if id not in (r.id, r.subject, r.object)),
            graph.metadata,
        )


@dataclass(frozen=True, slots=True)
class Replace:
    """Give an element another label: an object's label, an attribute's value, a relation's predicate."""

    id: str
    label: str

    def apply(self, graph: SceneGraph) -> SceneGraph:
        """The graph with the new label; `LookupError` when there is no such element."""
        old = graph[self.id]
        if isinstance(old, SceneObject):
            return _with(graph, replace(_unsaid(old), label=self.label))
        if isinstance(old, Attribute):
            return _with(graph, replace(_unsaid(old), value=self.label, number=None))
        return _with(graph, replace(_unsaid(old), predicate=self.label))


@dataclass(frozen=True, slots=True)
class Move:
    """Put an object elsewhere in one of its sources."""

    id: str
    source: str
    region: Region

    def apply(self, graph: SceneGraph) -> SceneGraph:
        """The graph in which `region` is the object's one place in `source`; `LookupError` without either."""
        obj, source = graph.object(self.id), graph.source(self.source)
        here = [i for i, grounding in enumerate(obj.groundings) if grounding.source == source.id]
        moved = replace(obj.groundings[here[0]], region=self.region) if here else Grounding(source.id, self.region)
        at = here[0] if here else len(obj.groundings)
        others = [grounding for grounding in obj.groundings if grounding.source != source.id]
        return _with(graph, replace(obj, groundings=(*others[:at], moved, *others[at:])))


@dataclass(frozen=True, slots=True)
class Restyle:
    """Give an object one value of a kind: it replaces all values of that kind that the object has, or is added.

    A statement of what the object is not ("not wet") stays unless it denies the new value.
    """

    id: str
    kind: str
    value: str

    def apply(self, graph: SceneGraph) -> SceneGraph:
        """The graph in which the object has the value; `LookupError` when there is no such object."""
        mine = graph.attributes_of(self.id)
        rivals = [a for a in mine if a.kind == self.kind and not a.negated]
        denials = [a for a in mine if a.value == self.value and a.negated]
        same = [a for a in rivals if a.value == self.value]
        if same:
            kept = replace(same[0], time=None)
        elif rivals:
            kept = replace(_unsaid(rivals[0]), value=self.value, number=None, time=None)
        else:
            kept = Attribute(_fresh(graph, f"{self.id}.{self.kind}"), self.id, self.value, kind=self.kind)
        gone = {a.id for a in rivals + denials} - {kept.id}
        attributes = tuple(kept if a.id == kept.id else a for a in graph.attributes if a.id not in gone)
        if kept.id not in graph:
            attributes += (kept,)
        return SceneGraph(graph.sources, graph.objects, attributes, graph.relations, graph.metadata)


@dataclass(frozen=True, slots=True)
class Recolour:
    """Give an object one colour: `Restyle` of the kind "colour"."""

    id: str
    value: str

    def apply(self, graph: SceneGraph) -> SceneGraph:
        """The graph in which the object has that colour; `LookupError` when there is no such object."""
        return Restyle(self.id, "colour", self.value).apply(graph)


Edit: TypeAlias = Add | Remove | Replace | Move | Recolour | Restyle
_EDITS: dict[str, Any] = {cls.__name__.lower(): cls for cls in (Add, Remove, Replace, Move, Recolour, Restyle)}
_ELEMENTS: dict[str, Any] = {"object": SceneObject, "attribute": Attribute, "relation": Relation}


def apply(graph: SceneGraph, edits: Iterable[Edit]) -> SceneGraph:
    """Apply edits in order.

    Raises:
        LookupError: an edit names an element or a source that is not there (any more).
        GraphError: an edit would make the graph invalid.

    >>> graph = SceneGraph(
    ...     objects=[SceneObject("m", "man"), SceneObject("h", "horse")],
    ...     relations=[Relation("r", "m", "riding", "h")],
    ... )
    >>> edited = apply(graph, [Replace("h", "zebra"), Recolour("h", "pink"), Replace("r", "feeding")])
    >>> edited.triples, [attribute.value for attribute in edited.attributes_of("h")]
    ([('man', 'feeding', 'zebra')], ['pink'])
    """
    for edit in edits:
        graph = edit.apply(graph)
    return graph


def edit_to_dict(edit: Edit) -> dict[str, Any]:
    """The JSON form of an edit.

    >>> edit_to_dict(Recolour("o0", "pink"))
    {'edit': 'recolour', 'id': 'o0', 'value': 'pink'}
    """
    out: dict[str, Any] = {"edit": type(edit).__name__.lower()}
    if isinstance(edit, Add):
        kind = next(name for name, cls in _ELEMENTS.items() if isinstance(edit.element, cls))
        return {**out, kind: element_to_dict(edit.element)}
    for field in fields(edit):
        value = getattr(edit, field.name)
        out[field.name] = region_to_dict(value) if field.name == "region" else value
    return out


def edit_from_dict(data: Mapping[str, Any]) -> Edit:
    """The edit that `edit_to_dict` wrote.

    Raises:
        ValueError: an unknown edit or key, or a value that does not fit.
    """
    values = dict(data)
    name = values.pop("edit", None)
    if name not in _EDITS:
        raise ValueError(f"edit {name!r}: " + unknown_key(name, _EDITS))
    if name == "add":
        if len(values) != 1 or not set(values) <= set(_ELEMENTS):
            raise ValueError(f"edit 'add' has the keys {list(values)}, expected one of {', '.join(_ELEMENTS)}")
        ((kind, element),) = values.items()
        return Add(element_from_dict(_ELEMENTS[kind], element))
    names = [field.name for field in fields(_EDITS[name])]
    for key in values:
        if key not in names:
            raise ValueError(f"edit {name!r}: {unknown_key(key, names)}")
    for key in names:
        if key not in values:
            raise ValueError(f"edit {name!r}: {key!r} is missing")
        if key == "region":
            values[key] = region_from_dict(values[key])
        elif not isinstance(values[key], str):
            raise ValueError(f"edit {name!r}: {key} is {values[key]!r}, expected a string")
    edit: Edit = _EDITS[name](**values)
    return edit


def _with(graph: SceneGraph, element: Element) -> SceneGraph:
    """The graph in which `element` stands in the place of the element of its id."""

    def put(elements: tuple[_E, ...]) -> tuple[Any, ...]:
        return tuple(element if old.id == element.id else old for old in elements)

    return SceneGraph(graph.sources, put(graph.objects), put(graph.attributes), put(graph.relations), graph.metadata)


def _unsaid(element: _E) -> _E:
    """The element without what its sources said of its old label."""
    groundings = tuple(
        replace(grounding, label=None, score=None)
        for grounding in element.groundings
        if not isinstance(grounding.region, TextSpan)
    )
    return replace(element, groundings=groundings, score=None)


def _fresh(graph: SceneGraph, id: str) -> str:
    n, name = 1, id
    while name in graph:
        n, name = n + 1, f"{id}{n + 1}"
    return name
