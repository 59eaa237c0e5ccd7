"""A stage to pixels, and to what every pixel shows: the image, and of each thing its whole and its visible mask.

Things are painted from far to near over the background. Each takes its colours from its fills, shaded by the light
from one side; those that stand on the ground throw a soft shadow at their feet. Then come the picture's brightness and
noise. A pixel belongs to the last thing that covers more than half of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from usg.graph.region import Box
from usg.world.pixels.backgrounds import background
from usg.world.pixels.looks import MATERIALS
from usg.world.pixels.raster import Floats, coverage, sprite_points
from usg.world.pixels.stage import STAGE, Actor, Layer, Stage, layers
from usg.world.pixels.textures import shade

NOTHING = -1


@dataclass(frozen=True)
class Rendering:
    """A picture with its pixels explained. H = W = side, n things."""

    image: NDArray[np.uint8]
    """(H, W, 3) RGB."""
    owner: NDArray[np.int16]
    """(H, W) index of the thing that each pixel shows, or `NOTHING`."""
    whole: NDArray[np.bool_]
    """(n, H, W) what each thing would show with nothing in front of it, cut at the picture's edge."""

    def visible(self, i: int) -> NDArray[np.bool_]:
        """(H, W) where thing i is seen."""
        found: NDArray[np.bool_] = self.owner == i
        return found

    def visibility(self, i: int) -> float:
        """Returns the share of thing i that is seen; 0 for one outside of the picture."""
        whole = int(self.whole[i].sum())
        return int((self.owner == i).sum()) / whole if whole else 0.0


def render(stage: Stage, side: int, behind: Floats | None = None, frame: int = 0) -> Rendering:
    """Draws a stage.

    Args:
        stage: what there is.
        side: of the picture, pixels.
        behind: (side, side, 3) its background where that is already painted, as in the frames of a film.
        frame: number of the frame; each has noise of its own.

    Raises:
        ValueError: if the side is below 32 pixels.
    """
    if side < 32:
        raise ValueError(f"side is {side} pixels, expected at least 32: below that nothing can be told apart")
    image = background(stage.backdrop, stage.horizon, side, stage.seed) if behind is None else behind.copy()
    owner = np.full((side, side), NOTHING, np.int16)
    whole = np.zeros((len(stage.actors), side, side), bool)
    place = {actor.index: i for i, actor in enumerate(stage.actors)}
    scale = side / STAGE
    for layer in layers(stage.actors):
        if layer.first == 0 and layer.actor.on_ground:
            _shadow(image, layer.actor, scale, stage.light)
        _paint(image, owner, whole, place[layer.actor.index], layer, scale, stage.light)
    image *= np.float32(stage.brightness) * (
        1 - np.float32(0.12 * stage.light) * np.linspace(-0.5, 0.5, side, dtype=np.float32)[None, :, None]
    )
    if stage.noise:
        rng = np.random.Generator(np.random.PCG64([stage.seed, 1 + frame]))
        image += rng.standard_normal((side, side, 1), np.float32) * np.float32(255 * stage.noise)
    return Rendering(np.clip(image + 0.5, 0, 255).astype(np.uint8), owner, whole)


def whole_box(actor: Actor, scale: float) -> Box:
    """Returns the box of all of a thing, turned as it is, in pixels of `scale` to a stage unit."""
    points = np.concatenate(_corners(actor, scale))
    return Box(*points.min(0).tolist(), *points.max(0).tolist())


def _corners(actor: Actor, scale: float) -> list[NDArray[np.float64]]:
    """Each part's corners in pixels."""
    width, height = actor.width * scale, actor.height * scale
    return sprite_points(actor.sprite, actor.x * scale, actor.foot * scale, width, height, actor.flip, actor.tilt)


def _shadow(image: Floats, actor: Actor, scale: float, light: float) -> None:
    """Darkens an ellipse on the ground, away from the light."""
    x, y = (actor.x + light * 0.08 * actor.width) * scale, (actor.foot - 0.3) * scale
    rx, ry = 0.55 * actor.width * scale, max(1.5, 0.08 * actor.height * scale)
    top, bottom = max(0, int(y - 1.2 * ry)), min(len(image), int(y + 1.2 * ry) + 2)
    left, right = max(0, int(x - 1.2 * rx)), min(len(image), int(x + 1.2 * rx) + 2)
    if top >= bottom or left >= right:
        return
    rows = ((np.arange(top, bottom, dtype=np.float32) + 0.5 - np.float32(y)) / np.float32(ry))[:, None]
    columns = ((np.arange(left, right, dtype=np.float32) + 0.5 - np.float32(x)) / np.float32(rx))[None]
    dark = np.clip(np.float32(1.2) - rows * rows - columns * columns, 0, 1) * np.float32(0.36)
    image[top:bottom, left:right] *= (1 - dark)[..., None]


def _paint(
    image: Floats,
    owner: NDArray[np.int16],
    whole: NDArray[np.bool_],
    number: int,
    layer: Layer,
    scale: float,
    light: float,
) -> None:
    """Paints a layer of an actor and notes whose the pixels are."""
    actor, side = layer.actor, len(image)
    corners = _corners(actor, scale)[layer.first : layer.last]
    together = np.concatenate(corners)
    low, high = together.min(0), together.max(0)
    left, top = max(0, math.floor(low[0])), max(0, math.floor(low[1]))
    right, bottom = min(side, math.ceil(high[0])), min(side, math.ceil(high[1]))
    if left >= right or top >= bottom:
        return
    fills = coverage(actor.sprite.parts[layer.first : layer.last], corners, left, top, right - left, bottom - top)
    window = (slice(top, bottom), slice(left, right))
    # (rows, columns) covered, and (rows, columns, 3) colour times coverage
    alpha, colour = _mix(fills, actor, scale, left, top)
    x = (np.arange(left, right, dtype=np.float32) + np.float32(0.5 - actor.x * scale)) / np.float32(actor.width * scale)
    y = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - actor.foot * scale)) / np.float32(
        actor.height * scale
    )
    lit = 1 - np.float32(0.16 * light) * x[None, :, None] - np.float32(0.14) * (y + np.float32(0.5))[:, None, None]
    whole[number][window] |= alpha > 0.5
    if actor.clip is not None:
        seen = np.clip(np.float32(actor.clip * scale) - np.arange(top, bottom, dtype=np.float32), 0, 1)[:, None]
        alpha, colour = alpha * seen, colour * seen[..., None]
    image[window] = image[window] * (1 - alpha)[..., None] + colour * lit
    owner[window][alpha > 0.5] = number


def _mix(fills: dict[str, Floats], actor: Actor, scale: float, left: int, top: int) -> tuple[Floats, Floats]:
    """Coverage of all fills together, and the sum of their colours by coverage."""
    base = np.array(actor.paint.rgb, np.float32)
    alpha, colour = np.zeros((), np.float32), np.zeros((), np.float32)
    for fill, covered in fills.items():
        if fill == "main":
            surface = _surface(actor, base, covered.shape, scale, left, top)
        elif fill == "dark":
            surface = base * np.float32(0.66)
        elif fill == "light":
            surface = base * np.float32(0.74) + np.float32(0.26 * 255)
        else:
            surface = np.array(MATERIALS[fill], np.float32)
        alpha = alpha + covered
        colour = colour + covered[..., None] * surface
    return np.minimum(alpha, 1), colour


def _surface(actor: Actor, base: Floats, shape: tuple[int, ...], scale: float, left: int, top: int) -> Floats:
    """The textured colours of a window, with the pattern fixed to the thing rather than to the window."""
    size = (actor.width * scale, actor.height * scale)
    x0, y0 = round(actor.x * scale - size[0] / 2), round(actor.foot * scale - size[1])
    before_x, before_y = max(0, left - x0), max(0, top - y0)
    ahead_x, ahead_y = max(0, x0 - left), max(0, y0 - top)
    shaded = shade(actor.paint.pattern, base, shape[0] + before_y, shape[1] + before_x, size, actor.paint.phase)
    if shaded.shape[0] == 1:
        return shaded
    shaded = shaded[before_y:, before_x:]
    if ahead_x or ahead_y:  # a tilted thing reaches beyond its upright box
        shaded = np.pad(shaded, ((ahead_y, 0), (ahead_x, 0), (0, 0)), mode="edge")[: shape[0], : shape[1]]
    return shaded
