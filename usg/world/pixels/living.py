"""Sprites of what lives and grows: person, dog, cat, horse, bird, tree, flower, apple."""

import math

from usg.world.pixels.shapes import Part, Sprite, band, ellipse, line, poly, rect

_HANDS = ((-0.02, 0.47), (1.02, 0.47))


def _head(long_hair: bool) -> tuple[Part, ...]:
    back = (Part("hair", rect(0.24, 0.74, 0.76, 0.92)),) if long_hair else ()
    return (
        *back,
        Part("skin", ellipse(0.5, 0.875, 0.22, 0.125)),
        Part("hair", ellipse(0.5, 0.905, 0.24, 0.095, 0, 180)),
        Part("ink", ellipse(0.43, 0.87, 0.03, 0.016)),
        Part("ink", ellipse(0.60, 0.87, 0.03, 0.016)),
    )


def _person(dress: bool, holding: bool) -> Sprite:
    if holding:
        arms = (
            Part("dark", poly(0.26, 0.75, 0.0, 0.50, 0.09, 0.44, 0.34, 0.64)),
            Part("dark", poly(0.74, 0.75, 1.0, 0.50, 0.91, 0.44, 0.66, 0.64)),
            Part("skin", ellipse(0.05, 0.47, 0.08, 0.035)),
            Part("skin", ellipse(0.95, 0.47, 0.08, 0.035)),
        )
    else:
        arms = (
            Part("dark", poly(0.24, 0.75, 0.02, 0.43, 0.13, 0.41, 0.34, 0.66)),
            Part("dark", poly(0.76, 0.75, 0.98, 0.43, 0.87, 0.41, 0.66, 0.66)),
            Part("skin", ellipse(0.07, 0.405, 0.075, 0.035)),
            Part("skin", ellipse(0.93, 0.405, 0.075, 0.035)),
        )
    leg = "skin" if dress else "trousers"
    legs = (Part(leg, rect(0.30, 0.03, 0.46, 0.40)), Part(leg, rect(0.54, 0.03, 0.70, 0.40)))
    shoes = (Part("ink", rect(0.24, 0.0, 0.46, 0.045)), Part("ink", rect(0.54, 0.0, 0.76, 0.045)))
    body = poly(0.26, 0.76, 0.74, 0.76, 0.92, 0.25, 0.08, 0.25) if dress else poly(
        0.24, 0.76, 0.76, 0.76, 0.74, 0.36, 0.26, 0.36
    )  # fmt: skip
    parts = (*legs, *shoes, *_head(dress)[:-3], Part("main", body), *arms, *_head(dress)[-4:])
    return Sprite(0.50, parts, hands=_HANDS, head=(0.5, 0.915))


def _seated(dress: bool) -> Sprite:
    """From the side, facing right: thigh forward, shin down."""
    leg = "skin" if dress else "trousers"
    return Sprite(0.58, (
        Part(leg, rect(0.62, 0.04, 0.84, 0.36)), Part("ink", rect(0.62, 0.0, 1.0, 0.055)),
        Part("main" if dress else leg, poly(0.02, 0.20, 0.86, 0.22, 0.86, 0.36, 0.02, 0.42)),
        *((Part("hair", rect(0.04, 0.66, 0.36, 0.90)),) if dress else ()),
        Part("main", poly(0.02, 0.26, 0.48, 0.28, 0.53, 0.70, 0.04, 0.70)),
        Part("dark", poly(0.18, 0.66, 0.34, 0.66, 0.58, 0.50, 0.88, 0.50, 0.88, 0.43, 0.48, 0.43)),
        Part("skin", ellipse(0.90, 0.465, 0.09, 0.05)), Part("skin", ellipse(0.29, 0.84, 0.24, 0.145)),
        Part("hair", ellipse(0.27, 0.875, 0.27, 0.125, 20, 200)), Part("ink", ellipse(0.42, 0.84, 0.04, 0.022)),
    ), seat=0.24, hands=((0.90, 0.465), (0.22, 0.40)), head=(0.28, 0.90))  # fmt: skip


def _dog(spots: bool) -> Sprite:
    patch = (Part("dark", ellipse(0.36, 0.52, 0.13, 0.12)),) if spots else ()
    return Sprite(1.25, (
        Part("dark", rect(0.16, 0.0, 0.25, 0.40)), Part("dark", rect(0.58, 0.0, 0.67, 0.40)),
        Part("main", rect(0.26, 0.0, 0.35, 0.42)), Part("main", rect(0.47, 0.0, 0.56, 0.42)),
        Part("main", ellipse(0.41, 0.48, 0.33, 0.21)),
        Part("main", poly(0.12, 0.50, 0.0, 0.90, 0.06, 0.96, 0.20, 0.58)), *patch,
        Part("main", ellipse(0.74, 0.75, 0.18, 0.25)), Part("light", ellipse(0.88, 0.66, 0.12, 0.11)),
        Part("dark", poly(0.58, 0.96, 0.54, 0.52, 0.66, 0.60, 0.72, 0.92)),
        Part("ink", ellipse(0.97, 0.70, 0.03, 0.05)), Part("ink", ellipse(0.80, 0.80, 0.03, 0.045)),
    ), surface=0.68)  # fmt: skip


def _cat(striped: bool) -> Sprite:
    marks = tuple(Part("dark", line(x, 0.44, x + 0.02, 0.60, 0.035)) for x in (0.30, 0.40, 0.50)) if striped else ()
    return Sprite(1.08, (
        Part("dark", band(0.14, 0.48, 0.14, 0.46, 0.45, 80, 260)),
        Part("dark", rect(0.30, 0.0, 0.38, 0.3)), Part("main", rect(0.20, 0.0, 0.29, 0.3)),
        Part("main", rect(0.58, 0.0, 0.67, 0.3)), Part("dark", rect(0.50, 0.0, 0.57, 0.3)),
        Part("main", ellipse(0.42, 0.38, 0.29, 0.24)), *marks,
        Part("main", poly(0.52, 0.74, 0.53, 1.0, 0.70, 0.84)), Part("main", poly(0.98, 0.74, 0.97, 1.0, 0.80, 0.84)),
        Part("main", ellipse(0.75, 0.63, 0.25, 0.25)),
        Part("sun", ellipse(0.66, 0.68, 0.055, 0.06)), Part("sun", ellipse(0.84, 0.68, 0.055, 0.06)),
        Part("ink", ellipse(0.66, 0.68, 0.02, 0.055)), Part("ink", ellipse(0.84, 0.68, 0.02, 0.055)),
        Part("pink", poly(0.71, 0.57, 0.79, 0.57, 0.75, 0.52)),
    ), surface=0.6)  # fmt: skip


def _horse(mane: str) -> Sprite:
    return Sprite(1.25, (
        Part("hair", poly(0.10, 0.62, 0.0, 0.24, 0.06, 0.22, 0.16, 0.56)),
        Part("dark", rect(0.20, 0.0, 0.27, 0.42)), Part("dark", rect(0.60, 0.0, 0.67, 0.42)),
        Part("main", rect(0.12, 0.0, 0.19, 0.46)), Part("main", rect(0.52, 0.0, 0.59, 0.46)),
        Part("ink", rect(0.12, 0.0, 0.19, 0.06)), Part("ink", rect(0.52, 0.0, 0.59, 0.06)),
        Part("main", ellipse(0.39, 0.50, 0.31, 0.19)),
        Part("main", poly(0.56, 0.42, 0.70, 0.52, 0.86, 0.92, 0.72, 0.96)),
        Part(mane, poly(0.54, 0.64, 0.60, 0.60, 0.80, 0.98, 0.70, 1.0)),
        Part("main", poly(0.72, 0.94, 0.82, 1.0, 1.0, 0.72, 0.93, 0.66, 0.80, 0.76)),
        Part("ink", ellipse(0.84, 0.87, 0.02, 0.03)),
    ), surface=0.66, span=(0.2, 0.58))  # fmt: skip


def _bird(crest: bool) -> Sprite:
    top = (Part("dark", poly(0.72, 0.74, 0.66, 1.0, 0.84, 0.78)),) if crest else ()
    wing = (
        poly(0.38, 0.50, 0.14, 1.0, 0.50, 0.96, 0.62, 0.50) if not crest else poly(0.30, 0.52, 0.18, 0.84, 0.64, 0.56)
    )
    return Sprite(1.35, (
        Part("dark", poly(0.0, 0.66, 0.30, 0.34, 0.34, 0.58)), *top,
        Part("beak", line(0.46, 0.20, 0.44, 0.0, 0.03)), Part("beak", line(0.56, 0.20, 0.56, 0.0, 0.03)),
        Part("main", ellipse(0.48, 0.40, 0.28, 0.27)), Part("main", ellipse(0.75, 0.64, 0.16, 0.22)),
        Part("dark", wing), Part("beak", poly(0.88, 0.72, 1.0, 0.62, 0.88, 0.54)),
        Part("ink", ellipse(0.79, 0.69, 0.03, 0.045)),
    ))  # fmt: skip


_ROUND_TREE = Sprite(0.70, (
    Part("wood", poly(0.40, 0.0, 0.60, 0.0, 0.56, 0.5, 0.44, 0.5)),
    Part("main", ellipse(0.28, 0.60, 0.28, 0.20)), Part("main", ellipse(0.72, 0.60, 0.28, 0.20)),
    Part("main", ellipse(0.5, 0.78, 0.34, 0.22)),
), surface=0.97, span=(0.42, 0.58))  # fmt: skip
_FIR_TREE = Sprite(0.66, (
    Part("wood", rect(0.43, 0.0, 0.57, 0.25)), Part("main", poly(0.0, 0.16, 1.0, 0.16, 0.5, 0.66)),
    Part("main", poly(0.10, 0.44, 0.90, 0.44, 0.5, 0.86)), Part("main", poly(0.20, 0.68, 0.80, 0.68, 0.5, 1.0)),
), surface=0.95, span=(0.45, 0.55))  # fmt: skip


def _petals(n: int, turn: float) -> tuple[Part, ...]:
    angles = [turn + 2 * math.pi * i / n for i in range(n)]
    return tuple(
        Part("main", ellipse(0.5 + 0.29 * math.cos(a), 0.74 + 0.16 * math.sin(a), 0.22, 0.125)) for a in angles
    )


_DAISY = Sprite(0.62, (
    Part("leaf", rect(0.46, 0.0, 0.54, 0.6)), Part("leaf", poly(0.5, 0.08, 0.04, 0.34, 0.30, 0.10)),
    Part("leaf", poly(0.5, 0.16, 0.96, 0.42, 0.70, 0.16)),
    *_petals(6, 0.26), Part("sun", ellipse(0.5, 0.74, 0.16, 0.09)),
), grip=(0.5, 0.12))  # fmt: skip
_TULIP = Sprite(0.56, (
    Part("leaf", rect(0.46, 0.0, 0.54, 0.6)), Part("leaf", poly(0.5, 0.02, 0.0, 0.46, 0.34, 0.06)),
    Part("leaf", poly(0.5, 0.02, 1.0, 0.52, 0.66, 0.06)),
    Part("main", poly(
        0.14, 1.0, 0.34, 0.86, 0.5, 1.0, 0.66, 0.86, 0.86, 1.0, 0.84, 0.66, 0.66, 0.55, 0.34, 0.55, 0.16, 0.66,
    )),
    Part("dark", poly(0.5, 0.56, 0.64, 0.84, 0.5, 0.96, 0.36, 0.84)),
), grip=(0.5, 0.12))  # fmt: skip


def _apple(bite: bool) -> Sprite:
    return Sprite(0.95, (
        Part("main", ellipse(0.33, 0.41, 0.33, 0.41)), Part("main", ellipse(0.67, 0.41, 0.33, 0.41)),
        *((Part("cream", ellipse(0.88, 0.50, 0.12, 0.18)),) if bite else ()),
        Part("wood", line(0.5, 0.72, 0.53, 1.0, 0.08)), Part("leaf", ellipse(0.70, 0.90, 0.18, 0.09)),
    ))  # fmt: skip


SPRITES: dict[str, dict[str, tuple[Sprite, ...]]] = {
    "person": {
        "": (_person(False, False), _person(True, False)),
        "holding": (_person(False, True), _person(True, True)),
        "seated": (_seated(False), _seated(True)),
    },
    "dog": {"": (_dog(False), _dog(True))},
    "cat": {"": (_cat(False), _cat(True))},
    "horse": {"": (_horse("hair"), _horse("dark"))},
    "bird": {"": (_bird(False), _bird(True))},
    "tree": {"": (_ROUND_TREE, _FIR_TREE)},
    "flower": {"": (_DAISY, _TULIP)},
    "apple": {"": (_apple(False), _apple(True))},
}
