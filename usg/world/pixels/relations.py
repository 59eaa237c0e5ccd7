"""Which relations a picture shows, from what is seen in it: visible boxes, who covers whom, where feet are.

    left of         the visible boxes lie apart: neither's centre is within the other's width
    above           wholly higher, one over the other, and not standing on the ground itself
    in front of     covers a share of the other, or stands nearer to the viewer with the boxes over each other
    next to         stand on the same ground or thing, with a small gap and feet about level
    bigger than     the visible box's length (the root of its area) is larger by a quarter, both mostly visible

and their inverses. They hold between things not joined by the scene's structure (on, in, sitting on, riding, holding,
wearing), which is stated of every pair that is seen. Unlike in the text scenes, where a few are drawn to be shown, all
that hold are stated. Distances are shares of the picture's side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from usg.graph.region import Box
from usg.world import tables
from usg.world.draw import NO_PARENT
from usg.world.pixels.render import Rendering
from usg.world.pixels.stage import Actor
from usg.world.spatial import INVERSE

OVER = 0.25
"""Share of the narrower box's width that must lie over the other for above and in front of."""
COVERED = 0.08
"""Share of a thing's pixels that another must cover to be in front of it."""
STEP = 0.04
"""How much lower the feet of the nearer thing are."""
GAP, LEVEL = 0.08, 0.08
"""Next to: largest gap between the boxes, largest difference of the feet."""
COMPARABLE = 0.7
"""Least visibility of things whose sizes are compared."""

Triple = tuple[int, str, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing as the picture shows it; lengths are shares of the side."""

    actor: Actor
    box: Box
    visibility: float
    foot: float
    """Of the whole thing: where it stands."""


def structural(actors: Sequence[Actor]) -> list[Triple]:
    """Returns the triples of the scene's structure among these actors, in their order."""
    present, found = {actor.index for actor in actors}, []
    for actor in actors:
        if actor.parent != NO_PARENT and actor.parent in present:
            ends = (actor.index, actor.parent)
            subject, other = ends[::-1] if actor.role in tables.PARENT_IS_SUBJECT else ends
            found.append((subject, actor.role, other))
    return found


def spatial(seen: Sequence[Seen], covers: dict[tuple[int, int], float]) -> list[Triple]:
    """Returns the spatial triples that hold, by subject and object.

    Args:
        seen: the visible things.
        covers: for pairs (upper, lower) of indices the share of the lower thing's pixels that the upper one covers.
    """
    found: list[Triple] = []
    for i, one in enumerate(seen):
        for two in seen[i + 1 :]:
            a, b = one.actor, two.actor
            if a.parent == b.index or b.parent == a.index:
                continue
            for predicate in _between(one, two, covers):
                found.append((a.index, predicate, b.index))
                found.append((b.index, INVERSE[predicate], a.index))
    return sorted(found)


def _between(one: Seen, two: Seen, covers: dict[tuple[int, int], float]) -> list[str]:
    """The predicates that hold from one thing to another."""
    p, q = one.box, two.box
    a, b = one.actor, two.actor
    found = []
    x, u = (p.x0 + p.x1) / 2, (q.x0 + q.x1) / 2
    if p.x1 <= u and x <= q.x0:
        found.append("left of")
    elif q.x1 <= x and u <= p.x0:
        found.append("right of")
    overlap = min(p.x1, q.x1) - max(p.x0, q.x0)
    over = overlap >= OVER * min(p.x1 - p.x0, q.x1 - q.x0)
    if over and p.y1 <= q.y0 and not a.on_ground:
        found.append("above")
    elif over and q.y1 <= p.y0 and not b.on_ground:
        found.append("below")
    upper, lower = covers.get((a.index, b.index), 0.0), covers.get((b.index, a.index), 0.0)
    standing = over and a.on_ground and b.on_ground
    if max(upper, lower) >= COVERED:
        found.append("in front of" if upper > lower else "behind")
    elif standing and abs(one.foot - two.foot) >= STEP:
        found.append("in front of" if one.foot > two.foot else "behind")
    together = (a.on_ground and b.on_ground) or (a.parent == b.parent != NO_PARENT and a.role == b.role != "holding")
    if together and -0.5 * GAP <= -overlap <= GAP and abs(one.foot - two.foot) <= LEVEL:
        found.append("next to")
    if min(one.visibility, two.visibility) >= COMPARABLE:
        ratio = (p.area / q.area) ** 0.5
        if ratio >= tables.BIGGER_RATIO:
            found.append("bigger than")
        elif ratio <= 1 / tables.BIGGER_RATIO:
            found.append("smaller than")
    return found


def coverings(rendering: Rendering, actors: Sequence[Actor]) -> dict[tuple[int, int], float]:
    """Returns for pairs of indices (upper, lower) the share of the lower thing's whole mask that the upper one takes.

    Args:
        rendering: of these actors, all of them, in their order.
        actors: what it shows.
    """
    found: dict[tuple[int, int], float] = {}
    for i, lower in enumerate(actors):
        hidden: NDArray[np.int16] = rendering.owner[rendering.whole[i]]
        counts = np.bincount(hidden[hidden >= 0], minlength=len(actors))
        for j in np.flatnonzero(counts).tolist():
            if j != i:
                found[actors[j].index, lower.index] = int(counts[j]) / hidden.size
    return found
