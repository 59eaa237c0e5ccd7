"""The universal scene graph: its parts, its validation, and everything that needs nothing but it.

Floor 0: the standard library and NumPy only. Conversions to NetworkX and PyTorch Geometric import them when called.
"""

from usg.graph.elements import MODALITIES, Attribute, Element, Grounding, Relation, SceneObject, Source
from usg.graph.levi import EdgeType, LeviGraph, NodeKind, to_levi
from usg.graph.region import Box, Mask, Region, TextSpan, TimeSpan, Track, TrackPoint
from usg.graph.scene_graph import SceneGraph
from usg.graph.validate import GraphError

__all__ = [
    "MODALITIES",
    "Attribute",
    "Box",
    "EdgeType",
    "Element",
    "GraphError",
    "Grounding",
    "LeviGraph",
    "Mask",
    "NodeKind",
    "Region",
    "Relation",
    "SceneGraph",
    "SceneObject",
    "Source",
    "TextSpan",
    "TimeSpan",
    "Track",
    "TrackPoint",
    "to_levi",
]
