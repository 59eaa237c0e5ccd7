"""Scene graphs as NetworkX multigraphs: objects are nodes, relations are edges.

A node is named by its object's id and carries the object's fields and its `attributes`; an edge runs from subject to
object, its key is the relation's id, and it carries the relation's fields. Everything is in the JSON form
(usg/graph/serialize.py), so that NetworkX can write it. `index` keeps the order of attributes and relations, which a
multigraph does not. Sources and metadata are in `graph.graph`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from usg.graph.scene_graph import SceneGraph
from usg.graph.serialize import SCHEMA, VERSION, from_dict, to_dict
from usg.graph.validate import GraphError

if TYPE_CHECKING:
    import networkx


def to_networkx(graph: SceneGraph) -> networkx.MultiDiGraph[Any]:
    """The scene graph as a multigraph; nothing is lost.

    >>> from usg.graph import Relation, SceneObject
    >>> graph = SceneGraph(
    ...     objects=[SceneObject("m", "man"), SceneObject("h", "horse")],
    ...     relations=[Relation("r", "m", "riding", "h")],
    ... )
    >>> multigraph = to_networkx(graph)
    >>> multigraph.nodes["h"]["label"], multigraph.edges["m", "h", "r"]["predicate"]
    ('horse', 'riding')
    >>> from_networkx(multigraph) == graph
    True
    """
    import networkx

    data = to_dict(graph)
    out: networkx.MultiDiGraph[Any] = networkx.MultiDiGraph(
        sources=data.get("sources", []), metadata=data.get("metadata", {})
    )
    for obj in data["objects"]:
        out.add_node(obj.pop("id"), **obj, attributes=[])
    for index, attribute in enumerate(data.get("attributes", [])):
        out.nodes[attribute.pop("object")]["attributes"].append({**attribute, "index": index})
    for index, relation in enumerate(data.get("relations", [])):
        out.add_edge(relation.pop("subject"), relation.pop("object"), relation.pop("id"), **relation, index=index)
    return out


def from_networkx(multigraph: networkx.MultiDiGraph[Any]) -> SceneGraph:
    """The scene graph in a multigraph of the form that `to_networkx` makes.

    Nodes need `label`, edges need `predicate`, attributes need `value`; ids of attributes and of edges with whole
    numbers as keys, which NetworkX gives by itself, are made up.

    Raises:
        GraphError: something is missing or does not fit; its place is named.
    """
    if not (multigraph.is_directed() and multigraph.is_multigraph()):
        raise GraphError([f"the graph is {type(multigraph).__name__}, expected networkx.MultiDiGraph"])
    objects, attributes, relations = [], [], []
    for node, fields in multigraph.nodes(data=True):
        if "label" not in fields:
            raise GraphError([f"node {node!r}: no 'label' among its data {list(fields)}; every object needs one"])
        objects.append({"id": node, **{key: value for key, value in fields.items() if key != "attributes"}})
        attributes += [(node, attribute) for attribute in fields.get("attributes", [])]
    for subject, object, key, fields in multigraph.edges(keys=True, data=True):
        if "predicate" not in fields:
            place = f"edge {subject!r} -> {object!r}"
            raise GraphError([f"{place}: no 'predicate' among its data {list(fields)}; every relation needs one"])
        relations.append({"id": key, "subject": subject, "object": object, **fields})
    data = {
        "schema": SCHEMA,
        "version": VERSION,
        "sources": multigraph.graph.get("sources", []),
        "objects": objects,
        "attributes": _ordered([{"object": node, **attribute} for node, attribute in attributes], "a"),
        "relations": _ordered(relations, "r"),
        "metadata": multigraph.graph.get("metadata", {}),
    }
    return from_dict(data)


def _ordered(items: list[dict[str, Any]], letter: str) -> list[dict[str, Any]]:
    """The items by `index`, those without one last; made-up ids for those without a string as id."""
    end = len(items)
    out = sorted(items, key=lambda item: item.get("index", end))
    return [
        {
            **{key: value for key, value in item.items() if key != "index"},
            "id": item["id"] if isinstance(item.get("id"), str) else f"{letter}{i}",
        }
        for i, item in enumerate(out)
    ]
