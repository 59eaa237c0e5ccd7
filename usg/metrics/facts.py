"""The facts that a graph asserts, as sets of normalised label tuples: what text graphs are compared by.

    object     (label,)                    ("dog",)
    attribute  (label, value)              ("dog", "brown")
    relation   (subject, predicate, object) ("man", "walk", "dog")

This is the tuple form of SPICE (Anderson et al., ECCV 2016, section 3) over the facts of FACTUAL (Li et al., Findings
of ACL 2023). What follows from it:

- labels are lower-cased and runs of white space are one space; a number word that is the whole of an attribute's value
  becomes digits ("two" -> "2"), as FACTUAL writes it. Nothing else is changed: no lemmas, no articles dropped.
- things are known by their labels, as in FACTUAL: two nodes "dog" state ("dog",) once, and what is said of either is
  said of "dog". A graph that keeps them apart loses nothing by it and gains nothing.
- a count is an attribute by its value, or by its number where the value is a number word or digits.
- what is negated is not asserted: negated attributes and relations are left out, and so are negated objects with
  everything that is said of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from usg.graph.scene_graph import SceneGraph
from usg.numerals import NUMERALS

_DIGITS = {word: str(number) for number, word in enumerate(NUMERALS)}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a graph asserts.

    Attributes:
        objects: `(label,)` of every thing, those named by attributes and relations included.
        attributes: `(label, value)`.
        relations: `(subject label, predicate, object label)`.
    """

    objects: frozenset[tuple[str, ...]] = frozenset()
    attributes: frozenset[tuple[str, ...]] = frozenset()
    relations: frozenset[tuple[str, ...]] = frozenset()

    @property
    def all(self) -> frozenset[tuple[str, ...]]:
        """Facts of every kind; they cannot be confused, having one, two and three parts."""
        return self.objects | self.attributes | self.relations

    @property
    def pairs(self) -> frozenset[tuple[str, ...]]:
        """`(subject label, object label)` of the relations: who is related to whom, however."""
        return frozenset((subject, other) for subject, _, other in self.relations)

    @classmethod
    def from_tuples(cls, facts: Iterable[tuple[str, ...]]) -> Facts:
        """Facts from tuples of one to three labels, normalised; the objects that they name are added.

        Raises:
            ValueError: a tuple has no or more than three parts.

        >>> sorted(Facts.from_tuples([("Dog", "two")]).all)
        [('dog',), ('dog', '2')]
        """
        objects, attributes, relations = set(), set(), set()
        for fact in facts:
            if not 1 <= len(fact) <= 3:
                raise ValueError(f"the fact {fact!r} has {len(fact)} parts; expected one (a thing), two or three")
            names = tuple(normalised(part) for part in fact)
            objects.add(names[:1])
            if len(names) == 2:
                attributes.add((names[0], _DIGITS.get(names[1], names[1])))
            elif len(names) == 3:
                objects.add(names[2:])
                relations.add(names)
        return cls(frozenset(objects), frozenset(attributes), frozenset(relations))


def normalised(label: str) -> str:
    """A label in lower case, every run of white space one space.

    >>> normalised(" Fire  Truck")
    'fire truck'
    """
    return " ".join(label.lower().split())


def facts_of(graph: SceneGraph) -> Facts:
    """The facts that a graph asserts.

    >>> from usg.graph import Attribute, Relation, SceneObject
    >>> graph = SceneGraph(
    ...     objects=[SceneObject("a", "Street"), SceneObject("b", "cars", negated=True)],
    ...     attributes=[Attribute("c", "a", "wet")],
    ...     relations=[Relation("d", "a", "with", "b")],
    ... )
    >>> sorted(facts_of(graph).all)
    [('street',), ('street', 'wet')]
    """
    label = {thing.id: thing.label for thing in graph.objects if not thing.negated}
    facts: list[tuple[str, ...]] = [(name,) for name in label.values()]
    facts += [
        (label[each.object], each.value) for each in graph.attributes if not each.negated and each.object in label
    ]
    facts += [
        (label[each.subject], each.predicate, label[each.object])
        for each in graph.relations
        if not each.negated and each.subject in label and each.object in label
    ]
    return Facts.from_tuples(facts)
