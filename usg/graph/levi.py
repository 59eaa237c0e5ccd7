"""The Levi form: objects, attributes and relations are all nodes, joined by typed, directed edges.

A relation is a node between its subject and its object, so its direction cannot be lost, and "masked object, masked
attribute, masked relation" is one mechanism. One more node, the graph node, hears every node and is heard by every
node. (F. W. Levi, Finite Geometrical Systems, 1942; as used for graphs with labelled edges by Beck, Haffari and Cohn,
ACL 2018, section 3.2.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from usg.graph.elements import Attribute, Relation, SceneObject
from usg.graph.scene_graph import SceneGraph

Ints: TypeAlias = NDArray[np.int64]


class NodeKind(IntEnum):
    """What a node stands for. `WORD` nodes are the words of a caption or question beside the graph."""

    GRAPH = 0
    OBJECT = 1
    ATTRIBUTE = 2
    RELATION = 3
    WORD = 4


class EdgeType(IntEnum):
    """What the source of an edge is to its target; the target hears the source."""

    SELF = 0
    ATTRIBUTE_TO_OBJECT = 1
    OBJECT_TO_ATTRIBUTE = 2
    RELATION_TO_SUBJECT = 3
    SUBJECT_TO_RELATION = 4
    RELATION_TO_OBJECT = 5
    OBJECT_TO_RELATION = 6
    IDENTITY = 7
    NODE_TO_GRAPH = 8
    GRAPH_TO_NODE = 9
    NODE_TO_WORD = 10
    WORD_TO_WORD = 11
    PREVIOUS_WORD = 12
    NEXT_WORD = 13
    SUBJECT_TO_OBJECT = 14
    OBJECT_TO_SUBJECT = 15
    SIBLING = 16
    OTHER = 17  # any other pair of one graph, when attention is dense


EdgesOfType: TypeAlias = tuple[Ints, Ints, EdgeType]
"""Sources, targets and their type."""

GRAPH_LABEL = "<graph>"
"""The label of the graph node."""


@dataclass(frozen=True)
class LeviGraph:
    """A scene graph in Levi form, as arrays; n nodes, e edges.

    Node order: the graph node, then objects, attributes, relations, each in the order of the scene graph.

    Attributes:
        kinds: `(n,)` `NodeKind`.
        labels: n labels; the graph node's is `<graph>`.
        ids: n element ids; `None` for the graph node.
        edges: `(2, e)`, row 0 the source and row 1 the target of each edge.
        edge_types: `(e,)` `EdgeType`.
    """

    kinds: Ints
    labels: tuple[str, ...]
    ids: tuple[str | None, ...]
    edges: Ints
    edge_types: Ints

    def __len__(self) -> int:
        """The number of nodes."""
        return len(self.labels)


def to_levi(graph: SceneGraph, two_hop: bool = False) -> LeviGraph:
    """The Levi form of a scene graph.

    Args:
        graph: any scene graph; an empty one gives a lone graph node.
        two_hop: add edges between the subject and the object of a relation and between attributes of one object.

    >>> from usg.graph import Attribute, SceneObject
    >>> levi = to_levi(SceneGraph(objects=[SceneObject("o", "cat")], attributes=[Attribute("a", "o", "black")]))
    >>> levi.labels
    ('<graph>', 'cat', 'black')
    >>> [(int(s), EdgeType(t).name, int(d)) for (s, d), t in zip(levi.edges.T, levi.edge_types) if t in (1, 2)]
    [(2, 'ATTRIBUTE_TO_OBJECT', 1), (1, 'OBJECT_TO_ATTRIBUTE', 2)]
    """
    objects, attributes, relations = len(graph.objects), len(graph.attributes), len(graph.relations)
    n = 1 + objects + attributes + relations
    kinds = np.repeat(
        [NodeKind.GRAPH, NodeKind.OBJECT, NodeKind.ATTRIBUTE, NodeKind.RELATION], [1, objects, attributes, relations]
    ).astype(np.int64)
    labels = (
        GRAPH_LABEL,
        *(obj.label for obj in graph.objects),
        *(attribute.value for attribute in graph.attributes),
        *(relation.predicate for relation in graph.relations),
    )
    ids = (None, *(element.id for element in graph.elements()))
    node = {obj.id: 1 + i for i, obj in enumerate(graph.objects)}
    owner = np.array([node[attribute.object] for attribute in graph.attributes], dtype=np.int64)
    subject = np.array([node[relation.subject] for relation in graph.relations], dtype=np.int64)
    target = np.array([node[relation.object] for relation in graph.relations], dtype=np.int64)
    nodes = np.arange(n, dtype=np.int64)
    attribute, relation = nodes[1 + objects :][:attributes], nodes[1 + objects + attributes :]
    siblings = None
    if two_hop:
        left, right = np.nonzero((owner[:, None] == owner[None, :]) & ~np.eye(len(owner), dtype=bool))
        siblings = attribute[left], attribute[right]
    hub = np.zeros(n - 1, dtype=np.int64)
    source, end, types = join_edges(
        edges_by_type(nodes, nodes[1:], hub, attribute, owner, relation, subject, target, siblings)
    )
    return LeviGraph(kinds, labels, ids, np.stack([source, end]), types)


def from_levi(levi: LeviGraph) -> SceneGraph:
    """The scene graph whose Levi form this is: its labels, ids and structure, which is all that a `LeviGraph` has.

    Nodes without an id get `n` and their number. Words, the graph node and two-hop edges are passed over.

    Raises:
        ValueError: an attribute has no object, or a relation lacks its subject or object.

    >>> from usg.graph import Relation, SceneObject
    >>> graph = SceneGraph(objects=[SceneObject("m", "man")], relations=[Relation("r", "m", "washing", "m")])
    >>> from_levi(to_levi(graph)) == graph
    True
    """
    ids = [f"n{i}" if id is None else id for i, id in enumerate(levi.ids)]
    owner = _ends(levi, EdgeType.OBJECT_TO_ATTRIBUTE)
    subject = _ends(levi, EdgeType.SUBJECT_TO_RELATION)
    target = _ends(levi, EdgeType.OBJECT_TO_RELATION)

    def end(ends: dict[int, int], node: int, role: EdgeType) -> str:
        if node not in ends:
            raise ValueError(f"node {node} {levi.labels[node]!r} has no {role.name} edge; every one needs its own")
        return ids[ends[node]]

    objects, attributes, relations = [], [], []
    for i, (kind, label) in enumerate(zip(levi.kinds.tolist(), levi.labels, strict=True)):
        if kind == NodeKind.OBJECT:
            objects.append(SceneObject(ids[i], label))
        elif kind == NodeKind.ATTRIBUTE:
            attributes.append(Attribute(ids[i], end(owner, i, EdgeType.OBJECT_TO_ATTRIBUTE), label))
        elif kind == NodeKind.RELATION:
            first, second = end(subject, i, EdgeType.SUBJECT_TO_RELATION), end(target, i, EdgeType.OBJECT_TO_RELATION)
            relations.append(Relation(ids[i], first, label, second))
    return SceneGraph((), tuple(objects), tuple(attributes), tuple(relations))


def _ends(levi: LeviGraph, edge_type: EdgeType) -> dict[int, int]:
    """Target to source of the edges of one type."""
    source, target = levi.edges[:, levi.edge_types == edge_type].tolist()
    return dict(zip(target, source, strict=True))


def edges_by_type(
    nodes: Ints,
    others: Ints,
    hub: Ints,
    attribute: Ints,
    owner: Ints,
    relation: Ints,
    subject: Ints,
    target: Ints,
    siblings: tuple[Ints, Ints] | None = None,
) -> list[EdgesOfType]:
    """Which edges the Levi form has, of one graph or of many whose nodes are numbered through.

    Args:
        nodes: all nodes.
        others: all nodes but the graph nodes.
        hub: `(len(others),)` the graph node of each.
        attribute: attribute nodes.
        owner: `(len(attribute),)` the object node of each.
        relation: relation nodes.
        subject: `(len(relation),)` the subject's object node of each.
        target: `(len(relation),)` the object's object node of each.
        siblings: ordered pairs of attributes of one object; given for two-hop edges.

    Returns:
        Sources, targets and the type of each kind of edge.
    """
    edges = [
        (nodes, nodes, EdgeType.SELF),
        (attribute, owner, EdgeType.ATTRIBUTE_TO_OBJECT),
        (owner, attribute, EdgeType.OBJECT_TO_ATTRIBUTE),
        (relation, subject, EdgeType.RELATION_TO_SUBJECT),
        (subject, relation, EdgeType.SUBJECT_TO_RELATION),
        (relation, target, EdgeType.RELATION_TO_OBJECT),
        (target, relation, EdgeType.OBJECT_TO_RELATION),
        (others, hub, EdgeType.NODE_TO_GRAPH),
        (hub, others, EdgeType.GRAPH_TO_NODE),
    ]
    if siblings is not None:
        edges += [
            (subject, target, EdgeType.SUBJECT_TO_OBJECT),
            (target, subject, EdgeType.OBJECT_TO_SUBJECT),
            (*siblings, EdgeType.SIBLING),
        ]
    return edges


def join_edges(edges: Sequence[EdgesOfType]) -> tuple[Ints, Ints, Ints]:
    """Sources, targets and types of all edges, in the order given."""
    source = np.concatenate([part[0] for part in edges])
    target = np.concatenate([part[1] for part in edges])
    types = np.repeat(np.array([part[2] for part in edges], dtype=np.int64), [len(part[0]) for part in edges])
    return source, target, types
