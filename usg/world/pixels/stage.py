"""A scene ready to be drawn: where each thing stands, how large, in which pose, and in what order it is painted.

Lengths are in stage units: the picture is 128 x 128 of them whatever its size in pixels, y downwards. A `Stage` is a
value; a film is a list of stages whose actors moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from usg.graph.region import Box
from usg.world.draw import NO_PARENT
from usg.world.pixels.looks import Backdrop
from usg.world.pixels.shapes import Sprite

STAGE = 128.0
REST_ROLES = ("on", "sitting on", "riding")


@dataclass(frozen=True, slots=True)
class Paint:
    """The surface of a thing: its shade, 0 to 255 each, the pattern on it, and where that begins, in [0, 1)."""

    rgb: tuple[float, float, float]
    pattern: str
    phase: float


@dataclass(frozen=True, slots=True)
class Actor:
    """One thing on the stage."""

    index: int
    """Its place in the scene: the object's id is o followed by it."""
    label: str
    sprite: Sprite
    paint: Paint
    x: float
    """Centre."""
    foot: float
    """Lower edge."""
    width: float
    height: float
    depth: float
    """Order from far (small) to near (large): where its root touches the ground, or would."""
    flip: bool = False
    tilt: float = 0.0
    parent: int = NO_PARENT
    role: str = ""
    clip: float | None = None
    """Below this line it is not seen, because it is inside something."""
    flies: bool = False
    state: str | None = None

    @property
    def box(self) -> Box:
        """Its box on the stage, tilt ignored."""
        return Box(self.x - self.width / 2, self.foot - self.height, self.x + self.width / 2, self.foot)

    @property
    def on_ground(self) -> bool:
        """Whether it stands on the ground by itself."""
        return self.parent == NO_PARENT and not self.flies


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that is drawn."""

    actors: tuple[Actor, ...]
    backdrop: Backdrop
    horizon: float
    """Share of the height from the top."""
    light: float
    """From -1, light from the right, to 1, light from the left."""
    brightness: float
    noise: float
    """Standard deviation, share of white."""
    seed: int
    """Of background and noise."""


@dataclass(frozen=True, slots=True)
class Layer:
    """The parts of an actor that are painted together: [first, last)."""

    actor: Actor
    first: int
    last: int


def layers(actors: tuple[Actor, ...]) -> list[Layer]:
    """Returns what is painted, in order: far things first, what they carry after them, contents before the front.

    Args:
        actors: of a stage.
    """
    children: dict[int, list[Actor]] = {}
    for actor in actors:
        children.setdefault(actor.parent, []).append(actor)

    def paint(actor: Actor) -> Iterator[Layer]:
        carried = sorted(children.get(actor.index, ()), key=lambda child: (child.foot, child.index))
        n, front = len(actor.sprite.parts), actor.sprite.front
        inside = [child for child in carried if child.role == "in"]
        split = n - front if inside and front else n
        yield Layer(actor, 0, split)
        for child in inside:
            yield from paint(child)
        if split < n:
            yield Layer(actor, split, n)
        for child in carried:
            if child.role != "in":
                yield from paint(child)

    roots = sorted(children.get(NO_PARENT, ()), key=lambda root: (root.depth, root.index))
    return [layer for root in roots for layer in paint(root)]
