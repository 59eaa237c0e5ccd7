"""The universal scene graph: its parts, its validation, and everything that needs nothing but it.

Floor 0: the standard library and NumPy only. Conversions to NetworkX and PyTorch Geometric import them when called.
"""

from usg.graph.convert_networkx import from_networkx, to_networkx
from usg.graph.convert_pyg import from_hetero, from_pyg, to_hetero, to_pyg
from usg.graph.edit import Add, Edit, Move, Recolour, Remove, Replace, Restyle, apply, edit_from_dict, edit_to_dict
from usg.graph.elements import MODALITIES, Attribute, Element, Grounding, Relation, SceneObject, Source
from usg.graph.isomorphism import isomorphic
from usg.graph.levi import EdgeType, LeviGraph, NodeKind, from_levi, to_levi
from usg.graph.merge import merge
from usg.graph.region import Box, Mask, Region, TextSpan, TimeSpan, Track, TrackPoint
from usg.graph.scene_graph import SceneGraph
from usg.graph.serialize import from_dict, from_json, json_schema, to_dict, to_json
from usg.graph.subgraph import relabel, rename, subgraph
from usg.graph.validate import GraphError

__all__ = [
    "MODALITIES",
    "Add",
    "Attribute",
    "Box",
    "Edit",
    "EdgeType",
    "Element",
    "GraphError",
    "Grounding",
    "LeviGraph",
    "Mask",
    "Move",
    "NodeKind",
    "Recolour",
    "Region",
    "Relation",
    "Remove",
    "Replace",
    "Restyle",
    "SceneGraph",
    "SceneObject",
    "Source",
    "TextSpan",
    "TimeSpan",
    "Track",
    "TrackPoint",
    "apply",
    "edit_from_dict",
    "edit_to_dict",
    "from_dict",
    "from_hetero",
    "from_json",
    "from_levi",
    "from_networkx",
    "from_pyg",
    "isomorphic",
    "json_schema",
    "merge",
    "relabel",
    "rename",
    "subgraph",
    "to_dict",
    "to_hetero",
    "to_json",
    "to_levi",
    "to_networkx",
    "to_pyg",
]
