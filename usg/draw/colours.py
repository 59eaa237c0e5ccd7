"""Colours of the pictures: what a colour word looks like, and which ink reads on it."""

from __future__ import annotations

NAMED = {
    "amber": "#ffbf00",
    "aqua": "#22d3ee",
    "beige": "#e8dcc0",
    "black": "#1c1c1e",
    "blond": "#ecd58a",
    "blonde": "#ecd58a",
    "blue": "#3b82f6",
    "bronze": "#b08d57",
    "brown": "#8b5a2b",
    "burgundy": "#800020",
    "cream": "#fdf6d8",
    "crimson": "#dc143c",
    "cyan": "#22c7d6",
    "gold": "#e0b423",
    "golden": "#e0b423",
    "gray": "#9ca3af",
    "green": "#34a853",
    "grey": "#9ca3af",
    "indigo": "#4f46e5",
    "ivory": "#fffff0",
    "khaki": "#c3b091",
    "lavender": "#c4b5fd",
    "lime": "#84cc16",
    "magenta": "#d946ef",
    "maroon": "#7f1d1d",
    "mint": "#a7f3d0",
    "navy": "#1e3a8a",
    "olive": "#808000",
    "orange": "#f97316",
    "peach": "#ffcba4",
    "pink": "#f78fb3",
    "purple": "#8b5cf6",
    "red": "#e03131",
    "rose": "#fb7185",
    "salmon": "#fa8072",
    "scarlet": "#e11d1d",
    "silver": "#c0c4cc",
    "tan": "#d2b48c",
    "teal": "#0d9488",
    "turquoise": "#2dd4bf",
    "violet": "#7c3aed",
    "white": "#ffffff",
    "yellow": "#facc15",
}
_SHADES = {"dark": -0.35, "deep": -0.25, "light": 0.45, "pale": 0.55, "bright": 0.1}


def colour_of(value: str) -> str | None:
    """The `#rrggbb` of a colour word with an optional shade before it; `None` when the value names no colour.

    >>> colour_of("Red"), colour_of("dark red"), colour_of("wooden")
    ('#e03131', '#922020', None)
    """
    *shades, name = value.lower().replace("-", " ").split() or [""]
    if name not in NAMED or not all(shade in _SHADES for shade in shades):
        return None
    colour = NAMED[name]
    for shade in shades:
        colour = mix(colour, "#000000" if _SHADES[shade] < 0 else "#ffffff", abs(_SHADES[shade]))
    return colour


def mix(colour: str, other: str, share: float) -> str:
    """`colour` with a share of `other` in it.

    >>> mix("#000000", "#ffffff", 0.5)
    '#808080'
    """
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def ink_on(colour: str) -> str:
    """Dark or white text, whichever has the greater contrast on the colour (WCAG 2, relative luminance).

    >>> ink_on("#facc15"), ink_on("#1e3a8a")
    ('#1f2937', '#ffffff')
    """
    linear = [((c / 255 + 0.055) / 1.055) ** 2.4 if c > 10 else c / 255 / 12.92 for c in _channels(colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#1f2937" if luminance > 0.27 else "#ffffff"


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
