"""What is behind the things: a wall or sky above the horizon, a floor in perspective below it.

A point of the floor d below the horizon lies 1 / d away and (x - centre) / d to the side, up to a scale; joints of
tiles and planks are lines of those two numbers, so they run to one vanishing point, as feet and sizes of things do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from usg.world.pixels.looks import Backdrop

Floats = NDArray[np.float32]


def background(backdrop: Backdrop, horizon: float, size: int, seed: int) -> Floats:
    """Paints the background of a scene.

    Args:
        backdrop: which.
        horizon: share of the height from the top.
        size: side of the picture in pixels.
        seed: of its noise and shades; the same seed paints the same picture at other sizes but for the noise.

    Returns:
        (size, size, 3) of 0 to 255.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    shades = rng.uniform(-14, 14, (2, 3)) + rng.uniform(-10, 10, (2, 1))
    edge = max(1, round(horizon * size))
    image = np.empty((size, size, 3), np.float32)
    x: Floats = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    y = x
    coarse, fine = _noise(rng, size, 12), _noise(rng, size, 44)
    wall = _wall(backdrop.wall_pattern, x[None], y[:edge, None], horizon, coarse[:edge], rng)
    floor = _floor(backdrop.floor_pattern, x[None], y[edge:, None] - horizon, coarse[edge:], fine[edge:], rng)
    image[:edge] = (np.array(backdrop.wall) + shades[0]).astype(np.float32) * wall
    image[edge:] = (np.array(backdrop.floor) + shades[1]).astype(np.float32) * floor
    return image


def _noise(rng: np.random.Generator, size: int, cells: int) -> Floats:
    """(size, size) smooth noise in [-0.5, 0.5] with so many cells across, by bilinear interpolation."""
    grid = rng.random((cells + 1, cells + 1), dtype=np.float32)
    place = np.arange(size, dtype=np.float32) * np.float32(cells / size)
    low = place.astype(np.int64)
    share = place - low
    share = share * share * (3 - 2 * share)
    rows = grid[low] * (1 - share)[:, None] + grid[low + 1] * share[:, None]
    found: Floats = rows[:, low] * (1 - share) + rows[:, low + 1] * share - np.float32(0.5)
    return found


def _wall(pattern: str, x: Floats, y: Floats, horizon: float, noise: Floats, rng: np.random.Generator) -> Floats:
    """(rows, columns, 1 or 3) factors of the wall's colour."""
    up = y / horizon  # 0 at the top, 1 at the horizon
    phase = float(rng.random())
    plain = (1 + 0.04 * noise)[..., None]
    if pattern in ("sky", "dusk"):
        return (0.88 + 0.2 * up + (0.16 if pattern == "sky" else 0.3) * np.maximum(noise - 0.05, 0))[..., None]
    if pattern in ("hills", "peaks", "hedge"):
        if pattern == "hills":
            ridge, tint = 0.70 + 0.10 * np.sin(x * 7 + 6.3 * phase) + 0.05 * np.sin(x * 17 + 3), (0.62, 0.82, 0.58)
        elif pattern == "peaks":
            ridge, tint = 0.45 + 0.45 * np.abs(np.mod(x * 2.5 + phase, 1) - 0.5) * 2, (0.66, 0.66, 0.82)
        else:
            ridge, tint = 0.72 + 0.05 * np.abs(np.sin(x * 22 + 6.3 * phase)), (0.42, 0.72, 0.40)
        below = (up > ridge)[..., None]
        return np.where(below, np.array(tint) * (1 + 0.35 * noise[..., None]), (0.92 + 0.12 * up)[..., None])
    if pattern == "sea":
        waves = 1 + 0.08 * np.sin(y * 500 + 4 * np.sin(x * 9 + 6.3 * phase))
        return np.where(
            (up > 0.66)[..., None], (np.array((0.5, 0.72, 0.86)) * waves[..., None]), (0.9 + 0.15 * up)[..., None]
        )
    if pattern == "paper":
        return plain * np.where(np.mod(x * 14 + phase, 1) < 0.5, 1.0, 0.94)[..., None]
    if pattern == "panel":
        tiles = (np.mod(x * 12 + phase, 1) < 0.07) | (np.mod(y * 18, 1) < 0.10)
        return plain * np.where((up > 0.6) & tiles, 0.86, 1.0)[..., None]
    if pattern == "bricks":
        row = np.floor(y * 22)
        joints = (np.mod(y * 22, 1) < 0.16) | (np.mod(x * 9 + 0.5 * np.mod(row, 2), 1) < 0.07)
        return plain * np.where(joints, 1.12, 0.92)[..., None]
    return plain  # "plain"


def _floor(pattern: str, x: Floats, below: Floats, coarse: Floats, fine: Floats, rng: np.random.Generator) -> Floats:
    """(rows, columns, 1) factors of the floor's colour; `below` is the distance under the horizon."""
    phase = float(rng.random())
    away = 0.12 / (below + 0.10)
    side = (x - 0.5) * 0.6 / (below + 0.14)
    fade = 0.82 + 0.36 * below
    if pattern == "planks":
        joints = np.mod(side * 5 + phase, 1) < 0.07
        return (fade * np.where(joints, 0.80, 1.0) * (1 + 0.10 * coarse))[..., None]
    if pattern == "tiles":
        joints = (np.mod(side * 5 + phase, 1) < 0.06) | (np.mod(away * 9 + phase, 1) < 0.09)
        return (fade * np.where(joints, 0.82, 1.0) * (1 + 0.06 * fine))[..., None]
    if pattern == "checks":
        odd = np.mod(np.floor(side * 5 + phase) + np.floor(away * 8 + phase), 2) < 0.5
        return (fade * np.where(odd, 0.84, 1.06) * (1 + 0.05 * fine))[..., None]
    rough = {"grass": (0.14, 0.34), "sand": (0.10, 0.16), "stone": (0.16, 0.16), "carpet": (0.03, 0.12)}
    rough |= {"snow": (0.10, 0.04), "cobbles": (0.10, 0.40)}
    wide, close = rough[pattern]
    return (fade * (1 + wide * coarse + close * fine))[..., None]
