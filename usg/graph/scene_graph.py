"""The universal scene graph itself: an immutable, validated value.

A `SceneGraph` that exists is valid: construction checks it and raises `GraphError`, which names every offending element
and what would be right (usg/graph/validate.py). Equality is by content and id; `isomorphic` compares up to renaming.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from usg.graph.elements import Attribute, Element, Relation, SceneObject, Source
from usg.graph.validate import GraphError, check


@dataclass(frozen=True)
class SceneGraph:
    """Objects, their attributes and the relations between them, each grounded in the sources that show it.

    Args:
        sources: the media the graph was read from.
        objects: the things in the scene.
        attributes: properties, each naming its object's id.
        relations: triples of object id, predicate, object id.
        metadata: anything JSON can hold; kept, never interpreted.

    Raises:
        GraphError: duplicate ids, dangling references, empty or overlong labels, values out of range; all of them
            at once, each with its place.

    >>> graph = SceneGraph(
    ...     objects=[SceneObject("o0", "man"), SceneObject("o1", "horse")],
    ...     attributes=[Attribute("a0", "o1", "brown", kind="colour")],
    ...     relations=[Relation("r0", "o0", "riding", "o1")],
    ... )
    >>> graph.triples
    [('man', 'riding', 'horse')]
    >>> [attribute.value for attribute in graph.attributes_of("o1")]
    ['brown']
    """

    sources: tuple[Source, ...] = ()
    objects: tuple[SceneObject, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    relations: tuple[Relation, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("sources", "objects", "attributes", "relations"):
            value = getattr(self, name)
            if not isinstance(value, tuple):
                object.__setattr__(self, name, tuple(value))
        if not isinstance(self.metadata, MappingProxyType):
            if not isinstance(self.metadata, Mapping):
                raise GraphError([f"metadata is {type(self.metadata).__name__}, expected a mapping"])
            object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))
        check(self)

    # Values are compared and hashed by their elements; metadata may hold lists, which cannot be hashed.
    def __hash__(self) -> int:
        return hash((self.sources, self.objects, self.attributes, self.relations))

    def __reduce__(self) -> tuple[Any, ...]:
        return (SceneGraph, (self.sources, self.objects, self.attributes, self.relations, dict(self.metadata)))

    def __len__(self) -> int:
        """The number of objects."""
        return len(self.objects)

    def __repr__(self) -> str:
        return (
            f"SceneGraph({len(self.objects)} objects, {len(self.attributes)} attributes, "
            f"{len(self.relations)} relations, {len(self.sources)} sources)"
        )

    @cached_property
    def _by_id(self) -> dict[str, Element]:
        return {element.id: element for element in self.elements()}

    @cached_property
    def _attributes_of(self) -> dict[str, list[Attribute]]:
        table: dict[str, list[Attribute]] = {obj.id: [] for obj in self.objects}
        for attribute in self.attributes:
            table[attribute.object].append(attribute)
        return table

    def elements(self) -> Iterator[Element]:
        """Objects, then attributes, then relations."""
        yield from self.objects
        yield from self.attributes
        yield from self.relations

    def __getitem__(self, id: str) -> Element:
        """The object, attribute or relation of that id.

        Raises:
            LookupError: there is none.
        """
        try:
            return self._by_id[id]
        except KeyError:
            raise LookupError(f"no element has the id {id!r} in {self!r}") from None

    def __contains__(self, id: Any) -> bool:
        return id in self._by_id

    def object(self, id: str) -> SceneObject:
        """The object of that id, or `LookupError`."""
        element = self[id]
        if not isinstance(element, SceneObject):
            raise LookupError(f"{id!r} is {type(element).__name__.lower()}, not an object, in {self!r}")
        return element

    def source(self, id: str) -> Source:
        """The source of that id, or `LookupError`."""
        for source in self.sources:
            if source.id == id:
                return source
        raise LookupError(f"no source has the id {id!r} in {self!r}")

    def attributes_of(self, id: str) -> list[Attribute]:
        """The attributes of the object `id`, in order."""
        return self._attributes_of[self.object(id).id]

    def relations_of(self, id: str) -> list[Relation]:
        """The relations in which the object `id` is subject or object, in order."""
        self.object(id)
        return [relation for relation in self.relations if id in (relation.subject, relation.object)]

    @property
    def triples(self) -> list[tuple[str, str, str]]:
        """(subject label, predicate, object label) of every relation, in order."""
        return [
            (self.object(relation.subject).label, relation.predicate, self.object(relation.object).label)
            for relation in self.relations
        ]

    def to_dict(self) -> dict[str, Any]:
        """The JSON form, as one line of JSONL holds it; see `usg.graph.serialize.to_dict`."""
        from usg.graph.serialize import to_dict  # it builds graphs, so it imports this module

        return to_dict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SceneGraph:
        """The graph that `to_dict` wrote; `GraphError` names the place of what does not fit."""
        from usg.graph.serialize import from_dict

        return from_dict(data)
