"""A scene as a picture with its gold graph: the public way to get one.

`sample_picture(split, seed, i)` shows the scene that `usg.world.sample_scene(split, seed, i)` tells: the same objects
under the same ids, with the same colours, sizes, textures, states (but a box with something in it is open, such a
basket full) and structure. The picture then decides what is seen. Its graph has the objects of which enough is seen; of
each the box and the mask of its visible pixels; the state of everything that has one; and every spatial relation that
the pixels show, instead of the few of the text scene's own layout.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from usg.graph.elements import Attribute, Grounding, Relation, SceneObject, Source
from usg.graph.region import Box
from usg.graph.rle import encode_mask, mask_box
from usg.graph.scene_graph import SceneGraph
from usg.names import unknown_name
from usg.world import tables
from usg.world.draw import Facts, Uniform, draw_facts
from usg.world.layout import Positions, place
from usg.world.pixels.arrange import arrange
from usg.world.pixels.looks import HELD_OUT, ORDINARY
from usg.world.pixels.relations import Seen, coverings, spatial, structural
from usg.world.pixels.render import Rendering, render, whole_box
from usg.world.pixels.stage import STAGE, Stage
from usg.world.priors import DEFAULT, Priors
from usg.world.scene import LOOK, PICTURE, SCENE, stream

PIXELS_VERSION = 1
PICTURE_SPLITS = (*tables.SPLITS, "style")
LEAST_VISIBLE = 0.2
"""Things of which less is seen, or less than `LEAST_SIDE` stage units across, are not in the graph."""
LEAST_SIDE = 4.0


@dataclass(frozen=True)
class Picture:
    """A picture and what it shows."""

    image: NDArray[np.uint8]
    """(side, side, 3) RGB."""
    graph: SceneGraph
    stage: Stage
    owner: NDArray[np.int16]
    """(side, side) the place among `stage.actors` of the thing that each pixel shows, or -1: all masks at once."""


@dataclass(frozen=True)
class Plan:
    """A scene before it is drawn: its facts, where the text scene has them, and the two streams of randomness."""

    facts: Facts
    positions: Positions
    shapes: Uniform
    paint: Uniform


def plan(split: str, seed: int, index: int, priors: Priors = DEFAULT) -> Plan:
    """Draws the facts of a scene as `sample_scene` does. The split `style` has the scenes and shapes of `iid`.

    Raises:
        LookupError: if there is no such split.
        ValueError: if `seed` or `index` is negative.
    """
    if split not in PICTURE_SPLITS:
        raise LookupError(unknown_name("split", split, PICTURE_SPLITS))
    scene = "iid" if split == "style" else split
    uniform = stream(scene, seed, index, SCENE)
    facts = draw_facts(priors, scene, uniform)
    positions = place(facts, priors, uniform)
    return Plan(facts, positions, stream(scene, seed, index, PICTURE), stream(scene, seed, index, LOOK))


def sample_stage(split: str, seed: int, index: int, priors: Priors = DEFAULT) -> tuple[Facts, Stage]:
    """Returns the facts of a scene and its stage; see `sample_picture`."""
    drawn = plan(split, seed, index, priors)
    look = HELD_OUT if split == "style" else ORDINARY
    return drawn.facts, arrange(drawn.facts, priors, drawn.positions, look, drawn.shapes, drawn.paint)


def sample_picture(split: str, seed: int, index: int, *, side: int = 128, priors: Priors = DEFAULT) -> Picture:
    """Samples one picture with its graph.

    Args:
        split: train, val, iid, compose, longer, or style.
        seed: of the data set.
        index: of the scene in the data set.
        side: of the picture, pixels.
        priors: the world; `usg.world.pixels.even_priors` draws looks evenly.

    Raises:
        LookupError: if there is no such split.
        ValueError: if `seed` or `index` is negative, or `side` is below 32.

    >>> picture = sample_picture("train", 0, 0)
    >>> picture.image.shape, [type(g.region).__name__ for g in picture.graph.objects[0].groundings]
    ((128, 128, 3), ['Box', 'Mask'])
    """
    facts, stage = sample_stage(split, seed, index, priors)
    rendering = render(stage, side)
    metadata = {
        "world": tables.WORLD_VERSION,
        "pixels": PIXELS_VERSION,
        "scene_type": priors.scene_types[facts.scene],
        "palette": priors.palettes[facts.palette],
        "split": split,
        "seed": seed,
        "index": index,
    }
    graph = picture_graph(facts, priors, stage, rendering, metadata)
    return Picture(rendering.image, graph, stage, rendering.owner)


def visible_actors(rendering: Rendering, stage: Stage) -> list[Seen]:
    """Returns the things that a rendering shows well enough to be told, in the scene's order."""
    side, found = len(rendering.image), []
    for i, actor in enumerate(stage.actors):
        box, visibility = mask_box(rendering.visible(i)), rendering.visibility(i)
        least = LEAST_SIDE * side / STAGE
        if box is None or visibility < LEAST_VISIBLE or min(box.x1 - box.x0, box.y1 - box.y0) < least:
            continue
        unit = Box(box.x0 / side, box.y0 / side, box.x1 / side, box.y1 / side)
        found.append(Seen(actor, unit, visibility, actor.foot / STAGE))
    return found


def picture_graph(
    facts: Facts, priors: Priors, stage: Stage, rendering: Rendering, metadata: dict[str, Any], source: str = "image"
) -> SceneGraph:
    """Writes down what a picture shows.

    Args:
        facts: of the scene; things on the stage beyond them are an error.
        priors: name the codes.
        stage: what was drawn.
        rendering: of the stage.
        metadata: goes into the graph. Added are by object id `amodal`, boxes of the whole things, which may leave the
            picture, and `visibility`, the shares of them that are seen; and `heldout`, the ids of the objects and
            relations that are held-out combinations, where there are some.
        source: id of the image.
    """
    side = len(rendering.image)
    number = {actor.index: i for i, actor in enumerate(stage.actors)}
    seen = visible_actors(rendering, stage)
    objects: list[SceneObject] = []
    attributes: list[Attribute] = []
    relations: list[Relation] = []
    amodal, visibility = {}, {}
    for one in seen:
        i, actor = one.actor.index, one.actor
        mask = rendering.visible(number[i])
        box = mask_box(mask)
        where = (Grounding(source, box), Grounding(source, encode_mask(mask)))
        objects.append(SceneObject(f"o{i}", actor.label, groundings=where))
        amodal[f"o{i}"] = [round(value, 2) for value in whole_box(actor, side / STAGE).xyxy]
        visibility[f"o{i}"] = round(one.visibility, 4)
    shown = {obj.id for obj in objects}
    for name, i, kind, value in scene_attributes(facts, priors, stage):
        if f"o{i}" in shown:
            attributes.append(Attribute(name, f"o{i}", value, kind=kind, groundings=(Grounding(source),)))
    present = [one.actor for one in seen]
    covers = coverings(rendering, stage.actors)
    for i, predicate, j in (*structural(present), *spatial(seen, covers)):
        relations.append(Relation(f"r{len(relations)}", f"o{i}", predicate, f"o{j}", groundings=(Grounding(source),)))
    graph = SceneGraph(
        sources=(Source(source, "image", width=side, height=side),),
        objects=tuple(objects),
        attributes=tuple(attributes),
        relations=tuple(relations),
        metadata={**metadata, "amodal": amodal, "visibility": visibility},
    )
    heldout = heldout_elements(graph, priors)
    return replace(graph, metadata={**graph.metadata, "heldout": heldout}) if any(heldout.values()) else graph


def scene_attributes(facts: Facts, priors: Priors, stage: Stage) -> list[tuple[str, int, str, str]]:
    """Returns (id, object, kind, value) with the ids of the text scene; states that it leaves unsaid come after."""
    found: list[tuple[str, int, str, str]] = []
    unnamed: list[tuple[int, str]] = []
    states = {actor.index: actor.state for actor in stage.actors}
    for i in range(len(facts.labels)):
        known = [
            ("colour", priors.colours[facts.colours[i]]),
            ("size", priors.sizes[facts.sizes[i]]),
            ("texture", priors.textures[facts.textures[i]]),
        ]
        for kind, value in known:
            found.append((f"a{len(found)}", i, kind, value))
        if facts.states[i] is not None:
            found.append((f"a{len(found)}", i, "state", states.get(i) or facts.states[i] or ""))
        elif states.get(i) is not None:
            unnamed.append((i, str(states[i])))
    named = len(found)  # numbered by object, so that one that is not there does not rename the others
    return found + [(f"a{named + i}", i, "state", value) for i, value in unnamed]


def heldout_elements(graph: SceneGraph, priors: Priors = DEFAULT) -> dict[str, list[str]]:
    """Returns the ids of the objects with a held-out colour and of the relations that are held-out triples.

    In the pictures of every split but `compose` there are none, so that scores over these elements alone say how well
    unseen combinations are read.

    >>> heldout_elements(sample_picture("compose", 0, 0).graph)["objects"] != []
    True
    """
    pairs, triples = priors.heldout_sets
    labels, colours, roles = priors.codes["labels"], priors.codes["colours"], priors.codes["roles"]
    code = {obj.id: labels[obj.label] for obj in graph.objects}
    objects = [a.object for a in graph.attributes if a.kind == "colour" and (code[a.object], colours[a.value]) in pairs]
    relations = []
    for relation in graph.relations:
        if relation.predicate in roles:
            ends = (relation.subject, relation.object)
            child, parent = ends[::-1] if relation.predicate in tables.PARENT_IS_SUBJECT else ends
            if (roles[relation.predicate], code[child], code[parent]) in triples:
                relations.append(relation.id)
    return {"objects": objects, "relations": relations}
