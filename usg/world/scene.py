"""A scene as a SceneGraph: sampled from (world version, split, seed, index), without the scenes before it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from usg.graph.elements import Attribute, Grounding, Relation, SceneObject, Source
from usg.graph.scene_graph import SceneGraph
from usg.names import unknown_name
from usg.world import tables
from usg.world.draw import NO_PARENT, Facts, Uniform, draw_facts, uniforms
from usg.world.layout import IMAGE_SIZE, boxes, place
from usg.world.priors import DEFAULT, Priors
from usg.world.spatial import show

# What a stream of randomness is for.
SCENE, CAPTIONS, QUESTIONS, REFERRING, STATEMENTS, PICTURE, LOOK, FILM, EDIT, VIEWS = range(10)


def stream(split: str, seed: int, index: int, purpose: int) -> Uniform:
    """Returns the randomness of one purpose (`SCENE`, `CAPTIONS`, ...) of one scene."""
    if split not in tables.SPLITS:
        raise LookupError(unknown_name("split", split, tables.SPLITS))
    if seed < 0 or index < 0:
        raise ValueError(f"seed {seed} and index {index} of a scene must not be negative")
    entropy = (tables.WORLD_VERSION, tables.SPLITS.index(split), seed, index, purpose)
    return uniforms(np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy))))


def sample_graph(split: str, seed: int, index: int, priors: Priors = DEFAULT) -> SceneGraph:
    """Samples the graph of one scene: labels, attributes, boxes, shown relations; no language.

    Args:
        split: train, val, iid, compose or longer.
        seed: of the data set.
        index: of the scene in the data set.
        priors: the world.

    Raises:
        LookupError: if there is no such split.
        ValueError: if `seed` or `index` is negative.

    >>> sample_graph("train", 0, 0) == sample_graph("train", 0, 0)
    True
    """
    uniform = stream(split, seed, index, SCENE)
    facts = draw_facts(priors, split, uniform)
    return to_graph(facts, priors, uniform, {"split": split, "seed": seed, "index": index})


def to_graph(facts: Facts, priors: Priors, uniform: Uniform, metadata: dict[str, str | int]) -> SceneGraph:
    """Lays the facts out, draws the relations shown, and writes the scene down.

    Objects are o0, o1, ..., attributes a0, ... in the order of their objects (colour, size, texture, state), relations
    r0, ... with the structural ones first. The image is the source "image"; metadata tells the latents and the depths.
    """
    positions = place(facts, priors, uniform)
    shown = show(facts, priors, positions, uniform)
    objects: list[SceneObject] = []
    attributes: list[Attribute] = []
    relations: list[Relation] = []
    for i, box in enumerate(boxes(facts, priors, positions)):
        name = f"o{i}"
        objects.append(SceneObject(name, priors.labels[facts.labels[i]], groundings=(Grounding("image", box),)))
        values = (
            ("colour", priors.colours[facts.colours[i]]),
            ("size", priors.sizes[facts.sizes[i]]),
            ("texture", priors.textures[facts.textures[i]]),
            ("state", facts.states[i]),
        )
        for kind, value in values:
            if value is not None:
                attributes.append(Attribute(f"a{len(attributes)}", name, value, kind=kind))
    for i, j in enumerate(facts.parents):
        if j != NO_PARENT:
            role = priors.roles[facts.roles[i]]
            subject, other = (j, i) if role in tables.PARENT_IS_SUBJECT else (i, j)
            relations.append(Relation(f"r{len(relations)}", f"o{subject}", role, f"o{other}"))
    for i, predicate, j in shown:
        relations.append(Relation(f"r{len(relations)}", f"o{i}", predicate, f"o{j}"))
    return SceneGraph(
        sources=(Source("image", "image", width=IMAGE_SIZE, height=IMAGE_SIZE),),
        objects=tuple(objects),
        attributes=tuple(attributes),
        relations=tuple(relations),
        metadata={
            "world": tables.WORLD_VERSION,
            "scene_type": priors.scene_types[facts.scene],
            "palette": priors.palettes[facts.palette],
            **metadata,
            "depth": [round(depth, 4) for depth in positions.depth],
        },
    )


def sample_graphs(n: int, split: str, seed: int, start: int = 0, priors: Priors = DEFAULT) -> Iterator[SceneGraph]:
    """Samples the scenes start, start + 1, ..., start + n - 1 of a data set."""
    for index in range(start, start + n):
        yield sample_graph(split, seed, index, priors)
