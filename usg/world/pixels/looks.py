"""How the world's words look: colours as RGB, materials, texture patterns, backdrops, light and noise.

Two looks. `ORDINARY` is that of every split but `style`; `HELD_OUT` is that of `style`: other shades under the same
colour names, patterns and backdrops that no other split shows, stronger light and noise. Words do not change: a thing
is as red or striped there as here, drawn in another way.
"""

from __future__ import annotations

from typing import NamedTuple

RGB = tuple[int, int, int]

MATERIALS: dict[str, RGB] = {
    "skin": (228, 184, 148), "hair": (92, 58, 38), "trousers": (58, 62, 96), "wood": (116, 78, 46),
    "metal": (150, 152, 158), "glass": (186, 216, 236), "leaf": (58, 134, 60), "ink": (36, 33, 36),
    "rubber": (44, 44, 50), "cream": (236, 226, 200), "linen": (246, 245, 240), "sun": (250, 218, 92),
    "glow": (255, 244, 176), "beak": (240, 165, 50), "pink": (232, 140, 150), "tea": (94, 56, 30),
    "straw": (214, 182, 104),
}  # fmt: skip


class Backdrop(NamedTuple):
    """What is behind and below the things of a scene type."""

    wall: RGB
    floor: RGB
    wall_pattern: str
    """sky, hills, sea, hedge, paper, plain, panel; held out: dusk, peaks, bricks."""
    floor_pattern: str
    """grass, sand, stone, planks, tiles, carpet; held out: checks, snow, cobbles."""


class Look(NamedTuple):
    """One way to draw the world."""

    colours: dict[str, RGB]
    patterns: dict[str, tuple[str, ...]]
    """Texture to the patterns that show it; `usg.world.pixels.textures` draws them."""
    backdrops: dict[str, Backdrop]
    jitter: float
    """How far a thing's shade is from its colour's, at most, in grey levels of each channel."""
    light: tuple[float, float]
    """Least and most brightness of a picture."""
    noise: tuple[float, float]
    """Least and most standard deviation of a pixel's noise, as a share of white."""


ORDINARY = Look(
    colours={
        "red": (205, 40, 45), "orange": (242, 135, 30), "yellow": (243, 216, 52), "green": (50, 150, 60),
        "blue": (45, 85, 205), "purple": (128, 58, 168), "pink": (244, 142, 188), "brown": (126, 80, 44),
        "gray": (136, 136, 140), "black": (38, 38, 43), "white": (240, 239, 234),
    },
    patterns={
        "plain": ("plain",), "striped": ("across", "upright"), "dotted": ("grid", "staggered"),
        "shiny": ("gloss", "window"), "wooden": ("grain", "boards"),
    },
    backdrops={
        "kitchen": Backdrop((222, 214, 190), (190, 120, 96), "panel", "tiles"),
        "living room": Backdrop((206, 190, 196), (176, 132, 84), "paper", "planks"),
        "bedroom": Backdrop((190, 204, 220), (158, 140, 166), "paper", "carpet"),
        "office": Backdrop((208, 210, 208), (116, 126, 138), "plain", "carpet"),
        "village": Backdrop((160, 200, 232), (186, 164, 126), "hills", "stone"),
        "park": Backdrop((148, 196, 238), (112, 164, 84), "hedge", "grass"),
        "beach": Backdrop((138, 202, 240), (224, 202, 150), "sea", "sand"),
        "harbour": Backdrop((170, 190, 206), (150, 150, 146), "sea", "stone"),
        "garden": Backdrop((176, 214, 226), (98, 150, 78), "hedge", "grass"),
        "playground": Backdrop((162, 206, 236), (206, 178, 120), "sky", "sand"),
    },
    jitter=12.0,
    light=(0.86, 1.08),
    noise=(0.0, 0.02),
)  # fmt: skip

HELD_OUT = Look(
    colours={
        "red": (166, 22, 52), "orange": (222, 108, 52), "yellow": (222, 196, 96), "green": (92, 176, 104),
        "blue": (84, 130, 226), "purple": (94, 44, 128), "pink": (226, 112, 150), "brown": (98, 66, 50),
        "gray": (112, 118, 122), "black": (24, 28, 36), "white": (224, 228, 232),
    },
    patterns={
        "plain": ("plain",), "striped": ("slanting",), "dotted": ("scattered",),
        "shiny": ("streaks",), "wooden": ("slanting grain",),
    },
    backdrops={
        "kitchen": Backdrop((196, 214, 206), (146, 146, 150), "bricks", "checks"),
        "living room": Backdrop((176, 120, 104), (150, 104, 96), "bricks", "checks"),
        "bedroom": Backdrop((214, 196, 164), (126, 146, 136), "bricks", "checks"),
        "office": Backdrop((172, 186, 200), (156, 146, 124), "bricks", "checks"),
        "village": Backdrop((222, 164, 132), (150, 140, 136), "peaks", "cobbles"),
        "park": Backdrop((214, 168, 158), (222, 226, 232), "peaks", "snow"),
        "beach": Backdrop((232, 176, 128), (196, 186, 172), "dusk", "cobbles"),
        "harbour": Backdrop((120, 132, 166), (128, 122, 130), "dusk", "cobbles"),
        "garden": Backdrop((152, 164, 196), (214, 220, 230), "peaks", "snow"),
        "playground": Backdrop((226, 190, 150), (122, 130, 126), "dusk", "checks"),
    },
    jitter=14.0,
    light=(0.68, 1.18),
    noise=(0.015, 0.04),
)  # fmt: skip
