"""Texture patterns: how much of a second shade, or of light, each pixel of a thing takes.

Coordinates are pixels from the thing's upper left corner. The period of a pattern follows the thing's size, so that a
cup has as many stripes as a car has, but is never below four pixels, which is what 128 x 128 pixels can still show.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_LEAST = 4.0


def shade(pattern: str, base: Floats, rows: int, columns: int, size: tuple[float, float], phase: float) -> Floats:
    """Returns the colours of a patterned surface.

    Args:
        pattern: one of `PATTERNS`, or plain.
        base: (3,) the thing's colour, 0 to 255.
        rows: pixels of the surface.
        columns: likewise.
        size: width and height of the thing in pixels.
        phase: in [0, 1), where the pattern begins.

    Returns:
        (rows, columns, 3), or (1, 1, 3) where it is the same everywhere.
    """
    if pattern == "plain":
        return base[None, None]
    y = np.arange(rows, dtype=np.float32)[:, None]
    x = np.arange(columns, dtype=np.float32)[None]
    mix = PATTERNS[pattern](x, y, size, phase)[..., None]
    if pattern in _LIGHT:
        other = np.full(3, 255.0, np.float32)
    elif pattern in _GRAIN:
        other = base * np.float32(0.58)
    else:
        other = base * np.float32(0.35) + np.float32(0.65 * 255) if base.mean() < 150 else base * np.float32(0.42)
    return base * (1 - mix) + other * mix


def _period(size: tuple[float, float], share: float) -> float:
    return max(_LEAST, share * (size[0] * size[1]) ** 0.5)


def _bars(along: Floats, period: float, phase: float, share: float) -> Floats:
    """Bars of `share` of the period with edges one pixel soft."""
    place = np.mod(along + phase * period, period)
    edge = np.minimum(place, share * period - place) + np.float32(0.5)
    return np.clip(edge, 0, 1).astype(np.float32)


def _across(x: Floats, y: Floats, size: tuple[float, float], phase: float) -> Floats:
    return _bars(y, _period(size, 0.22), phase, 0.5) + 0 * x


def _upright(x: Floats, y: Floats, size: tuple[float, float], phase: float) -> Floats:
    return _bars(x, _period(size, 0.22), phase, 0.5) + 0 * y


def _slanting(x: Floats, y: Floats, size: tuple[float, float], phase: float) -> Floats:
    return _bars((x + y) * np.float32(0.7071), _period(size, 0.22), phase, 0.5)


def _dots(x: Floats, y: Floats, period: float, phase: float, stagger: float, radius: float) -> Floats:
    row = np.floor((y + phase * period) / period)
    dx = np.mod(x + phase * period + stagger * period * np.mod(row, 2), period) - period / 2
    dy = np.mod(y + phase * period, period) - period / 2
    return np.clip(np.float32(radius * period + 0.5) - np.sqrt(dx * dx + dy * dy), 0, 1).astype(np.float32)


def _grid(x: Floats, y: Floats, size: tuple[float, float], phase: float) -> Floats:
    return _dots(x, y, _period(size, 0.22), phase, 0.0, 0.30)


def _staggered(x: Floats, y: Floats, size: tuple[float, float], phase: float) -> Floats:
    return _dots(x, y, _period(size, 0.24), phase, 0.5, 0.30)


def _scattered(x: Floats, y: Floats, size: tuple[float, float], phase: float) -> Floats:
    turned, across = (x + 0.5 * y) * np.float32(0.894), (y - 0.5 * x) * np.float32(0.894)
    return _dots(turned, across, _period(size, 0.30), phase, 0.33, 0.34)


def _grain(x: Floats, y: Floats, size: tuple[float, float], phase: float) -> Floats:
    """Thin dark lines along the width, wavy."""
    wave = np.sin(x * np.float32(9.0 / max(size[0], 8.0)) + np.float32(6.3 * phase)) * np.float32(0.06 * size[1])
    return _bars(y + wave, _period(size, 0.19), phase, 0.28) * np.float32(0.75)


def _boards(x: Floats, y: Floats, size: tuple[float, float], phase: float) -> Floats:
    """Boards side by side with a fine grain."""
    grain = np.sin((x + np.float32(0.25) * y) * np.float32(2.1) + np.float32(6.3 * phase)) * np.float32(0.14)
    joint = _bars(x, max(6.0, 1.5 * _period(size, 0.19)), phase, 0.17)
    return np.clip(joint * np.float32(0.9) + np.float32(0.14) + grain, 0, 1)


def _slanting_grain(x: Floats, y: Floats, size: tuple[float, float], phase: float) -> Floats:
    wave = np.sin((x + y) * np.float32(7.0 / max(size[0], 8.0))) * np.float32(0.05 * size[1])
    return _bars(np.float32(0.89) * y - np.float32(0.45) * x + wave, _period(size, 0.21), phase, 0.28) * np.float32(
        0.75
    )


def _place(x: Floats, y: Floats, size: tuple[float, float]) -> tuple[Floats, Floats]:
    return x / np.float32(max(size[0], 1.0)), y / np.float32(max(size[1], 1.0))


def _gloss(x: Floats, y: Floats, size: tuple[float, float], phase: float) -> Floats:
    """A highlight at the upper left and a band of light."""
    u, v = _place(x, y, size)
    spot = np.exp(-(((u - 0.32) / 0.15) ** 2 + ((v - 0.28) / 0.15) ** 2)) * 0.95
    band = np.exp(-(((u + 0.6 * v - 0.95) / 0.07) ** 2)) * 0.6
    return np.maximum(spot, band).astype(np.float32)


def _window(x: Floats, y: Floats, size: tuple[float, float], phase: float) -> Floats:
    """The mirror image of a window, and light along the lower edge."""
    u, v = _place(x, y, size)
    pane = (np.abs(u - 0.64) < 0.13) & (np.abs(v - 0.30) < 0.13) & (np.abs(u - 0.64) > 0.018)
    return np.maximum(pane * 0.9, np.exp(-(((v - 0.86 + 0.2 * u) / 0.06) ** 2)) * 0.55).astype(np.float32)


def _streaks(x: Floats, y: Floats, size: tuple[float, float], phase: float) -> Floats:
    u, v = _place(x, y, size)
    lines = [np.exp(-(((u - 0.5 * v - at) / 0.05) ** 2)) for at in (-0.1, 0.22, 0.40)]
    return (np.maximum(np.maximum(lines[0], lines[1]), lines[2]) * 0.85).astype(np.float32)


PATTERNS: dict[str, Callable[[Floats, Floats, tuple[float, float], float], Floats]] = {
    "across": _across,
    "upright": _upright,
    "slanting": _slanting,
    "grid": _grid,
    "staggered": _staggered,
    "scattered": _scattered,
    "grain": _grain,
    "boards": _boards,
    "slanting grain": _slanting_grain,
    "gloss": _gloss,
    "window": _window,
    "streaks": _streaks,
}
_LIGHT = frozenset({"gloss", "window", "streaks"})
_GRAIN = frozenset({"grain", "boards", "slanting grain"})
