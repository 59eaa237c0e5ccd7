"""The world with looks drawn evenly, and with more going on: for training what nature rarely shows.

By nature most tables are brown and wooden: whoever knows the category has mostly guessed the rest. Here an object's
colour, size and texture are drawn evenly, whatever it is, and structural relations are more frequent, the rarest most:
their odds are multiplied, and what they need (people, hats, baskets, what is ridden) stands about more often. Held-out
combinations stay held out; scene types, and what belongs to them, are the world's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from usg.world.priors import DEFAULT, Priors

EVEN_STRUCTURE = {"wearing": 8.0, "riding": 8.0, "in": 3.0, "holding": 2.0, "sitting on": 2.0, "on": 2.0}
"""How many times as great as by nature the odds of each role are."""
EVEN_LABELS = {"person": 3.0, "hat": 3.0, "basket": 2.5, "horse": 1.5, "bicycle": 1.5}
"""How many times as often as by nature a category is drawn."""

LIVELY_STRUCTURE = {"holding": 1.6, "on": 1.4}
LIVELY_LABELS = {
    "person": 4.0, "ball": 4.0, "dog": 2.0, "car": 2.5, "cup": 3.0, "apple": 3.0, "bottle": 3.0, "book": 2.0,
    "table": 3.0,
}  # fmt: skip
"""The same for films: people, what they pick up and where they put it; hands must stay free for that."""


def even_priors(
    priors: Priors = DEFAULT, structure: Mapping[str, float] = EVEN_STRUCTURE, labels: Mapping[str, float] = EVEN_LABELS
) -> Priors:
    """Returns priors with even colours, sizes and textures and more structure.

    Args:
        priors: the world.
        structure: role to what its odds are multiplied by; 1 for those not listed.
        labels: category to what its frequency is multiplied by, before normalising; likewise.

    >>> even = even_priors()
    >>> float(even.size.max().round(3)), bool((even.heldout_colour == DEFAULT.heldout_colour).all())
    (0.333, True)
    """
    label = priors.label * np.array([labels.get(name, 1.0) for name in priors.labels])
    return replace(
        priors,
        label=label / label.sum(-1, keepdims=True),
        colour=np.full_like(priors.colour, 1 / len(priors.colours)),
        size=np.full_like(priors.size, 1 / len(priors.sizes)),
        texture=np.full_like(priors.texture, 1 / len(priors.textures)),
        structure=priors.structure * np.array([structure.get(role, 1.0) for role in priors.roles])[:, None, None],
    )


EVEN = even_priors()
LIVELY = even_priors(DEFAULT, LIVELY_STRUCTURE, LIVELY_LABELS)
