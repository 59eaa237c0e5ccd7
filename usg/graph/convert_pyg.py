"""Scene graphs as PyTorch Geometric `Data` and `HeteroData`, in Levi form (usg/graph/levi.py).

Structure is in tensors and labels are in lists of strings: which numbers stand for which label is for a vocabulary to
say. What else a scene graph holds, groundings, scores, times, sources, metadata, travels along as `detail` (one dict a
node, in the JSON form) and `scene` (a JSON text), so that nothing is lost on the way back. There,
labels, ids and edges are read from the tensors and lists, not from a hidden copy: what was changed there is changed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from usg.graph.levi import GRAPH_LABEL, EdgeType, LeviGraph, NodeKind, from_levi, to_levi
from usg.graph.scene_graph import SceneGraph
from usg.graph.serialize import from_dict, to_dict

if TYPE_CHECKING:
    from torch_geometric.data import Data, HeteroData

_KINDS = {NodeKind.OBJECT: "object", NodeKind.ATTRIBUTE: "attribute", NodeKind.RELATION: "relation"}
_REFERENCES = ("id", "object", "subject", "label", "value", "predicate")

HETERO_EDGES: dict[EdgeType, tuple[str, str, str]] = {
    EdgeType.ATTRIBUTE_TO_OBJECT: ("attribute", "of", "object"),
    EdgeType.OBJECT_TO_ATTRIBUTE: ("object", "has", "attribute"),
    EdgeType.RELATION_TO_SUBJECT: ("relation", "has_subject", "object"),
    EdgeType.SUBJECT_TO_RELATION: ("object", "is_subject_of", "relation"),
    EdgeType.RELATION_TO_OBJECT: ("relation", "has_object", "object"),
    EdgeType.OBJECT_TO_RELATION: ("object", "is_object_of", "relation"),
}
"""The edge types of `HeteroData`; it has no graph node and no self edges."""


def to_pyg(graph: SceneGraph) -> Data:
    """The Levi form as homogeneous `Data`.

    Returns:
        `Data` with `kind` (n,), `edge_index` (2, e), `edge_type` (e,), int64 as in `NodeKind` and `EdgeType`, and the
        lists `label`, `ids` and `detail` of length n; node 0 is the graph node. `scene` holds sources and metadata.

    Raises:
        ImportError: PyTorch Geometric is not installed (the extra `train` has it).
    """
    torch, data = _torch_geometric()
    levi = to_levi(graph)
    details, scene = _details(graph)
    return data.Data(
        kind=torch.from_numpy(levi.kinds),
        edge_index=torch.from_numpy(levi.edges),
        edge_type=torch.from_numpy(levi.edge_types),
        num_nodes=len(levi),
        label=list(levi.labels),
        ids=["" if id is None else id for id in levi.ids],
        detail=[{}, *details],
        scene=scene,
    )


def from_pyg(data: Data) -> SceneGraph:
    """The scene graph in `Data` of the form that `to_pyg` makes.

    Raises:
        ValueError: a field is missing or its length is not the number of nodes.
    """
    for name in ("kind", "label", "ids", "detail"):
        if name not in data:
            raise ValueError(f"Data has no {name!r} among {list(data.keys())}; expected the form that to_pyg makes")
        if len(data[name]) != len(data.kind):
            raise ValueError(f"Data has {len(data.kind)} nodes, but {name!r} has the length {len(data[name])}")
    levi = LeviGraph(
        data.kind.cpu().numpy(),
        tuple(data.label),
        tuple(id or None for id in data.ids),
        data.edge_index.cpu().numpy(),
        data.edge_type.cpu().numpy(),
    )
    return _detailed(from_levi(levi), list(data.detail), levi.kinds, data.scene if "scene" in data else "{}")


def to_hetero(graph: SceneGraph) -> HeteroData:
    """The Levi form as `HeteroData` with the node types object, attribute and relation.

    Returns:
        `HeteroData` whose node types hold `num_nodes` and the lists `label`, `ids` and `detail`, with the edge types of
        `HETERO_EDGES`. `scene` holds sources and metadata.

    Raises:
        ImportError: PyTorch Geometric is not installed (the extra `train` has it).
    """
    torch, geometric = _torch_geometric()
    levi = to_levi(graph)
    details, scene = _details(graph)
    out = geometric.HeteroData(scene=scene)
    first = {}
    for kind, name in _KINDS.items():
        nodes = np.flatnonzero(levi.kinds == kind)
        first[name] = int(nodes[0]) if len(nodes) else 0
        out[name].num_nodes = len(nodes)
        out[name].label = [levi.labels[i] for i in nodes]
        out[name].ids = [levi.ids[i] for i in nodes]
        out[name].detail = [details[i - 1] for i in nodes]
    for edge_type, triple in HETERO_EDGES.items():
        edges = levi.edges[:, levi.edge_types == edge_type]
        out[triple].edge_index = torch.from_numpy(edges - np.array([[first[triple[0]]], [first[triple[2]]]]))
    return out


def from_hetero(data: HeteroData) -> SceneGraph:
    """The scene graph in `HeteroData` of the form that `to_hetero` makes.

    Raises:
        ValueError: a node type or field is missing.
    """
    counts, labels, ids = [1], [GRAPH_LABEL], [None]
    details: list[dict[str, Any]] = [{}]
    for name in _KINDS.values():
        if name not in data.node_types:
            raise ValueError(f"HeteroData has the node types {data.node_types}, expected {', '.join(_KINDS.values())}")
        store = data[name]
        counts.append(len(store.label))
        labels += store.label
        ids += store.ids
        details += store.detail
    first = dict(zip(_KINDS.values(), np.cumsum(counts).tolist(), strict=False))
    edges, types = [], []
    for edge_type, triple in HETERO_EDGES.items():
        index = data[triple].edge_index.cpu().numpy() + np.array([[first[triple[0]]], [first[triple[2]]]])
        edges.append(index)
        types.append(np.full(index.shape[1], edge_type, dtype=np.int64))
    kinds = np.repeat([NodeKind.GRAPH, *_KINDS], counts).astype(np.int64)
    levi = LeviGraph(kinds, tuple(labels), tuple(ids), np.concatenate(edges, 1), np.concatenate(types))
    return _detailed(from_levi(levi), details, kinds, data.scene if "scene" in data else "{}")


def _details(graph: SceneGraph) -> tuple[list[dict[str, Any]], str]:
    """Per element what the Levi form leaves out, and the same for the graph."""
    data = to_dict(graph)
    elements = [*data["objects"], *data.get("attributes", []), *data.get("relations", [])]
    details = [{key: value for key, value in element.items() if key not in _REFERENCES} for element in elements]
    # A text, because HeteroData would take a dict for a node type.
    return details, json.dumps({key: data[key] for key in ("sources", "metadata") if key in data})


def _detailed(
    graph: SceneGraph, details: list[dict[str, Any]], kinds: np.ndarray[Any, np.dtype[np.int64]], scene: str
) -> SceneGraph:
    """The graph with the details of its nodes, which are listed in the order of `kinds`."""
    data = to_dict(graph)
    for kind, name in _KINDS.items():
        here = [details[i] for i in np.flatnonzero(kinds == kind)]
        data[name + "s"] = [{**a, **b} for a, b in zip(data.get(name + "s", []), here, strict=True)]
    return from_dict({**data, **json.loads(scene)})


def _torch_geometric() -> tuple[Any, Any]:
    try:
        import torch
        import torch_geometric.data
    except ImportError as error:
        raise ImportError(f"{error}; install it with `pip install universal-scene-graph[train]`") from None
    return torch, torch_geometric.data
