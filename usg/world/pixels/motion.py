"""Moving things on a stage: a root takes along what it carries, and grows or shrinks with its distance.

`Cast` maps index to actor; every function returns a new one.
"""

from __future__ import annotations

import math
from dataclasses import replace

from usg.world.draw import NO_PARENT
from usg.world.pixels.arrange import FARTHEST, NEAREST
from usg.world.pixels.poses import FAR_SCALE, NEAR_SCALE, SPRITES, place_child, side_of
from usg.world.pixels.stage import STAGE, Actor

Actors = dict[int, Actor]

FACING = frozenset({"dog", "cat", "horse", "bird", "car", "bicycle"})
"""Categories drawn from the side, looking to the right when not mirrored."""


def carried(actors: Actors, root: int) -> list[int]:
    """Returns the index of a thing and of everything that it carries, directly or not."""
    found = [root]
    for parent in found:  # grows while it is read
        found += [i for i, actor in actors.items() if actor.parent == parent]
    return found


def scale_at(foot: float, horizon: float) -> float:
    """Returns the scale of things whose feet are on that line of the floor."""
    far = horizon * STAGE + FARTHEST
    return FAR_SCALE + (NEAR_SCALE - FAR_SCALE) * (foot - far) / (NEAREST - far)


def placed(actors: Actors, root: int, x: float, foot: float, horizon: float) -> Actors:
    """Returns the actors with a root and what it carries elsewhere; on the ground its size follows its distance."""
    origin = actors[root]
    ratio = 1.0 if origin.flies else scale_at(foot, horizon) / scale_at(origin.foot, horizon)
    moved = dict(actors)
    for i in carried(actors, root):
        actor = actors[i]
        clip = None if actor.clip is None else foot + (actor.clip - origin.foot) * ratio
        moved[i] = replace(
            actor, x=x + (actor.x - origin.x) * ratio, foot=foot + (actor.foot - origin.foot) * ratio, clip=clip,
            width=actor.width * ratio, height=actor.height * ratio, depth=origin.depth if origin.flies else foot,
        )  # fmt: skip
    return moved


def facing(actors: Actors, root: int, right: bool) -> Actors:
    """Returns the actors with a root that looks where it goes, and what it carries mirrored with it."""
    origin = actors[root]
    if origin.label not in FACING or origin.flip != right:
        return actors
    turned = dict(actors)
    for i in carried(actors, root):
        turned[i] = replace(actors[i], x=2 * origin.x - actors[i].x, flip=not actors[i].flip)
    return turned


def rolled(actors: Actors, root: int, since: float) -> Actors:
    """Returns the actors with a ball turned as far as it has rolled from where its centre was."""
    actor = actors[root]
    if actor.label != "ball":
        return actors
    turn = math.degrees((actor.x - since) / (actor.width / 2))
    return {**actors, root: replace(actor, tilt=actor.tilt - turn)}


def released(actors: Actors, i: int) -> Actors:
    """Returns the actors with one that nothing carries any more and that does not stand yet."""
    return {**actors, i: replace(actors[i], parent=NO_PARENT, role="", clip=None, flies=True)}


def given(actors: Actors, i: int, parent: int, role: str) -> Actors:
    """Returns the actors with a thing that now is held by, or stands on, another, in the place for it."""
    mates = [k for k, actor in actors.items() if actor.parent == parent and actor.role == role and k != i]
    thing, holder = actors[i], actors[parent]
    if role == "holding":
        holder = reposed(holder, "holding")
    rank = len(mates)
    if role == "holding" and not mates:  # the nearer of the two hands
        reach = [abs(holder.x + side_of(holder, across) - thing.x) for across, _ in holder.sprite.hands]
        rank = reach.index(min(reach))
    x, foot, clip = place_child(holder, thing.sprite, thing.width, thing.height, role, rank, len(mates) + 1, 0.5)
    child = replace(
        thing, x=x, foot=foot, clip=clip, parent=parent, role=role, flies=False, depth=holder.depth, tilt=0.0
    )
    return {**actors, parent: holder, i: child}


def reposed(actor: Actor, pose: str) -> Actor:
    """Returns an actor in another pose of its category, in the same variant; itself where it has no such pose."""
    poses = SPRITES[actor.label]
    for sprites in poses.values():
        if pose in poses and actor.sprite in sprites:
            return replace(actor, sprite=poses[pose][sprites.index(actor.sprite)])
    return actor


def between(a: float, b: float, u: float) -> float:
    """Returns the point a share u of the way from a to b."""
    return a + (b - a) * u


def gap(one: Actor, two: Actor) -> float:
    """Returns the horizontal distance between two boxes; negative where they overlap."""
    return abs(one.x - two.x) - (one.width + two.width) / 2
