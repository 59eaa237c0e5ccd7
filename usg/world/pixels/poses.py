"""Which sprite shows a thing in its circumstances, how large it is, and where the children of a thing go.

A category's length at medium size is 5.3 times the square root of its length in `tables.CATEGORIES`: a house stays
larger than a cup, but by a factor of two instead of four, so that a picture of 128 pixels can show both. Nothing is
thinner than 12 of 128 stage units: the thinner side at medium size is at least 17.8, the smallest size takes 0.75 of
that and the farthest place 0.9 of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

from usg.world import tables
from usg.world.pixels import furniture, living, things
from usg.world.pixels.shapes import Sprite
from usg.world.pixels.stage import REST_ROLES, Actor

SPRITES: dict[str, dict[str, tuple[Sprite, ...]]] = {**living.SPRITES, **furniture.SPRITES, **things.SPRITES}
THINNEST = 17.8
FAR_SCALE, NEAR_SCALE = 0.9, 1.1
_LENGTH = 5.3
# Of the height of what is put into something, this share is below the rim; less where it is too wide to go in.
_SUNK, _SUNK_WIDE = 0.38, 0.15
_CLIP = 0.10
_TILTED = {"ball": 24.0, "apple": 14.0, "kite": 18.0, "balloon": 8.0}


def pose_of(label: str, state: str | None, role: str, holds: bool, occupied: bool) -> str:
    """Returns the pose in which a thing is drawn, a key of `SPRITES[label]`.

    Args:
        label: its category.
        state: its state, for the categories that have some.
        role: how it rests on its parent; empty for a root.
        holds: whether it holds something.
        occupied: whether something is in it.
    """
    poses = SPRITES[label]
    if "seated" in poses and role in ("sitting on", "riding"):
        return "seated"
    if "holding" in poses and holds:
        return "holding"
    if "occupied" in poses and occupied:
        return "occupied"
    if label == "box" and occupied:
        return "open"  # nothing is seen in a closed box; see `visible_state`
    return state if state in poses else next(iter(poses))


def visible_state(label: str, state: str | None, occupied: bool) -> str | None:
    """Returns the state that the picture shows: what has something in it is open if a box, full if a basket."""
    if not occupied or label not in tables.STATES:
        return state
    return {"box": "open", "basket": "full"}.get(label, state)


def tilt_of(label: str, role: str, u: float) -> float:
    """Returns the degrees by which a thing is turned; u is in [0, 1)."""
    return 0.0 if role else _TILTED.get(label, 0.0) * (2 * u - 1)


def extent(label: str, size: int, sprite: Sprite, scale: float) -> tuple[float, float]:
    """Returns width and height in stage units.

    Args:
        label: the category.
        size: the place of its size among `tables.SIZES`.
        sprite: how it is drawn.
        scale: of its place in the picture's depth.
    """
    aspect = sprite.aspect
    length = max(_LENGTH * tables.CATEGORIES[label].length ** 0.5, THINNEST * max(aspect, 1 / aspect) ** 0.5)
    length *= tables.SIZE_FACTORS[size] * scale
    return length * aspect**0.5, length / aspect**0.5


def place_child(
    parent: Actor, sprite: Sprite, width: float, height: float, role: str, rank: int, among: int, u: float
) -> tuple[float, float, float | None]:
    """Returns x, foot and clip line of a child.

    Args:
        parent: placed before it.
        sprite: of the child.
        width: of the child, stage units.
        height: likewise.
        role: how it rests on the parent.
        rank: its number among the parent's children of that kind of place, from 0.
        among: how many those are.
        u: in [0, 1), for where exactly.
    """
    if role == "holding":
        return (*_held(parent, sprite, width, height, rank), None)
    if role == "wearing":
        across, up = parent.sprite.head
        foot = parent.foot - up * parent.height + rank * -0.55 * height + 0.06 * height
        return parent.x + side_of(parent, across), foot, None
    low, high = parent.sprite.span
    at = low + (high - low) * (rank + 0.5 + 0.5 * (u - 0.5)) / among
    room = max(0.0, parent.width / 2 - width / 2)
    x = parent.x + max(-room, min(room, side_of(parent, at)))
    if role in REST_ROLES:
        return x, parent.foot - parent.sprite.surface * parent.height + sprite.seat * height, None
    rim = parent.foot - parent.sprite.rim * parent.height
    sunk = _SUNK if width <= 0.9 * (high - low) * parent.width else _SUNK_WIDE
    return x, rim + sunk * height, rim + min(_CLIP * parent.height, sunk * height)


def side_of(actor: Actor, across: float) -> float:
    """Stage units from an actor's centre to a share of its width."""
    return (across - 0.5) * (-actor.width if actor.flip else actor.width)


def _held(parent: Actor, sprite: Sprite, width: float, height: float, rank: int) -> tuple[float, float]:
    """Centre and foot of the thing held as the rank-th: one hand, the other, then before the chest."""
    hands: Sequence[tuple[float, float]] = parent.sprite.hands
    across, up = hands[rank] if rank < 2 else (0.5, hands[0][1] - 0.10 * (rank - 2))
    at = side_of(parent, across)
    # What is gripped at its middle is held out sideways, what has a handle or a string hangs from the hand.
    out = 0.28 * width * (1 if at > 0 else -1) if rank < 2 and sprite.grip == (0.5, 0.5) else 0.0
    return parent.x + at + out, parent.foot - up * parent.height + sprite.grip[1] * height


def shares_place(role: str, other: str) -> bool:
    """Says whether children of two roles stand in one row on their parent."""
    return role == other or (role in REST_ROLES and other in REST_ROLES)
