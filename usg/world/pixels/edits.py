"""Pictures before and after an edit: something added, removed, replaced, moved, recoloured or restyled, all else equal.

The edit itself is a value of `usg.graph.edit`; light, noise and everything it does not touch are the same in both
pictures. The second graph is measured from the second picture: relations change with what moved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from usg.graph.edit import Add, Edit, Move, Recolour, Remove, Replace, Restyle
from usg.graph.elements import Grounding
from usg.graph.region import Box
from usg.world import tables
from usg.world.draw import NO_PARENT, Facts, Uniform, shuffled
from usg.world.pixels.looks import HELD_OUT, ORDINARY, Look
from usg.world.pixels.motion import Actors, carried, placed
from usg.world.pixels.picture import PIXELS_VERSION, Picture, picture_graph, sample_stage
from usg.world.pixels.poses import SPRITES, extent, place_child, pose_of
from usg.world.pixels.render import render
from usg.world.pixels.stage import STAGE, Actor, Paint, Stage
from usg.world.priors import DEFAULT, Priors
from usg.world.scene import EDIT, stream

KINDS = ("add", "remove", "replace", "move", "recolour", "restyle")
_FARTHER = 0.2
"""Least distance of a move, share of the width."""
_VISIBLE = 0.6
"""Least visibility of what is edited, in every picture that shows it."""


@dataclass(frozen=True)
class EditPair:
    """Two pictures and the edits that lead from the graph of the first to the second's objects and attributes."""

    kind: str
    target: str
    """Id of the object."""
    before: Picture
    after: Picture
    edits: tuple[Edit, ...]


Side = tuple[Facts, Stage]
Change = Callable[[Facts, Stage, Actor, Look, Priors, Uniform], tuple[Side, Side] | None]


def sample_edit(
    split: str, seed: int, index: int, *, kind: str | None = None, side: int = 128, priors: Priors = DEFAULT
) -> EditPair | None:
    """Samples a pair of pictures of one scene.

    Args:
        split: train, val, iid, compose, longer, or style.
        seed: of the data set.
        index: of the scene in the data set.
        kind: one of `KINDS`; drawn when absent.
        side: of the pictures, pixels.
        priors: the world.

    Returns:
        The pair; none if a kind was asked for that nothing in the scene allows.

    Raises:
        LookupError: if there is no such split or kind.

    >>> pair = sample_edit("train", 0, 1, kind="recolour")
    >>> pair.edits
    (Recolour(id='o1', value='black'),)
    """
    from usg.names import unknown_name

    if kind is not None and kind not in KINDS:
        raise LookupError(unknown_name("edit", kind, KINDS))
    facts, stage = sample_stage(split, seed, index, priors)
    look = HELD_OUT if split == "style" else ORDINARY
    uniform = stream("iid" if split == "style" else split, seed, index, EDIT)
    metadata = {"world": tables.WORLD_VERSION, "pixels": PIXELS_VERSION, "split": split, "seed": seed, "index": index}
    for name in (kind,) if kind else [KINDS[k] for k in shuffled(len(KINDS), uniform)]:
        for k in shuffled(len(stage.actors), uniform):
            target = stage.actors[k]
            sides = _CHANGES[name](facts, stage, target, look, priors, uniform)
            if sides is None:
                continue
            pictures = [_picture(*one, side, priors, metadata) for one in sides]
            seen = [picture.graph.metadata["visibility"].get(f"o{target.index}", 0.0) for picture in pictures]
            if min(seen[1:] if name == "add" else seen[:1] if name == "remove" else seen) < _VISIBLE:
                continue
            before, after = pictures
            edits = _edits(name, f"o{target.index}", before, after)
            return EditPair(name, f"o{target.index}", before, after, edits)
    return None


def _picture(facts: Facts, stage: Stage, side: int, priors: Priors, metadata: dict[str, object]) -> Picture:
    drawing = render(stage, side)
    return Picture(drawing.image, picture_graph(facts, priors, stage, drawing, dict(metadata)), stage, drawing.owner)


def _edits(kind: str, target: str, before: Picture, after: Picture) -> tuple[Edit, ...]:
    """What turns the first graph's objects and attributes into the second's."""
    values = {a.kind: a.value for a in after.graph.attributes if a.object == target}
    if kind == "remove":
        return (Remove(target),)
    obj = after.graph.object(target)
    box = obj.groundings[0].region
    match kind:
        case "add":
            place = replace(obj, groundings=(Grounding("image", box),))
            return (Add(place), *(Add(a) for a in after.graph.attributes_of(target)))
        case "replace":
            old = {a.kind: a.id for a in before.graph.attributes_of(target)}
            gone = [Remove(name) for key, name in old.items() if key not in values]
            new = [Restyle(target, "state", values["state"])] if "state" in values else []
            return (Replace(target, obj.label), *gone, *new)
        case "move":
            return (Move(target, "image", box),) if isinstance(box, Box) else ()
        case "recolour":
            return (Recolour(target, values["colour"]),)
        case _:
            return (Restyle(target, "texture", values["texture"]),)


def _bare(actors: Actors, target: Actor) -> bool:
    return len(carried(actors, target.index)) == 1


def _by_index(stage: Stage) -> Actors:
    return {actor.index: actor for actor in stage.actors}


def _with(stage: Stage, actors: Actors) -> Stage:
    return replace(stage, actors=tuple(actors.values()))


def _remove(
    facts: Facts, stage: Stage, target: Actor, look: Look, priors: Priors, uniform: Uniform
) -> tuple[Side, Side] | None:
    actors = _by_index(stage)
    if not _bare(actors, target) or len(actors) < 3:
        return None
    rest = {i: actor for i, actor in actors.items() if i != target.index}
    return (facts, stage), (facts, _with(stage, rest))


def _add(
    facts: Facts, stage: Stage, target: Actor, look: Look, priors: Priors, uniform: Uniform
) -> tuple[Side, Side] | None:
    sides = _remove(facts, stage, target, look, priors, uniform)
    return None if sides is None else (sides[1], sides[0])


def _move(
    facts: Facts, stage: Stage, target: Actor, look: Look, priors: Priors, uniform: Uniform
) -> tuple[Side, Side] | None:
    """A root goes elsewhere with all it carries, on its line of the floor or of the sky."""
    actors = _by_index(stage)
    boxes = [actors[i].box for i in carried(actors, target.index)]
    left, right = target.x - min(box.x0 for box in boxes), max(box.x1 for box in boxes) - target.x
    if target.parent != NO_PARENT or left + right >= STAGE - 2:
        return None
    x = 1 + left + uniform() * (STAGE - 2 - left - right)
    if abs(x - target.x) < _FARTHER * STAGE:
        return None
    return (facts, stage), (facts, _with(stage, placed(actors, target.index, x, target.foot, stage.horizon)))


def _recolour(
    facts: Facts, stage: Stage, target: Actor, look: Look, priors: Priors, uniform: Uniform
) -> tuple[Side, Side] | None:
    others = [code for code in range(len(priors.colours)) if code != facts.colours[target.index]]
    code = others[int(uniform() * len(others))]
    red, green, blue = look.colours[priors.colours[code]]
    return _painted(
        facts, stage, target, replace(target.paint, rgb=(float(red), float(green), float(blue))), colour=code
    )


def _restyle(
    facts: Facts, stage: Stage, target: Actor, look: Look, priors: Priors, uniform: Uniform
) -> tuple[Side, Side] | None:
    others = [code for code in range(len(priors.textures)) if code != facts.textures[target.index]]
    code = others[int(uniform() * len(others))]
    patterns = look.patterns[priors.textures[code]]
    pattern = patterns[int(uniform() * len(patterns))]
    return _painted(facts, stage, target, replace(target.paint, pattern=pattern), texture=code)


def _painted(
    facts: Facts, stage: Stage, target: Actor, paint: Paint, colour: int | None = None, texture: int | None = None
) -> tuple[Side, Side]:
    i = target.index
    colours, textures = list(facts.colours), list(facts.textures)
    colours[i] = colours[i] if colour is None else colour
    textures[i] = textures[i] if texture is None else texture
    after = replace(facts, colours=colours, textures=textures)
    return (facts, stage), (after, _with(stage, {**_by_index(stage), i: replace(target, paint=paint)}))


def _replace(
    facts: Facts, stage: Stage, target: Actor, look: Look, priors: Priors, uniform: Uniform
) -> tuple[Side, Side] | None:
    """Another category in its place, of the same colour, size and texture, that the world has there too."""
    actors, i = _by_index(stage), target.index
    if not _bare(actors, target):
        return None
    if target.parent == NO_PARENT:
        options = [label for label in priors.labels if (label in tables.AIRBORNE) == target.flies]
    else:
        parent = actors[target.parent].label
        options = [
            child
            for role, children, parents, _ in tables.STRUCTURE
            if role == target.role and parent in parents
            for child in children
        ]
    options = [label for label in dict.fromkeys(options) if label != target.label]
    if not options:
        return None
    label = options[int(uniform() * len(options))]
    states = list(priors.states.get(label, ()))
    state = states[int(uniform() * len(states))] if states else None
    variants = SPRITES[label][pose_of(label, state, target.role, False, False)]
    sprite = variants[int(uniform() * len(variants))]
    scale = target.width / extent(target.label, facts.sizes[i], target.sprite, 1.0)[0]
    width, height = extent(label, facts.sizes[i], sprite, scale)
    x, foot, clip = target.x, target.foot, target.clip
    if target.parent == NO_PARENT:
        x = min(max(x, width / 2 + 1), STAGE - width / 2 - 1)
        foot = max(foot, height + 1) if target.flies else foot
    else:
        _, foot, clip = place_child(actors[target.parent], sprite, width, height, target.role, 0, 1, 0.5)
    other = replace(
        target,
        label=label,
        sprite=sprite,
        state=state,
        width=width,
        height=height,
        x=x,
        foot=foot,
        clip=clip,
        tilt=0.0,
    )
    labels, said = list(facts.labels), list(facts.states)
    labels[i], said[i] = priors.labels.index(label), None if facts.states[i] is None else state
    return (facts, stage), (replace(facts, labels=labels, states=said), _with(stage, {**actors, i: other}))


_CHANGES: dict[str, Change] = {
    "add": _add, "remove": _remove, "replace": _replace, "move": _move, "recolour": _recolour, "restyle": _restyle,
}  # fmt: skip
