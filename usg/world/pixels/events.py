"""What can happen on a stage: ten events, each with the conditions under which it can and the motion that it is.

    enters, exits                     one thing, over the picture's left or right edge
    bounces                           a ball, in its place
    moves to, approaches, passes      a thing that moves by itself, and another: it ends beside it, ends nearer but not
                                      beside it, or goes from one side of it to the other
    falls from                        a small thing on another
    picks up, puts on                 a person and a small thing, after moving to it; to put it on, a surface
    collides with                     a ball or a vehicle pushes a light thing on

An event is one or more phases; each has its own name, participants and time, so that picking up begins when the person
has come to the thing, and coming there is told as moving to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from usg.world import tables
from usg.world.draw import NO_PARENT
from usg.world.pixels.event_motions import Motion, bounce, fall, hand_over, push, slide
from usg.world.pixels.motion import Actors, between, carried, facing, gap, placed
from usg.world.pixels.stage import STAGE, Actor

MOVERS = frozenset({"person", "dog", "cat", "horse", "bird", "car", "bicycle", "ball", "boat"})
DRIFTING = frozenset({"balloon", "kite"})
"""Enter and leave with the wind."""
SMALL = frozenset({"cup", "bottle", "book", "ball", "apple", "flower", "hat"})
SURFACES = frozenset({"table", "bench", "bed", "sofa", "chair"})
PUSHERS = frozenset({"ball", "car", "bicycle"})
PUSHED = SMALL | {"box", "basket", "lamp", "chair", "umbrella"}
UNARY = ("enters", "exits", "bounces")
BINARY = ("moves to", "approaches", "passes", "falls from", "picks up", "puts on", "collides with")
EVENTS = (*UNARY, *BINARY)
WEIGHTS = {
    "exits": 0.4, "enters": 0.6, "moves to": 0.6, "passes": 2.0, "bounces": 3.0, "falls from": 2.0, "picks up": 8.0,
    "puts on": 16.0, "collides with": 12.0,
}  # fmt: skip
"""How often an event is chosen where it is possible, relative to 1 for those not listed: more often the rarer it is."""

_BESIDE = 2.0
_HIDDEN = 0.5
_FAR_APART, _NEAR = 26.0, 15.0


class Phase(NamedTuple):
    """A stretch of a film in which one thing happens."""

    name: str
    subject: int
    object: int | None
    share: float
    """Of the event's frames."""
    motion: Motion
    """From the actors at its beginning and a share of its time, in (0, 1], the actors then."""


class Event(NamedTuple):
    """What can happen next."""

    name: str
    phases: tuple[Phase, ...]
    before: Motion | None = None
    """What must hold in all frames before it, for what enters."""


def possible(actors: Actors, horizon: float, first: bool) -> Iterator[Event]:
    """Yields every event that these actors can do.

    Args:
        actors: as they are.
        horizon: of the stage, share of the height.
        first: whether nothing has happened yet, so that something may still be outside.
    """
    roots = [a for a in actors.values() if a.parent == NO_PARENT and 0 < a.x < STAGE]
    ground = [a for a in roots if a.on_ground]
    for a in roots:
        if a.label in MOVERS | DRIFTING:
            for side in (-1, 1):
                if first:
                    yield _enters(actors, a, side, horizon)
                yield _exits(actors, a, side, horizon)
        if a.label == "ball" and a.on_ground:
            yield Event("bounces", (Phase("bounces", a.index, None, 1.0, bounce(a)),))
        if a.label in MOVERS and a.on_ground:
            for b in ground:
                if a.index != b.index:
                    yield from _towards(actors, a, b, horizon)
        if a.label == "person" and a.on_ground:
            yield from _with_hands(actors, a, ground, horizon)
    for a in actors.values():
        parent = actors.get(a.parent)
        if (
            a.label in SMALL
            and a.role == "on"
            and parent is not None
            and parent.on_ground
            and len(carried(actors, a.index)) == 1
        ):
            yield Event("falls from", (Phase("falls from", a.index, parent.index, 1.0, fall(a, parent)),))


def is_seen(actors: Actors, event: Event) -> bool:
    """Says whether the participants of an event are not mostly hidden, neither when it begins nor half way nor after.

    Args:
        actors: as they are before it.
        event: one of those possible.
    """
    if event.before is not None:
        actors = event.before(actors, 0.0)
    for phase in event.phases:
        who = [i for i in (phase.subject, phase.object) if i is not None]
        for u in (0.0, 0.5, 1.0):
            now = phase.motion(actors, u) if u else actors
            if any(hidden(now, i) > _HIDDEN for i in who):
                return False
        actors = now
    return True


def hidden(actors: Actors, i: int) -> float:
    """Returns about what share of a thing's box nearer things hide; what they have to do with it is not counted."""
    one, hides = actors[i], 0.0
    x0, y0, x1, y1 = one.box.xyxy
    mine = {*carried(actors, i), one.parent}
    for other in actors.values():
        if other.index not in mine and other.depth > one.depth:
            u0, v0, u1, v1 = other.box.xyxy
            hides += max(0.0, min(x1, u1) - max(x0, u0)) * max(0.0, min(y1, v1) - max(y0, v0))
    return hides / ((x1 - x0) * (y1 - y0))


def _outside(actors: Actors, a: Actor, side: int) -> float:
    """The centre at which a thing and what it carries are just out of the picture."""
    boxes = [actors[i].box for i in carried(actors, a.index)]
    reach = max(a.x - min(box.x0 for box in boxes), max(box.x1 for box in boxes) - a.x)
    return -reach - 1 if side < 0 else STAGE + reach + 1


def _enters(actors: Actors, a: Actor, side: int, horizon: float) -> Event:
    away = _outside(actors, a, side)
    inwards = facing(actors, a.index, side < 0)[a.index]

    def outside(now: Actors, u: float) -> Actors:
        return placed(facing(now, a.index, side < 0), a.index, away, inwards.foot, horizon)

    return Event("enters", (Phase("enters", a.index, None, 1.0, slide(a.index, a.x, a.foot, horizon)),), outside)


def _exits(actors: Actors, a: Actor, side: int, horizon: float) -> Event:
    return Event(
        "exits", (Phase("exits", a.index, None, 1.0, slide(a.index, _outside(actors, a, side), a.foot, horizon)),)
    )


def _towards(actors: Actors, a: Actor, b: Actor, horizon: float) -> Iterator[Event]:
    """What a mover can do with another thing on the ground."""
    side = 1 if a.x < b.x else -1
    wide = (a.width + b.width) / 2
    apart, level = gap(a, b), abs(a.foot - b.foot)
    beside = b.x - side * (wide + _BESIDE)
    if apart >= _FAR_APART and _fits(actors, a, beside, b.foot):
        yield Event("moves to", (Phase("moves to", a.index, b.index, 1.0, slide(a.index, beside, b.foot, horizon)),))
        near, foot = b.x - side * (wide + _NEAR), between(a.foot, b.foot, 0.7)
        yield Event("approaches", (Phase("approaches", a.index, b.index, 1.0, slide(a.index, near, foot, horizon)),))
    beyond = b.x + side * (wide + 6)
    if apart >= 0 and _fits(actors, a, beyond, a.foot) and level < 0.3 * STAGE:
        yield Event("passes", (Phase("passes", a.index, b.index, 1.0, slide(a.index, beyond, a.foot, horizon)),))
    free = b.x + side * 20
    if a.label in PUSHERS and b.label in PUSHED and apart >= 12 and b.width / 2 < free < STAGE - b.width / 2:
        yield Event("collides with", (Phase("collides with", a.index, b.index, 1.0, push(a, b, side, horizon)),))


def _fits(actors: Actors, a: Actor, x: float, foot: float) -> bool:
    """Whether a thing and what it carries are inside the picture when it stands there."""
    boxes = [actors[i].box for i in carried(actors, a.index)]
    left, right = min(box.x0 for box in boxes) + x - a.x, max(box.x1 for box in boxes) + x - a.x
    return left >= -2 and right <= STAGE + 2 and min(box.y0 for box in boxes) + foot - a.foot >= -2


def _with_hands(actors: Actors, person: Actor, ground: list[Actor], horizon: float) -> Iterator[Event]:
    """Picking up what lies about, and putting what is held on something."""
    held = [a for a in actors.values() if a.parent == person.index and a.role == "holding"]
    if not held:
        for thing in ground:
            if thing.label in SMALL and len(carried(actors, thing.index)) == 1:
                side = 1 if person.x < thing.x else -1
                x = thing.x - side * (person.width * 0.45 + thing.width * 0.5)
                if gap(person, thing) > 4 and _fits(actors, person, x, thing.foot):
                    walk = Phase(
                        "moves to", person.index, thing.index, 0.5, slide(person.index, x, thing.foot, horizon)
                    )
                    lift = Phase(
                        "picks up", person.index, thing.index, 0.5, hand_over(thing.index, person.index, "holding")
                    )
                    yield Event("picks up", (walk, lift))
    for thing in held:
        for top in ground:
            if thing.label in SMALL and top.label in SURFACES and _taken(thing.label, top.label):
                side = 1 if person.x < top.x else -1
                x = top.x - side * (person.width + top.width) * 0.46
                if gap(person, top) > 4 and _fits(actors, person, x, top.foot):
                    walk = Phase("moves to", person.index, top.index, 0.5, slide(person.index, x, top.foot, horizon))
                    put = Phase("puts on", person.index, thing.index, 0.5, hand_over(thing.index, top.index, "on"))
                    yield Event("puts on", (walk, put))


def _taken(child: str, parent: str) -> bool:
    """Whether the world ever has that thing on that surface."""
    return any(
        role == "on" and child in children and parent in parents for role, children, parents, _ in tables.STRUCTURE
    )
