"""The shuffled-edge control: the same labels, joined at random.

Which object an attribute belongs to and which objects a relation joins are permuted inside each graph, so every label,
every count and every degree stays and only the structure is lost. A model that does as well on shuffled graphs does
not use structure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from usg.graph.scene_graph import SceneGraph

_TRIES = 20  # draws of the endpoints before a relation of an object with itself is accepted


def shuffle_edges(graph: SceneGraph, seed: Sequence[int] | int) -> SceneGraph:
    """The graph with the owners of its attributes and the ends of its relations permuted.

    Args:
        graph: any scene graph.
        seed: of the permutation; the same seed and graph give the same result.

    Returns:
        A graph of the same elements; ids, labels, groundings and metadata are kept.

    >>> from usg.graph import Attribute, SceneObject
    >>> graph = SceneGraph(
    ...     objects=[SceneObject("a", "cat"), SceneObject("b", "dog")],
    ...     attributes=[Attribute("x", "a", "black"), Attribute("y", "b", "white")],
    ... )
    >>> shuffled = [shuffle_edges(graph, seed) for seed in range(9)]
    >>> {tuple(attribute.object for attribute in each.attributes) for each in shuffled} == {("a", "b"), ("b", "a")}
    True
    """
    rng = np.random.default_rng(seed)
    owners = rng.permutation([attribute.object for attribute in graph.attributes])
    subjects = np.array([relation.subject for relation in graph.relations])
    targets = np.array([relation.object for relation in graph.relations])
    for _ in range(_TRIES):
        subjects, targets = rng.permutation(subjects), rng.permutation(targets)
        if not (subjects == targets).any():
            break
    return replace(
        graph,
        attributes=tuple(replace(a, object=str(owner)) for a, owner in zip(graph.attributes, owners, strict=True)),
        relations=tuple(
            replace(r, subject=str(s), object=str(t))
            for r, s, t in zip(graph.relations, subjects, targets, strict=True)
        ),
    )
