"""From the facts of a scene to a stage: the text scene's order from left to right and from near to far, made visible.

`usg.world.layout` places things without looking at what they are, which language needs and pictures cannot use: large
things would hide small ones. Here the same positions are tried first and then others of the same order, and the first
arrangement is taken in which no thing has more than `_HIDDEN` of its box behind nearer ones, or the best of `_TRIES`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate

from usg.world.draw import NO_PARENT, Facts, Uniform
from usg.world.layout import Positions, is_airborne
from usg.world.pixels.looks import Look
from usg.world.pixels.poses import (
    FAR_SCALE,
    NEAR_SCALE,
    SPRITES,
    extent,
    place_child,
    pose_of,
    shares_place,
    tilt_of,
    visible_state,
)
from usg.world.pixels.shapes import Sprite
from usg.world.pixels.stage import STAGE, Actor, Paint, Stage
from usg.world.priors import Priors

_TRIES = 16
_HIDDEN = 0.35
FARTHEST, NEAREST = 12.0, 125.0
"""Feet stand between so many units below the horizon and this line."""
_MARGIN = 1.0


@dataclass(frozen=True, slots=True)
class Cast:
    """What is on the stage, before it is known where: of each thing its sprite, paint, tilt, whether it is mirrored."""

    labels: tuple[str, ...]
    sizes: tuple[int, ...]
    states: tuple[str | None, ...]
    sprites: tuple[Sprite, ...]
    paints: tuple[Paint, ...]
    flips: tuple[bool, ...]
    tilts: tuple[float, ...]
    shifts: tuple[float, ...]
    """In [0, 1), where exactly a child stands on its parent."""


def cast(facts: Facts, priors: Priors, look: Look, uniform: Uniform, paint: Uniform) -> Cast:
    """Chooses how each thing is drawn.

    Args:
        facts: of the scene.
        priors: name the codes.
        look: colours and patterns.
        uniform: randomness of shapes, which does not depend on the look.
        paint: randomness of the look.
    """
    n = len(facts.labels)
    labels = tuple(priors.labels[label] for label in facts.labels)
    roles = [priors.roles[facts.roles[i]] if facts.parents[i] != NO_PARENT else "" for i in range(n)]
    holds = {facts.parents[i] for i in range(n) if roles[i] == "holding"}
    occupied = {facts.parents[i] for i in range(n) if roles[i] == "in"}
    states: list[str | None] = []
    sprites, paints, flips, tilts, shifts = [], [], [], [], []
    for i, label in enumerate(labels):
        drawn, variant, flip, tilt, shift = (uniform() for _ in range(5))
        state = facts.states[i]
        if state is None and label in priors.states:
            names, shares = zip(*priors.states[label].items(), strict=True)
            state = names[min(bisect_right(list(accumulate(shares)), drawn), len(names) - 1)]
        state = visible_state(label, state, i in occupied)
        variants = SPRITES[label][pose_of(label, state, roles[i], i in holds, i in occupied)]
        states.append(state)
        sprites.append(variants[int(variant * len(variants))])
        flips.append(flip < 0.5)
        tilts.append(tilt_of(label, roles[i], tilt))
        shifts.append(shift)
        paints.append(_paint(priors.colours[facts.colours[i]], priors.textures[facts.textures[i]], look, paint))
    for i, role in enumerate(roles):
        if role == "riding":  # who rides looks ahead
            flips[i] = flips[facts.parents[i]]
    return Cast(
        labels,
        tuple(facts.sizes),
        tuple(states),
        tuple(sprites),
        tuple(paints),
        tuple(flips),
        tuple(tilts),
        tuple(shifts),
    )


def _paint(colour: str, texture: str, look: Look, uniform: Uniform) -> Paint:
    patterns = look.patterns[texture]
    pattern = patterns[int(uniform() * len(patterns))]
    jitter = [look.jitter * (2 * uniform() - 1) for _ in range(4)]
    rgb = [
        min(255.0, max(0.0, c + 0.6 * j + 0.4 * jitter[3])) for c, j in zip(look.colours[colour], jitter, strict=False)
    ]
    return Paint((rgb[0], rgb[1], rgb[2]), pattern, uniform())


def arrange(facts: Facts, priors: Priors, positions: Positions, look: Look, uniform: Uniform, paint: Uniform) -> Stage:
    """Returns the stage of a scene.

    Args:
        facts: what is there.
        priors: name the codes.
        positions: where the text scene has it.
        look: how it is drawn.
        uniform: randomness of shapes and places; the same for every look.
        paint: randomness of the look.
    """
    chosen = cast(facts, priors, look, uniform, paint)
    horizon = 0.32 + 0.12 * uniform()
    left_right = [(x - 56.0) / 144.0 for x in positions.x]
    near = [1.0 - depth for depth in positions.depth]
    roots = [i for i, parent in enumerate(facts.parents) if parent == NO_PARENT]
    best: tuple[Actor, ...] = ()
    least = float("inf")
    for attempt in range(_TRIES):
        if attempt:
            left_right, near = _reshuffled(left_right, roots, uniform), _reshuffled(near, roots, uniform)
        actors = place(facts, priors, chosen, left_right, near, horizon)
        hidden = worst_hidden(actors)
        if hidden < least:
            best, least = actors, hidden
        if least <= _HIDDEN:
            break
    brightness = look.light[0] + (look.light[1] - look.light[0]) * paint()
    noise = look.noise[0] + (look.noise[1] - look.noise[0]) * paint()
    return Stage(
        actors=best,
        backdrop=look.backdrops[priors.scene_types[facts.scene]],
        horizon=horizon,
        light=2 * paint() - 1,
        brightness=brightness,
        noise=noise,
        seed=int(paint() * 2**32),
    )


def _reshuffled(places: list[float], roots: list[int], uniform: Uniform) -> list[float]:
    """Other numbers in [0, 1) in the same order: the middles of as many even slots, each moved within its own."""
    found, n = list(places), len(roots)
    for rank, i in enumerate(sorted(roots, key=places.__getitem__)):
        found[i] = (rank + 0.02 + 0.96 * uniform()) / n
    return found


def place(
    facts: Facts, priors: Priors, chosen: Cast, left_right: list[float], near: list[float], horizon: float
) -> tuple[Actor, ...]:
    """Returns actors at shares of the picture's width and of the floor's depth, children with their parents."""
    actors: dict[int, Actor] = {}
    children: dict[int, list[int]] = {}
    for i, parent in enumerate(facts.parents):
        children.setdefault(parent, []).append(i)
    for root in children.get(NO_PARENT, ()):
        flies = is_airborne(facts, priors, root)
        far = horizon * STAGE + FARTHEST
        depth = far + near[root] * (NEAREST - far)
        scale = 1.0 if flies else FAR_SCALE + near[root] * (NEAR_SCALE - FAR_SCALE)
        group = _group(root, facts, priors, chosen, children, left_right[root] * STAGE, depth, scale, flies)
        dx, dy = _into_frame(group, horizon, flies)
        for actor in group:
            actors[actor.index] = moved(actor, dx, dy, 0.0 if flies else dy)
    return tuple(actors[i] for i in range(len(facts.labels)))


def _group(
    root: int, facts: Facts, priors: Priors, chosen: Cast, children: dict[int, list[int]],
    x: float, depth: float, scale: float, flies: bool,
) -> list[Actor]:  # fmt: skip
    """A root and everything that it carries, all at one scale."""

    def actor(i: int, x: float, foot: float, role: str, clip: float | None) -> Actor:
        width, height = extent(chosen.labels[i], chosen.sizes[i], chosen.sprites[i], scale)
        return Actor(
            i, chosen.labels[i], chosen.sprites[i], chosen.paints[i], x, foot, width, height, depth, chosen.flips[i],
            chosen.tilts[i], facts.parents[i], role, clip, flies and i == root, chosen.states[i],
        )  # fmt: skip

    found = [actor(root, x, depth, "", None)]
    for parent in found:  # grows while it is read: a breadth-first walk
        mine = children.get(parent.index, ())
        roles = {i: priors.roles[facts.roles[i]] for i in mine}
        for i in mine:
            row = [j for j in mine if shares_place(roles[i], roles[j])]
            width, height = extent(chosen.labels[i], chosen.sizes[i], chosen.sprites[i], scale)
            spot = place_child(
                parent, chosen.sprites[i], width, height, roles[i], row.index(i), len(row), chosen.shifts[i]
            )
            found.append(actor(i, spot[0], spot[1], roles[i], spot[2]))
    return found


def _into_frame(group: list[Actor], horizon: float, flies: bool) -> tuple[float, float]:
    """The shift that brings a group into the picture; what flies goes between its upper edge and the horizon."""
    boxes = [actor.box for actor in group]
    left, right = min(box.x0 for box in boxes), max(box.x1 for box in boxes)
    top, root = min(box.y0 for box in boxes), group[0]
    dx = max(0.0, _MARGIN - left) or min(0.0, STAGE - _MARGIN - right)
    if flies:
        room = max(0.0, horizon * STAGE - root.height)
        share = (root.depth - horizon * STAGE) / (STAGE * (1 - horizon))
        return dx, _MARGIN + root.height + room * min(1.0, max(0.0, share)) - root.foot
    return dx, min(max(0.0, _MARGIN - top), STAGE - _MARGIN - root.foot)


def moved(actor: Actor, dx: float, dy: float, nearer: float = 0.0) -> Actor:
    """Returns an actor elsewhere; `nearer` is added to its depth."""
    clip = None if actor.clip is None else actor.clip + dy
    return replace(actor, x=actor.x + dx, foot=actor.foot + dy, depth=actor.depth + nearer, clip=clip)


def worst_hidden(actors: tuple[Actor, ...]) -> float:
    """Returns the largest share of any thing's box that nearer things may hide; what it carries is not counted."""
    boxes, worst = [actor.box.xyxy for actor in actors], 0.0
    root = [_root(actors, i) for i in range(len(actors))]
    for i, one in enumerate(actors):
        x0, y0, x1, y1 = boxes[i]
        hidden = 0.0
        for j, other in enumerate(actors):
            if root[i] != root[j] and (other.depth, other.index) > (one.depth, one.index):
                u0, v0, u1, v1 = boxes[j]
                hidden += max(0.0, min(x1, u1) - max(x0, u0)) * max(0.0, min(y1, v1) - max(y0, v0))
        worst = max(worst, hidden / ((x1 - x0) * (y1 - y0)))
    return worst


def _root(actors: tuple[Actor, ...], i: int) -> int:
    while actors[i].parent != NO_PARENT:
        i = actors[i].parent
    return i
