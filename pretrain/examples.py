"""Masked examples: one node of a scene graph hidden, everything else seen, for models and counting baselines alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from usg.graph import Attribute, Element, NodeKind, Relation, SceneGraph, SceneObject
from usg.graph.shuffle import shuffle_edges

KIND_NAMES = {NodeKind.OBJECT: "object", NodeKind.ATTRIBUTE: "attribute", NodeKind.RELATION: "relation"}


@dataclass(frozen=True)
class MaskedExample:
    """One hidden element.

    Attributes:
        graph: the whole graph, the hidden label included: whoever predicts leaves out what `hidden` names.
        element: the hidden object, attribute or relation.
        kind: its node kind.
        node: its number among the nodes of the Levi form.
        hidden: numbers of all nodes whose labels are hidden: the node itself and, for a relation, every other relation
            between the same two objects.
        group: number of the graph, the statistical unit.
    """

    graph: SceneGraph
    element: Element
    kind: NodeKind
    node: int
    hidden: tuple[int, ...]
    group: int

    @property
    def answer(self) -> str:
        """The label that was hidden."""
        return label_of(self.element)


def label_of(element: Element) -> str:
    """The label, value or predicate of an element."""
    if isinstance(element, SceneObject):
        return element.label
    return element.value if isinstance(element, Attribute) else element.predicate


def masked_examples(
    graphs: Iterable[SceneGraph], *, per_graph: int | None = None, seed: int = 0
) -> dict[NodeKind, list[MaskedExample]]:
    """Hide the nodes of graphs, one at a time.

    Args:
        graphs: where from; negated elements are left out.
        per_graph: at most so many nodes of each kind per graph, drawn by `seed`; `None` takes all.
        seed: of the drawing.

    Returns:
        Examples by kind, in the order of the graphs.
    """
    generator = np.random.default_rng(seed)
    examples: dict[NodeKind, list[MaskedExample]] = {kind: [] for kind in KIND_NAMES}
    for group, graph in enumerate(graphs):
        by_kind: dict[NodeKind, list[MaskedExample]] = {kind: [] for kind in KIND_NAMES}
        first_relation = 1 + len(graph.objects) + len(graph.attributes)
        for node, element in enumerate(graph.elements(), start=1):
            if element.negated:
                continue
            hidden: tuple[int, ...] = (node,)
            if isinstance(element, Relation):
                pair = {element.subject, element.object}
                hidden = tuple(
                    first_relation + i
                    for i, other in enumerate(graph.relations)
                    if {other.subject, other.object} == pair
                )
            kind = kind_of(element)
            by_kind[kind].append(MaskedExample(graph, element, kind, node, hidden, group))
        for kind, found in by_kind.items():
            if per_graph is not None and len(found) > per_graph:
                found = [found[i] for i in sorted(generator.choice(len(found), per_graph, replace=False))]
            examples[kind] += found
    return examples


def kind_of(element: Element) -> NodeKind:
    """The node kind of an element."""
    if isinstance(element, SceneObject):
        return NodeKind.OBJECT
    return NodeKind.ATTRIBUTE if isinstance(element, Attribute) else NodeKind.RELATION


def shuffled(examples: Sequence[MaskedExample], *, seed: int = 0) -> list[MaskedExample]:
    """The same examples in graphs whose structure is destroyed; labels and their numbers stay."""
    return [replace(e, graph=shuffle_edges(e.graph, (seed, number))) for number, e in enumerate(examples)]


def facts(graph: SceneGraph) -> int:
    """A number that graphs saying the same in labels share: objects, attributes with their owners, triples."""
    objects = sorted(obj.label for obj in graph.objects)
    attributes = sorted((graph.object(a.object).label, a.value) for a in graph.attributes)
    return hash((tuple(objects), tuple(attributes), tuple(sorted(graph.triples))))
