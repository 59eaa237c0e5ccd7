"""Where things stand: positions drawn without looking at labels, boxes that follow from them.

A root gets a horizontal slot and a depth slot; a child stands at its parent, shifted. Positions depend on the structure
only, so the geometric relations read off them say nothing about labels beyond the structure, which keeps the posterior
exact. Boxes are then a function of position, category, size attribute and structure. The view is orthographic: size on
the image is size in the world, and things farther off stand higher on the ground.
"""

from __future__ import annotations

from dataclasses import dataclass

from usg.graph.region import Box
from usg.world import tables
from usg.world.draw import NO_PARENT, Facts, Uniform, shuffled
from usg.world.priors import Priors

IMAGE_SIZE = 256
_LEFT, _RIGHT = 56.0, 200.0
_NEAR_Y, _FAR_Y = 250.0, 175.0
_SKY_Y, _SKY_DEPTH = 40.0, 14.0
_GAP = 1.0


@dataclass(slots=True)
class Positions:
    """Of each object `x`, the centre of its box in pixels, and `depth`, 0 near to 1 far, which is that of its root."""

    x: list[float]
    depth: list[float]
    roots: list[int]

    def ground_y(self, i: int) -> float:
        """Pixels from the top at which the root of object i touches the ground."""
        return _NEAR_Y - self.depth[i] * (_NEAR_Y - _FAR_Y)


def place(facts: Facts, priors: Priors, uniform: Uniform) -> Positions:
    """Draws positions given the structure alone; no two objects share an x."""
    n, roots = len(facts.labels), facts.roots
    standing = [i for i in range(n) if roots[i] == i]
    x, depth = [0.0] * n, [0.0] * n
    columns, rows = shuffled(len(standing), uniform), shuffled(len(standing), uniform)
    for i, column, row in zip(standing, columns, rows, strict=True):
        x[i] = _LEFT + (_RIGHT - _LEFT) * (column + 0.15 + 0.7 * uniform()) / len(standing)
        depth[i] = (row + 0.15 + 0.7 * uniform()) / len(standing)
    shifts = [_shift(priors.roles[role], uniform) if i != roots[i] else 0.0 for i, role in enumerate(facts.roles)]
    for i in range(n):
        if roots[i] != i:
            depth[i] = depth[roots[i]]
            x[i] = x[roots[i]] + _total_shift(i, facts.parents, shifts)
    previous = 0.0
    for i in sorted(range(n), key=x.__getitem__):
        x[i] = previous = max(x[i], previous + _GAP)
    return Positions(x, depth, roots)


def _total_shift(i: int, parents: list[int], shifts: list[float]) -> float:
    total = 0.0
    while parents[i] != NO_PARENT:
        total += shifts[i]
        i = parents[i]
    return total


def _shift(role: str, uniform: Uniform) -> float:
    """Pixels a child stands to the right of its parent: little enough for the smallest parent there is."""
    u = 2.0 * uniform() - 1.0
    if role == "holding":
        return (11.0 if u > 0 else -11.0) + 2.0 * u
    return {"wearing": 1.0, "riding": 4.0, "in": 5.0}.get(role, 7.0) * u


def extents(facts: Facts, priors: Priors) -> list[tuple[float, float]]:
    """Width and height in pixels of each object."""
    found = []
    for label, size in zip(facts.labels, facts.sizes, strict=True):
        length, root = float(priors.nominal[label, size]), float(priors.aspect[label]) ** 0.5
        found.append((length * root, length / root))
    return found


def is_airborne(facts: Facts, priors: Priors, i: int) -> bool:
    """Says whether object i flies: its category does, and nothing carries it."""
    return facts.parents[i] == NO_PARENT and bool(priors.airborne[facts.labels[i]])


def boxes(facts: Facts, priors: Priors, positions: Positions) -> list[Box]:
    """Returns the box of each object, xyxy in pixels of the image, occlusion ignored."""
    size = extents(facts, priors)
    foot: dict[int, float] = {}

    def stand(i: int) -> float:
        if i not in foot:
            foot[i] = _foot(i)
        return foot[i]

    def _foot(i: int) -> float:
        j, height = facts.parents[i], size[i][1]
        if j == NO_PARENT:
            if is_airborne(facts, priors, i):
                return _SKY_Y - _SKY_DEPTH * positions.depth[i] + height / 2
            return positions.ground_y(i)
        base, tall = stand(j), size[j][1]
        surface = tables.SURFACE.get(priors.labels[facts.labels[j]], tables.SURFACE_DEFAULT)
        match priors.roles[facts.roles[i]]:
            case "holding":
                return base - 0.55 * tall + height / 2
            case "wearing":
                return base - 0.90 * tall
            case "riding":
                return base - 0.60 * tall
            case "in":
                return base - min(surface, 0.6) * tall
            case _:
                return base - surface * tall

    found = []
    for i, (width, height) in enumerate(size):
        bottom, x = stand(i), positions.x[i]
        found.append(Box(round(x - width / 2, 2), round(bottom - height, 2), round(x + width / 2, 2), round(bottom, 2)))
    return found
