"""Sprites of small things: what is held, worn, put on tables and into boxes, or flown; with their states."""

from usg.world.pixels.shapes import Part, Sprite, band, ellipse, line, poly, rect


def _lamp(lit: bool, tall: bool) -> Sprite:
    light = (Part("glow", poly(0.04, 0.54, 0.96, 0.54, 0.78, 0.60, 0.22, 0.60)),) if lit else ()
    beam = (Part("sun", ellipse(0.5, 0.53, 0.34, 0.075)),) if lit else (Part("metal", ellipse(0.5, 0.53, 0.14, 0.04)),)
    shade = poly(0.24, 1.0, 0.76, 1.0, 1.0, 0.54, 0.0, 0.54) if tall else ellipse(0.5, 0.54, 0.5, 0.46, 0, 180)
    foot = poly(0.16, 0.0, 0.84, 0.0, 0.66, 0.08, 0.34, 0.08) if tall else ellipse(0.5, 0.06, 0.36, 0.06)
    return Sprite(0.58, (
        Part("metal", rect(0.45, 0.03, 0.55, 0.58)), Part("metal", foot), *beam, Part("main", shade), *light,
    ))  # fmt: skip


def _cup(full: bool, tall: bool) -> Sprite:
    inside = "tea" if full else "linen"
    handle = Part("dark", band(0.72, 0.48, 0.28, 0.30, 0.38, -95, 95))
    body = poly(0.0, 0.90, 0.78, 0.90, 0.68, 0.0, 0.10, 0.0) if not tall else rect(0.02, 0.0, 0.76, 0.90)
    return Sprite(1.05 if not tall else 0.90, (
        handle, Part("main", body), Part("dark", ellipse(0.39, 0.89, 0.39, 0.11)),
        Part(inside, ellipse(0.39, 0.89, 0.32, 0.075)),
    ), grip=(0.9, 0.48), surface=0.9)  # fmt: skip


def _bottle(full: bool, slim: bool) -> Sprite:
    shoulder, neck, width = (0.52, 0.70, 0.34) if slim else (0.62, 0.74, 0.28)
    outline = poly(
        0.0, 0.04, 0.08, 0.0, 0.92, 0.0, 1.0, 0.04, 1.0, shoulder, 1 - width, neck,
        1 - width, 0.92, width, 0.92, width, neck, 0.0, shoulder,
    )  # fmt: skip
    hollow = (
        () if full else (Part("glass", poly(0.12, 0.30, 0.88, 0.30, 0.88, 0.50, 0.56, 0.68, 0.44, 0.68, 0.12, 0.50)),)
    )
    return Sprite(0.52, (
        Part("main", outline), *hollow, Part("ink", rect(0.26, 0.90, 0.74, 1.0)),
        Part("linen", rect(0.0, 0.16, 1.0, 0.28)),
    ), grip=(0.5, 0.5))  # fmt: skip


def _open_book(thick: float) -> Sprite:
    return Sprite(1.35, (
        Part("main", poly(0.0, 0.10, 0.5, 0.0, 1.0, 0.10, 1.0, 1.0, 0.5, 0.90, 0.0, 1.0)),
        Part("linen", poly(0.09, 0.20, 0.48, 0.12, 0.48, 0.84, 0.09, 0.92 - thick)),
        Part("linen", poly(0.91, 0.20, 0.52, 0.12, 0.52, 0.84, 0.91, 0.92 - thick)),
        *(Part("metal", rect(x, y, x + 0.24, y + 0.05)) for x in (0.17, 0.59) for y in (0.34, 0.52, 0.70)),
    ))  # fmt: skip


def _closed_book(ribbon: bool) -> Sprite:
    return Sprite(0.85, (
        Part("main", rect(0.0, 0.10, 1.0, 1.0)), Part("linen", rect(0.06, 0.02, 1.0, 0.13)),
        Part("dark", rect(0.0, 0.0, 0.14, 1.0)), Part("dark", rect(0.0, 0.0, 1.0, 0.045)),
        Part("linen", rect(0.34, 0.60, 0.86, 0.78)), *((Part("sun", rect(0.74, 0.0, 0.82, 0.14)),) if ribbon else ()),
    ))  # fmt: skip


def _closed_box(tape: bool) -> Sprite:
    return Sprite(1.15, (
        Part("light", poly(0.0, 0.74, 0.20, 1.0, 1.0, 1.0, 0.80, 0.74)),
        Part("dark", poly(0.80, 0.0, 1.0, 0.22, 1.0, 1.0, 0.80, 0.74)), Part("main", rect(0.0, 0.0, 0.80, 0.75)),
        *((Part("cream", poly(0.32, 0.50, 0.48, 0.50, 0.48, 0.74, 0.66, 1.0, 0.52, 1.0, 0.32, 0.74)),) if tape else ()),
    ), surface=0.86, rim=0.62)  # fmt: skip


def _open_box(wide: bool) -> Sprite:
    wing = 0.16 if wide else 0.10
    return Sprite(1.25, (
        Part("dark", rect(wing, 0.40, 1 - wing, 0.88)),
        Part("light", poly(wing, 0.88, wing + 0.08, 1.0, 0.92 - wing, 1.0, 1 - wing, 0.88)),
        Part("main", rect(wing, 0.0, 1 - wing, 0.64)),
        Part("light", poly(wing, 0.64, 0.0, 0.46, 0.0, 0.58, wing, 0.80)),
        Part("light", poly(1 - wing, 0.64, 1.0, 0.46, 1.0, 0.58, 1 - wing, 0.80)),
    ), front=3, surface=0.86, rim=0.62, span=(0.2, 0.8))  # fmt: skip


def _basket(full: bool, deep: bool) -> Sprite:
    heap = tuple(Part("straw", ellipse(x, 0.60, 0.20, 0.14)) for x in (0.25, 0.5, 0.75)) if full else ()
    side = 0.06 if deep else 0.16
    return Sprite(1.15 if deep else 1.30, (
        Part("dark", band(0.5, 0.55, 0.38, 0.45, 0.20, 0, 180)), Part("dark", ellipse(0.5, 0.56, 0.47, 0.07)), *heap,
        Part("main", poly(0.0, 0.56, 1.0, 0.56, 1 - side, 0.0, side, 0.0)), Part("dark", rect(0.0, 0.49, 1.0, 0.58)),
    ), front=2, surface=0.58, rim=0.56, grip=(0.5, 0.95), span=(0.2, 0.8))  # fmt: skip


_BALL = Sprite(1.0, (Part("main", ellipse(0.5, 0.5, 0.5, 0.5)), Part("dark", band(0.5, 0.5, 0.5, 0.5, 0.12, 200, 340))))
_BEACH_BALL = Sprite(1.0, (
    Part("main", ellipse(0.5, 0.5, 0.5, 0.5)), Part("linen", ellipse(0.5, 0.5, 0.16, 0.5)),
    Part("linen", ellipse(0.5, 0.93, 0.10, 0.06)),
))  # fmt: skip
_BOWLER = Sprite(1.50, (
    Part("dark", ellipse(0.5, 0.16, 0.5, 0.16)), Part("main", ellipse(0.5, 0.20, 0.30, 0.80, 0, 180)),
    Part("ink", rect(0.20, 0.16, 0.80, 0.34)),
))  # fmt: skip
_TOP_HAT = Sprite(1.30, (
    Part("dark", ellipse(0.5, 0.13, 0.5, 0.13)), Part("main", poly(0.22, 0.12, 0.78, 0.12, 0.82, 0.94, 0.18, 0.94)),
    Part("light", ellipse(0.5, 0.93, 0.32, 0.07)), Part("ink", rect(0.215, 0.14, 0.785, 0.32)),
))  # fmt: skip


def _open_umbrella(scallops: bool) -> Sprite:
    edge = tuple(Part("main", ellipse(x, 0.50, 0.125, 0.06)) for x in (0.125, 0.375, 0.625, 0.875)) if scallops else ()
    return Sprite(1.05, (
        Part("ink", rect(0.48, 0.05, 0.52, 0.6)), Part("ink", band(0.56, 0.08, 0.08, 0.08, 0.5, 180, 360)),
        Part("main", ellipse(0.5, 0.50, 0.5, 0.46, 0, 180)), *edge,
        Part("dark", poly(0.34, 0.50, 0.5, 0.96, 0.66, 0.50)),
        Part("ink", rect(0.48, 0.95, 0.52, 1.0)),
    ), grip=(0.5, 0.16))  # fmt: skip


_CLOSED_UMBRELLA = Sprite(0.45, (
    Part("ink", rect(0.45, 0.05, 0.55, 0.4)), Part("ink", band(0.68, 0.07, 0.24, 0.07, 0.5, 180, 360)),
    Part("main", poly(0.0, 0.30, 1.0, 0.30, 0.58, 0.94, 0.42, 0.94)),
    Part("dark", poly(0.36, 0.30, 0.64, 0.30, 0.5, 0.94)),
    Part("ink", rect(0.45, 0.93, 0.55, 1.0)),
), grip=(0.5, 0.16))  # fmt: skip


def _kite(tall: bool) -> Sprite:
    waist = 0.68 if tall else 0.62
    return Sprite(0.80, (
        Part("ink", line(0.5, 0.28, 0.38, 0.12, 0.03)), Part("ink", line(0.38, 0.12, 0.56, 0.0, 0.03)),
        Part("sun", poly(0.30, 0.20, 0.46, 0.10, 0.34, 0.06)), Part("sun", poly(0.44, 0.10, 0.60, 0.08, 0.50, 0.0)),
        Part("main", poly(0.5, 1.0, 1.0, waist, 0.5, 0.24, 0.0, waist)),
        Part("dark", poly(0.5, 1.0, 0.5, 0.24, 1.0, waist)),
    ), grip=(0.5, 0.08))  # fmt: skip


def _balloon(round_: bool) -> Sprite:
    radius = 0.27 if round_ else 0.32
    return Sprite(0.60 if round_ else 0.54, (
        Part("ink", line(0.5, 0.40, 0.54, 0.0, 0.045)),
        Part("dark", poly(0.5, 1.04 - 2 * radius, 0.36, 0.93 - 2 * radius, 0.64, 0.93 - 2 * radius)),
        Part("main", ellipse(0.5, 1.0 - radius, 0.5, radius)),
        Part("light", ellipse(0.34, 1.0 - 0.6 * radius, 0.09, 0.06)),
    ), grip=(0.54, 0.06))  # fmt: skip


SPRITES: dict[str, dict[str, tuple[Sprite, ...]]] = {
    "lamp": {"lit": (_lamp(True, True), _lamp(True, False)), "unlit": (_lamp(False, True), _lamp(False, False))},
    "cup": {"full": (_cup(True, False), _cup(True, True)), "empty": (_cup(False, False), _cup(False, True))},
    "bottle": {
        "full": (_bottle(True, True), _bottle(True, False)),
        "empty": (_bottle(False, True), _bottle(False, False)),
    },
    "book": {"open": (_open_book(0.0), _open_book(0.04)), "closed": (_closed_book(False), _closed_book(True))},
    "box": {"open": (_open_box(True), _open_box(False)), "closed": (_closed_box(True), _closed_box(False))},
    "basket": {
        "full": (_basket(True, False), _basket(True, True)),
        "empty": (_basket(False, False), _basket(False, True)),
    },
    "ball": {"": (_BALL, _BEACH_BALL)},
    "hat": {"": (_BOWLER, _TOP_HAT)},
    "umbrella": {
        "open": (_open_umbrella(True), _open_umbrella(False)),
        "closed": (_CLOSED_UMBRELLA, _CLOSED_UMBRELLA),
    },
    "kite": {"": (_kite(True), _kite(False))},
    "balloon": {"": (_balloon(True), _balloon(False))},
}
