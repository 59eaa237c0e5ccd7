"""The shuffled-edge control: the same labels, joined at random.

Every attribute is handed to an object drawn at random, every relation to two different ones, so every label and every
count stays and only the structure is lost. A model that does as well on shuffled graphs does not use structure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from usg.graph.scene_graph import SceneGraph


def shuffle_edges(graph: SceneGraph, seed: Sequence[int] | int) -> SceneGraph:
    """The graph with the owners of its attributes and the ends of its relations drawn anew.

    Args:
        graph: any scene graph.
        seed: of the draw; the same seed and graph give the same result.

    Returns:
        A graph of the same elements; ids, labels, groundings and metadata are kept.

    >>> from usg.graph import Attribute, SceneObject
    >>> graph = SceneGraph(
    ...     objects=[SceneObject("a", "cat"), SceneObject("b", "dog")],
    ...     attributes=[Attribute("x", "a", "black"), Attribute("y", "b", "white")],
    ... )
    >>> shuffled = [shuffle_edges(graph, seed) for seed in range(9)]
    >>> {tuple(attribute.object for attribute in each.attributes) for each in shuffled} > {("b", "a")}
    True
    """
    rng = np.random.default_rng(seed)
    ids = [obj.id for obj in graph.objects]
    owners = [ids[i] for i in rng.integers(0, max(len(ids), 1), len(graph.attributes))]
    pairs = [rng.choice(len(ids), 2, replace=len(ids) < 2) for _ in graph.relations]
    return replace(
        graph,
        attributes=tuple(replace(a, object=owner) for a, owner in zip(graph.attributes, owners, strict=True)),
        relations=tuple(
            replace(r, subject=ids[i], object=ids[j]) for r, (i, j) in zip(graph.relations, pairs, strict=True)
        ),
    )
