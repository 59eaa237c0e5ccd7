"""Colour words and the ink on them."""

import pytest

from usg.draw.colours import NAMED, colour_of, ink_on, mix
from usg.world import DEFAULT


def test_every_colour_of_the_world_is_known() -> None:
    assert set(DEFAULT.colours) <= set(NAMED)


@pytest.mark.parametrize(
    ("value", "colour"),
    [
        ("red", "#e03131"),
        ("RED", "#e03131"),
        ("grey", NAMED["gray"]),
        ("light blue", mix(NAMED["blue"], "#ffffff", 0.45)),
        ("dark-green", mix(NAMED["green"], "#000000", 0.35)),
        ("reddish", None),
        ("red brick", None),
        ("wooden red", None),
        ("", None),
        (" ", None),
    ],
)
def test_colour_of(value: str, colour: str | None) -> None:
    assert colour_of(value) == colour


@pytest.mark.parametrize("name", sorted(NAMED))
def test_ink_can_be_read(name: str) -> None:
    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    paper, ink = luminance(NAMED[name]), luminance(ink_on(NAMED[name]))
    contrast = (max(paper, ink) + 0.05) / (min(paper, ink) + 0.05)
    assert contrast >= 3.0
