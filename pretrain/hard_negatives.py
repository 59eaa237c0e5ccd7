"""Graphs that almost say what a text says: one edit away from the true one.

Three edits, as they are used to test what a model understands of structure (Yuksekgonul et al. 2023,
https://arxiv.org/abs/2210.01936): two objects exchange attributes of one kind, a relation its subject and object, or a
relation gets another predicate. Every word stays in the graph or in its neighbours, so that a bag of words does not
tell the two apart. An edit counts only if it takes away something that the text says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

import numpy as np

from usg.graph import Attribute, Relation, SceneGraph

__all__ = ["EDITS", "SYMMETRIC", "hard_negative"]

SYMMETRIC = frozenset(
    {"next to", "near", "near to", "beside", "with", "by", "and", "close to", "adjacent to", "alongside", "touch"}
)
"""Predicates that say the same with subject and object exchanged."""


def hard_negative(graph: SceneGraph, source: str, random: np.random.Generator) -> SceneGraph | None:
    """The graph with one edit after which a text is no longer true of it.

    Args:
        graph: any; the text is true of it.
        source: the id of the text source. What is grounded in it is what it says; a graph's only text, if nothing is
            grounded in it, says all.
        random: draws the edit, each kind that can be made as often as the others.

    Returns:
        None where no edit changes what the text says.

    Example:
        >>> from usg.graph import SceneObject, Source
        >>> graph = SceneGraph(
        ...     [Source("t", "text", text="a man feeds a dog")],
        ...     [SceneObject("a", "man"), SceneObject("b", "dog")],
        ...     relations=[Relation("r", "a", "feed", "b")],
        ... )
        >>> edited = hard_negative(graph, "t", np.random.default_rng(0))
        >>> edited.relations[0].subject, edited.relations[0].object
        ('b', 'a')
    """
    said = {one.id for one in graph.elements() if any(where.source == source for where in one.groundings)}
    if not said and sum(one.text is not None for one in graph.sources) == 1:
        said = {one.id for one in graph.elements()}
    for number in random.permutation(len(EDITS)).tolist():
        found = list(EDITS[number](graph, said))
        if found:
            return found[int(random.integers(len(found)))]
    return None


def _exchanged_attributes(graph: SceneGraph, said: set[str]) -> Iterator[SceneGraph]:
    for one, other in permutations(graph.attributes, 2):
        if (
            one.id in said
            and one.object != other.object
            and one.kind == other.kind
            and not (one.negated or other.negated)
            and not _holds(graph, one, other.value)
        ):
            changed = {one.id: replace(one, value=other.value), other.id: replace(other, value=one.value)}
            attributes = tuple(changed.get(each.id, each) for each in graph.attributes)
            edited = replace(graph, attributes=attributes)
            if not _holds(edited, one, one.value):
                yield edited


def _exchanged_ends(graph: SceneGraph, said: set[str]) -> Iterator[SceneGraph]:
    for one in graph.relations:
        if one.predicate not in SYMMETRIC:
            yield from _replaced(graph, said, one, replace(one, subject=one.object, object=one.subject))


def _replaced_predicate(graph: SceneGraph, said: set[str]) -> Iterator[SceneGraph]:
    for one in graph.relations:
        for predicate in sorted({other.predicate for other in graph.relations} - {one.predicate}):
            yield from _replaced(graph, said, one, replace(one, predicate=predicate))


EDITS = (_exchanged_attributes, _exchanged_ends, _replaced_predicate)


def _replaced(graph: SceneGraph, said: set[str], old: Relation, new: Relation) -> Iterator[SceneGraph]:
    """The graph with another relation, if that takes away what was said and does not stand there already."""
    triples = set(graph.triples)
    if old.id not in said or old.negated or _triple(graph, new) in triples:
        return
    edited = replace(graph, relations=tuple(new if one is old else one for one in graph.relations))
    if _triple(graph, old) not in set(edited.triples):
        yield edited


def _triple(graph: SceneGraph, relation: Relation) -> tuple[str, str, str]:
    return graph.object(relation.subject).label, relation.predicate, graph.object(relation.object).label


def _holds(graph: SceneGraph, attribute: Attribute, value: str) -> bool:
    """Whether an object with the label of the attribute's has the value."""
    label = graph.object(attribute.object).label
    return any(
        one.value == value and not one.negated and graph.object(one.object).label == label for one in graph.attributes
    )
