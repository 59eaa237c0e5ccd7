"""Sprites of what is large and made: furniture, vehicles, the house."""

from usg.world.pixels.shapes import Part, Sprite, band, ellipse, line, poly, rect, wheel

_TABLE = Sprite(1.70, (
    Part("dark", rect(0.20, 0.10, 0.26, 0.75)), Part("dark", rect(0.74, 0.10, 0.80, 0.75)),
    Part("main", rect(0.04, 0.0, 0.12, 0.75)), Part("main", rect(0.88, 0.0, 0.96, 0.75)),
    Part("light", poly(0.0, 0.76, 1.0, 0.76, 0.90, 1.0, 0.10, 1.0)), Part("main", rect(0.0, 0.62, 1.0, 0.78)),
), surface=0.88)  # fmt: skip
_ROUND_TABLE = Sprite(1.60, (
    Part("dark", poly(0.20, 0.0, 0.80, 0.0, 0.62, 0.10, 0.38, 0.10)), Part("dark", rect(0.44, 0.06, 0.56, 0.75)),
    Part("main", ellipse(0.5, 0.76, 0.5, 0.20)), Part("light", ellipse(0.5, 0.83, 0.5, 0.17)),
), surface=0.84, span=(0.16, 0.84))  # fmt: skip


def _chair(slats: bool) -> Sprite:
    back = (
        tuple(Part("main", rect(0.10, y, 0.84, y + 0.10)) for y in (0.62, 0.76, 0.90))
        if slats
        else (Part("main", rect(0.10, 0.60, 0.84, 1.0)),)
    )
    return Sprite(0.75, (
        Part("dark", rect(0.06, 0.40, 0.16, 1.0)), Part("dark", rect(0.80, 0.40, 0.90, 1.0)), *back,
        Part("dark", rect(0.18, 0.08, 0.28, 0.42)), Part("dark", rect(0.72, 0.08, 0.82, 0.42)),
        Part("light", poly(0.0, 0.40, 1.0, 0.40, 0.92, 0.55, 0.08, 0.55)), Part("main", rect(0.0, 0.34, 1.0, 0.43)),
        Part("main", rect(0.02, 0.0, 0.13, 0.36)), Part("main", rect(0.87, 0.0, 0.98, 0.36)),
    ), surface=0.48)  # fmt: skip


def _bench(back: bool) -> Sprite:
    slats = (
        Part("dark", rect(0.08, 0.45, 0.13, 1.0)), Part("dark", rect(0.87, 0.45, 0.92, 1.0)),
        Part("main", rect(0.02, 0.84, 0.98, 1.0)), Part("main", rect(0.02, 0.62, 0.98, 0.77)),
    ) if back else ()  # fmt: skip
    top = 0.56 if back else 1.0
    return Sprite(1.75 if back else 2.0, (
        *slats, Part("light", poly(0.0, top - 0.14, 1.0, top - 0.14, 0.95, top, 0.05, top)),
        Part("main", rect(0.0, top - 0.30 * top, 1.0, top - 0.13)),
        Part("dark", rect(0.07, 0.0, 0.15, top - 0.28 * top)), Part("dark", rect(0.85, 0.0, 0.93, top - 0.28 * top)),
    ), surface=top - 0.07)  # fmt: skip


def _sofa(cushions: int) -> Sprite:
    width = 0.68 / cushions
    seats = tuple(Part("light", rect(0.165 + i * width, 0.34, 0.155 + (i + 1) * width, 0.54)) for i in range(cushions))
    return Sprite(1.80, (
        Part("wood", rect(0.06, 0.0, 0.12, 0.12)), Part("wood", rect(0.88, 0.0, 0.94, 0.12)),
        Part("main", rect(0.08, 0.30, 0.92, 0.94)), Part("main", ellipse(0.5, 0.90, 0.42, 0.10)),
        Part("dark", rect(0.10, 0.08, 0.90, 0.36)), *seats,
        Part("main", rect(0.0, 0.08, 0.16, 0.62)), Part("main", rect(0.84, 0.08, 1.0, 0.62)),
        Part("dark", ellipse(0.08, 0.62, 0.08, 0.09)), Part("dark", ellipse(0.92, 0.62, 0.08, 0.09)),
    ), surface=0.50, span=(0.20, 0.80))  # fmt: skip


def _bed(high: bool) -> Sprite:
    return Sprite(1.90, (
        Part("dark", rect(0.0, 0.0, 0.07, 1.0)), Part("dark", rect(0.93, 0.0, 1.0, 0.86 if high else 0.60)),
        Part("cream", poly(0.05, 0.48, 0.95, 0.48, 0.88, 0.70, 0.09, 0.70)),
        Part("main", poly(0.30, 0.48, 0.95, 0.48, 0.88, 0.70, 0.34, 0.70)),
        Part("main", rect(0.30, 0.26, 0.95, 0.50)), Part("cream", rect(0.05, 0.26, 0.30, 0.50)),
        Part("dark", rect(0.05, 0.14, 0.95, 0.30)), Part("linen", ellipse(0.18, 0.70, 0.115, 0.12)),
    ), surface=0.58)  # fmt: skip


def _house(chimney: bool) -> Sprite:
    extra = (Part("dark", rect(0.70, 0.62, 0.82, 0.98)),) if chimney else ()
    roof = poly(0.0, 0.54, 1.0, 0.54, 0.5, 1.0) if chimney else poly(0.0, 0.54, 1.0, 0.54, 0.80, 1.0, 0.20, 1.0)
    door = rect(0.42, 0.0, 0.60, 0.34) if chimney else rect(0.14, 0.0, 0.32, 0.36)
    windows = ((0.16, 0.24), (0.68, 0.24)) if chimney else ((0.42, 0.22), (0.70, 0.22))
    panes = tuple(
        part
        for x, y in windows
        for part in (
            Part("cream", rect(x - 0.02, y - 0.02, x + 0.20, y + 0.22)), Part("glass", rect(x, y, x + 0.18, y + 0.20)),
            Part("cream", rect(x + 0.08, y, x + 0.10, y + 0.20)),
        )
    )  # fmt: skip
    return Sprite(1.0, (
        *extra, Part("main", rect(0.08, 0.0, 0.92, 0.56)), Part("dark", roof), Part("wood", door),
        Part("sun", ellipse(door[1][0] - 0.04, 0.17, 0.02, 0.02)), *panes,
    ), surface=0.96, span=(0.42, 0.58))  # fmt: skip


_HULL = poly(0.0, 0.36, 1.0, 0.36, 0.84, 0.0, 0.16, 0.0)
_SAILING_BOAT = Sprite(1.40, (
    Part("dark", ellipse(0.5, 0.36, 0.49, 0.05)), Part("wood", rect(0.47, 0.34, 0.51, 1.0)),
    Part("linen", poly(0.53, 0.98, 0.53, 0.46, 0.92, 0.46)), Part("cream", poly(0.45, 0.90, 0.45, 0.46, 0.14, 0.46)),
    Part("main", _HULL), Part("dark", rect(0.0, 0.31, 1.0, 0.38)),
), front=2, surface=0.36, rim=0.36)  # fmt: skip
_ROWING_BOAT = Sprite(1.90, (
    Part("dark", ellipse(0.5, 0.66, 0.47, 0.12)), Part("light", rect(0.30, 0.60, 0.42, 0.72)),
    Part("main", poly(0.0, 0.80, 0.10, 0.66, 0.90, 0.66, 1.0, 0.80, 0.86, 0.0, 0.14, 0.0)),
    Part("dark", poly(0.05, 0.56, 0.95, 0.56, 0.93, 0.46, 0.07, 0.46)),
    Part("wood", line(0.52, 0.98, 0.76, 0.12, 0.035)), Part("wood", ellipse(0.765, 0.14, 0.05, 0.14)),
), front=4, surface=0.64, rim=0.66)  # fmt: skip


_LAMPS = (
    Part("sun", ellipse(0.965, 0.42, 0.035, 0.07)),
    *wheel(0.22, 0.17, 0.12, 0.17),
    *wheel(0.78, 0.17, 0.12, 0.17),
)
_BODY = poly(0.0, 0.18, 0.0, 0.54, 0.08, 0.60, 0.92, 0.60, 1.0, 0.48, 1.0, 0.18)
_CAR = Sprite(1.90, (
    Part("main", poly(0.18, 0.56, 0.32, 1.0, 0.68, 1.0, 0.84, 0.56)),
    Part("glass", poly(0.27, 0.58, 0.36, 0.92, 0.48, 0.92, 0.48, 0.58)),
    Part("glass", poly(0.52, 0.58, 0.52, 0.92, 0.65, 0.92, 0.75, 0.58)), Part("main", _BODY), *_LAMPS,
), surface=0.98, span=(0.4, 0.6))  # fmt: skip
_ESTATE_CAR = Sprite(1.80, (
    Part("main", poly(0.02, 0.56, 0.06, 1.0, 0.64, 1.0, 0.82, 0.56)),
    Part("glass", poly(0.08, 0.58, 0.11, 0.92, 0.32, 0.92, 0.32, 0.58)),
    Part("glass", poly(0.36, 0.58, 0.36, 0.92, 0.61, 0.92, 0.73, 0.58)), Part("main", _BODY), *_LAMPS,
), surface=0.98, span=(0.3, 0.6))  # fmt: skip
_OPEN_CAR = Sprite(1.95, (
    Part("dark", rect(0.14, 0.50, 0.74, 0.74)), Part("glass", poly(0.66, 0.66, 0.74, 0.66, 0.70, 1.0, 0.63, 1.0)),
    Part("main", poly(0.0, 0.20, 0.0, 0.66, 0.10, 0.72, 0.94, 0.66, 1.0, 0.54, 1.0, 0.20)), *_LAMPS,
), front=6, surface=0.70, rim=0.66, span=(0.16, 0.64))  # fmt: skip


def _bicycle(basket: bool) -> Sprite:
    tyres = tuple(Part("rubber", band(x, 0.31, 0.22, 0.31, 0.26, 0, 360)) for x in (0.22, 0.78))
    carrier = (Part("wood", rect(0.76, 0.66, 0.96, 0.90)),) if basket else ()
    bars = ((0.22, 0.31, 0.40, 0.72), (0.40, 0.70, 0.68, 0.74), (0.48, 0.26, 0.70, 0.74), (0.22, 0.30, 0.48, 0.27))
    return Sprite(1.45, (
        *tyres, *(Part("main", line(*ends, 0.075)) for ends in bars), Part("main", line(0.38, 0.66, 0.48, 0.27, 0.075)),
        Part("main", line(0.78, 0.31, 0.68, 0.90, 0.07)), *carrier,
        Part("ink", line(0.66, 0.95, 0.82, 0.95, 0.10)), Part("ink", ellipse(0.37, 0.79, 0.11, 0.06)),
        Part("metal", ellipse(0.48, 0.27, 0.05, 0.07)),
    ), surface=0.80, span=(0.30, 0.48))  # fmt: skip


SPRITES: dict[str, dict[str, tuple[Sprite, ...]]] = {
    "table": {"": (_TABLE, _ROUND_TABLE)},
    "chair": {"": (_chair(True), _chair(False))},
    "bench": {"": (_bench(True), _bench(False))},
    "sofa": {"": (_sofa(2), _sofa(3))},
    "bed": {"": (_bed(False), _bed(True))},
    "house": {"": (_house(True), _house(False))},
    "boat": {"": (_SAILING_BOAT, _ROWING_BOAT)},
    "car": {"": (_CAR, _ESTATE_CAR), "occupied": (_OPEN_CAR, _OPEN_CAR)},
    "bicycle": {"": (_bicycle(False), _bicycle(True))},
}
