"""A world small enough that equal observations come up again and again: the Monte Carlo check of the posterior."""

import numpy as np

from usg.world.priors import Priors

LABELS = ("table", "cup", "bird")


def small_world(objects=(3, 3), max_relations=1):
    """Three categories, two of all else; a cup or bird may be on a table, a bird flies, one pair is held out."""
    structure = np.zeros((1, 3, 3))
    structure[0, 1, 0], structure[0, 2, 0] = 1.0, 0.4
    heldout = np.zeros((3, 2), dtype=bool)
    heldout[1, 1] = True
    triples = np.zeros((1, 3, 3), dtype=bool)
    triples[0, 2, 0] = True
    return Priors(
        scene_types=("indoors", "outdoors"),
        palettes=("warm", "cool"),
        labels=LABELS,
        colours=("red", "blue"),
        sizes=("small", "large"),
        textures=("plain",),
        roles=("on",),
        scene=np.array([0.6, 0.4]),
        palette=np.array([0.7, 0.3]),
        label=np.array([[0.5, 0.4, 0.1], [0.15, 0.15, 0.7]]),
        colour=np.array([[[0.9, 0.1], [0.3, 0.7]], [[0.6, 0.4], [0.2, 0.8]], [[0.5, 0.5], [0.5, 0.5]]]),
        size=np.array([[0.2, 0.8], [0.9, 0.1], [0.9, 0.1]]),
        texture=np.ones((3, 1)),
        structure=structure,
        length=np.array([30.0, 22.0, 18.0]),
        aspect=np.ones(3),
        size_factor=np.array([1.0, 1.5]),
        airborne=np.array([False, False, True]),
        heldout_colour=heldout,
        heldout_structure=triples,
        states={"cup": {"full": 0.7, "empty": 0.3}},
        state_present=0.2,
        max_relations=max_relations,
        objects={"train": objects, "compose": objects},
    )
