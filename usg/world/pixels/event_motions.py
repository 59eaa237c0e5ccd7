"""How things move in events.

A motion is a function from the actors at the beginning of a phase and a share of its time, in (0, 1], to those then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from usg.world.pixels.motion import Actors, between, facing, given, placed, released, rolled
from usg.world.pixels.stage import STAGE, Actor

Motion = Callable[[Actors, float], Actors]
ROUND = frozenset({"ball", "apple"})
"""What turns over when it is pushed or falls."""


def slide(root: int, x: float, foot: float, horizon: float) -> Motion:
    """Returns the motion straight to a place, looking there; a ball rolls."""

    def motion(actors: Actors, u: float) -> Actors:
        start = actors[root]
        turned = facing(actors, root, x > start.x)
        moved = placed(turned, root, between(start.x, x, u), between(start.foot, foot, u), horizon)
        return rolled(moved, root, start.x)

    return motion


def bounce(a: Actor) -> Motion:
    """Returns the motion of a thing that jumps three times in its place, each time less high."""

    def motion(actors: Actors, u: float) -> Actors:
        height = 0.30 * STAGE * (1 - (2 * ((3 * u) % 1.0) - 1) ** 2) * (1 - 0.55 * u) if u < 1 else 0.0
        up = replace(actors[a.index], foot=a.foot - height, flies=height > 1)
        return {**actors, a.index: up}

    return motion


def push(a: Actor, b: Actor, side: int, horizon: float) -> Motion:
    """Returns the motion of two thirds of the time towards a thing, then on, pushing it."""
    touch = b.x - side * (a.width + b.width) / 2

    def motion(actors: Actors, u: float) -> Actors:
        hit, after = min(1.0, u / 0.65), max(0.0, (u - 0.65) / 0.35)
        moved = slide(a.index, touch + side * 4 * after, b.foot, horizon)(actors, hit if after == 0 else 1.0)
        if after:
            thing = replace(moved[b.index], x=b.x + side * 20 * after)
            turn = -side * 90 * after if b.label in ROUND else 0.0
            moved = {**moved, b.index: replace(thing, tilt=b.tilt + turn)}
        return moved

    return motion


def fall(a: Actor, parent: Actor) -> Motion:
    """Returns the motion over the nearer edge, then down to where the parent stands."""
    side = 1 if a.x >= parent.x else -1
    edge = parent.x + side * (parent.width / 2 + a.width * 0.55)
    if not a.width / 2 < edge < STAGE - a.width / 2:
        side = -side
        edge = parent.x + side * (parent.width / 2 + a.width * 0.55)

    def motion(actors: Actors, u: float) -> Actors:
        slid, fallen = min(1.0, u / 0.4), max(0.0, (u - 0.4) / 0.6)
        now = released(actors, a.index) if fallen else actors
        thing = replace(now[a.index], x=between(a.x, edge, slid) + side * 5 * fallen)
        if fallen:
            foot = between(a.foot, parent.foot + 1, min(1.0, fallen**2 * 1.2))
            landed = foot >= parent.foot + 0.99
            turn = -side * 90 * fallen if a.label in ROUND else 0.0
            thing = replace(thing, foot=foot, depth=parent.depth + 0.5, tilt=a.tilt + turn, flies=not landed)
        return {**now, a.index: thing}

    return motion


def hand_over(thing: int, to: int, role: str) -> Motion:
    """Returns the motion of a thing to a new place in an arc; it belongs there only at the end."""

    def motion(actors: Actors, u: float) -> Actors:
        after = given(actors, thing, to, role)
        if u >= 1:
            return after
        start, goal = actors[thing], after[thing]
        lift = 10 * 4 * u * (1 - u) if role == "on" else 0.0
        depth = max(start.depth, goal.depth) + 0.5
        moved = released(actors, thing)
        return {
            **moved,
            thing: replace(
                moved[thing], x=between(start.x, goal.x, u), foot=between(start.foot, goal.foot, u) - lift, depth=depth
            ),
        }

    return motion
