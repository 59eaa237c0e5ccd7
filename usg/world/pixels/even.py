"""The world with looks drawn evenly, and with more going on: for training what nature rarely shows.

By nature most tables are brown and wooden: whoever knows the category has mostly guessed the rest. Here an object's
colour, size and texture are drawn evenly, whatever it is, and structural relations are more frequent, the rarest most.
Held-out combinations stay held out. Everything else, scene types and what stands in them above all, is the world's.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from usg.world.priors import DEFAULT, Priors

MORE = {"wearing": 8.0, "riding": 8.0, "in": 3.0, "holding": 2.0, "sitting on": 2.0, "on": 2.0}
"""How many times the odds of each role are taken."""


def even_priors(priors: Priors = DEFAULT) -> Priors:
    """Returns priors with even colours, sizes and textures and more structure.

    Args:
        priors: the world.

    >>> even = even_priors()
    >>> float(even.size.max().round(3)), bool((even.heldout_colour == DEFAULT.heldout_colour).all())
    (0.333, True)
    """
    factor = np.array([MORE[role] for role in priors.roles])[:, None, None]
    return replace(
        priors,
        colour=np.full_like(priors.colour, 1 / len(priors.colours)),
        size=np.full_like(priors.size, 1 / len(priors.sizes)),
        texture=np.full_like(priors.texture, 1 / len(priors.textures)),
        structure=priors.structure * factor,
    )


LIVELY_LABELS = {
    "person": 4.0, "ball": 4.0, "dog": 2.0, "car": 2.5, "cup": 3.0, "apple": 3.0, "bottle": 3.0, "book": 2.0,
    "table": 3.0,
}  # fmt: skip
"""How many times as often as by nature a category stands in a lively scene."""
LIVELY_STRUCTURE = {"holding": 1.6, "on": 1.4}


def lively_priors(priors: Priors = DEFAULT) -> Priors:
    """Returns priors with even looks and more of what makes things happen: people, balls, cars, small things, tables.

    Args:
        priors: the world.

    >>> lively, person = lively_priors(), DEFAULT.codes["labels"]["person"]
    >>> bool((lively.label[:, person] > DEFAULT.label[:, person]).all())
    True
    """
    label = priors.label * np.array([LIVELY_LABELS.get(name, 1.0) for name in priors.labels])
    # Hands hold more than by nature, but what is to be picked up must lie about: the structure is not the even one.
    factor = np.array([LIVELY_STRUCTURE.get(role, 1.0) for role in priors.roles])[:, None, None]
    even = even_priors(priors)
    return replace(even, label=label / label.sum(-1, keepdims=True), structure=priors.structure * factor)


EVEN = even_priors()
LIVELY = lively_priors()
