"""A small network of the embedded image parser, with random weights."""

from __future__ import annotations

import torch

from usg.parsers.image.embedded.network import PictureNetwork
from usg.parsers.image.embedded.settings import NetworkSettings, Words

WORDS = Words(
    labels=("cat", "dog", "hat"),
    values={"colour": ("", "black", "red"), "state": ("", "open"), "texture": ("", "plain", "striped")},
    predicates=("left of", "on", "wearing"),
)
SMALL = NetworkSettings(side=64, widths=(8, 8, 16, 16, 16), features=16, tower=16, embedding=32, pixels=8, pairs=16)


def small_network(seed: int = 0) -> PictureNetwork:
    """In evaluation mode."""
    torch.manual_seed(seed)
    return PictureNetwork(SMALL, WORDS).eval().requires_grad_(False)
