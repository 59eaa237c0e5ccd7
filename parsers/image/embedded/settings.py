"""What the network of the embedded image parser is: its sizes, and the words that it knows.

Both are kept beside the weights, so that a model folder needs nothing else to be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PIXEL_KINDS = ("colour", "color", "texture", "pattern", "material")
"""Kinds of attributes that are told from the pixels of a thing, and not from what it is."""


@dataclass(frozen=True)
class NetworkSettings:
    """The sizes of the network.

    Args:
        side: of the square that a picture is fitted into, pixels; a multiple of 32.
        widths: channels at the strides 2, 4, 8, 16 and 32.
        features: channels of the pyramid at the strides 4 and 8.
        tower: channels within a region.
        embedding: width of a region's vector.
        pixels: channels of the colours of a region's pixels.
        pairs: width of a pair's vector.
        pixel_kinds: see `PIXEL_KINDS`.
    """

    side: int = 128
    widths: tuple[int, int, int, int, int] = (24, 40, 72, 112, 160)
    features: int = 64
    tower: int = 48
    embedding: int = 128
    pixels: int = 32
    pairs: int = 160
    pixel_kinds: tuple[str, ...] = PIXEL_KINDS

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        object.__setattr__(self, "widths", tuple(self.widths))
        object.__setattr__(self, "pixel_kinds", tuple(self.pixel_kinds))
        if self.side < 32 or self.side % 32:
            raise ValueError(f"side is {self.side}; expected a multiple of 32")
        if len(self.widths) != 5:
            raise ValueError(f"widths are {self.widths}; expected five, of the strides 2 to 32")
        numbers = (*self.widths, self.features, self.tower, self.embedding, self.pixels, self.pairs)
        if min(numbers) < 1:
            raise ValueError(f"a size of the network is {min(numbers)}; expected at least 1")


@dataclass(frozen=True)
class Words:
    """What a network can say: labels, values of attributes by kind, predicates, each list in order of its codes.

    >>> words = Words(("cat", "dog"), {"colour": ("black", "white")}, ("on",))
    >>> Words.from_dict(words.to_dict()) == words
    True
    """

    labels: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]
    predicates: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Lists and dictionaries, for JSON."""
        values = {kind: list(words) for kind, words in self.values.items()}
        return {"labels": list(self.labels), "values": values, "predicates": list(self.predicates)}

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Words:
        """What `to_dict` made."""
        values: Mapping[str, Sequence[str]] = told["values"]
        kinds = {kind: tuple(words) for kind, words in values.items()}
        return cls(tuple(told["labels"]), kinds, tuple(told["predicates"]))
