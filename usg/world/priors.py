"""The world's prior as normalised arrays: one frozen value that the sampler and the posterior both read.

    z ~ P(z),  p ~ P(p),  label_i ~ P(label | z),  colour_i ~ P(colour | label_i, p) = (1 - w) natural + w palette,
    size_i ~ P(size | label_i),  texture_i ~ P(texture | label_i),
    parent_i = (j, role) with probability w(role, label_i, label_j) / (1 + sum of w over all j and roles)

A seeded share of (label, colour) pairs and of (role, child, parent) triples is held out: `restricted()` sets their
probability to zero and renormalises, which is the prior of every split but `compose`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from usg.names import unknown_name
from usg.world import tables

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Priors:
    """Every probability of the world. Z scene types, P palettes, L labels, C colours, S sizes, T textures, R roles.

    Raises:
        ValueError: if a table has the wrong shape, or a distribution does not sum to one.
    """

    scene_types: tuple[str, ...]
    palettes: tuple[str, ...]
    labels: tuple[str, ...]
    colours: tuple[str, ...]
    sizes: tuple[str, ...]
    textures: tuple[str, ...]
    roles: tuple[str, ...]
    scene: Floats
    """(Z,) P(z)."""
    palette: Floats
    """(P,) P(p)."""
    label: Floats
    """(Z, L) P(label | z)."""
    colour: Floats
    """(L, P, C) P(colour | label, p)."""
    size: Floats
    """(L, S) P(size | label)."""
    texture: Floats
    """(L, T) P(texture | label)."""
    structure: Floats
    """(R, L, L) odds w[role, child, parent]."""
    length: Floats
    """(L,) pixels, square root of the box's area at size factor one."""
    aspect: Floats
    """(L,) width over height."""
    size_factor: Floats
    """(S,) what the size attribute multiplies the length by."""
    airborne: Flags
    """(L,) flies unless something carries it."""
    heldout_colour: Flags
    """(L, C) pairs kept for the split `compose`."""
    heldout_structure: Flags
    """(R, L, L) triples kept for the split `compose`."""
    states: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """P(state | label, a state is mentioned); labels not listed have none."""
    state_present: float = tables.STATE_PRESENT
    intrinsic_share: float = tables.INTRINSIC_SHARE
    bigger_ratio: float = tables.BIGGER_RATIO
    max_relations: int = tables.MAX_RELATIONS
    objects: Mapping[str, tuple[int, int]] = field(default_factory=lambda: dict(tables.OBJECTS))
    """Fewest and most objects of a scene, by split."""

    def __post_init__(self) -> None:
        z, p, n, c, r = map(len, (self.scene_types, self.palettes, self.labels, self.colours, self.roles))
        shapes = {
            "scene": (z,), "palette": (p,), "label": (z, n), "colour": (n, p, c), "size": (n, len(self.sizes)),
            "texture": (n, len(self.textures)), "structure": (r, n, n), "length": (n,), "aspect": (n,),
            "size_factor": (len(self.sizes),), "airborne": (n,), "heldout_colour": (n, c),
            "heldout_structure": (r, n, n),
        }  # fmt: skip
        for name, shape in shapes.items():
            table = np.array(getattr(self, name))
            if table.shape != shape:
                raise ValueError(f"Priors.{name} has shape {table.shape}, expected {shape}: give one row per name")
            table.setflags(write=False)
            object.__setattr__(self, name, table)
        for name in ("scene", "palette", "label", "colour", "size", "texture"):
            sums = getattr(self, name).sum(-1)
            if not np.allclose(sums, 1.0, atol=1e-9):
                worst = float(sums.flat[np.abs(sums - 1).argmax()])
                raise ValueError(f"Priors.{name} sums to {worst} along its last axis, expected 1: normalise it")

    def restricted(self) -> Priors:
        """Returns the prior of train, val, iid and longer: held-out combinations impossible, the rest renormalised."""
        return self._restricted

    @cached_property
    def _restricted(self) -> Priors:
        colour = np.where(self.heldout_colour[:, None, :], 0.0, self.colour)
        return replace(
            self,
            colour=colour / colour.sum(-1, keepdims=True),
            structure=np.where(self.heldout_structure, 0.0, self.structure),
            heldout_colour=np.zeros_like(self.heldout_colour),
            heldout_structure=np.zeros_like(self.heldout_structure),
        )

    def for_split(self, split: str) -> Priors:
        """Returns the prior that scenes of a split are drawn from.

        Raises:
            LookupError: if there is no such split.
        """
        if split not in self.objects:
            raise LookupError(unknown_name("split", split, self.objects))
        return self if split == "compose" else self.restricted()

    @cached_property
    def nominal(self) -> Floats:
        """(L, S) length of an object in pixels given its label and size."""
        return self.length[:, None] * self.size_factor

    @cached_property
    def odds(self) -> Floats:
        """(L, L) odds that a child takes a parent in any role."""
        found: Floats = self.structure.sum(0)
        return found

    @cached_property
    def nominal_lists(self) -> list[list[float]]:
        """`nominal` as lists, for reading one number at a time."""
        found: list[list[float]] = self.nominal.tolist()
        return found

    @cached_property
    def heldout_sets(self) -> tuple[set[tuple[int, ...]], set[tuple[int, ...]]]:
        """The held-out (label, colour) pairs and (role, child, parent) triples."""
        colour, structure = np.argwhere(self.heldout_colour), np.argwhere(self.heldout_structure)
        return {tuple(cell) for cell in colour.tolist()}, {tuple(cell) for cell in structure.tolist()}

    @cached_property
    def cumulative(self) -> dict[str, list]:
        """Cumulative sums of the tables as nested lists: a draw is one `bisect` without any array in the way."""
        names = ("scene", "palette", "label", "colour", "size", "texture")
        return {name: np.cumsum(getattr(self, name), axis=-1).tolist() for name in names}

    @cached_property
    def parents(self) -> list[list[tuple[tuple[int, float], ...]]]:
        """[child][parent] -> ((role, odds), ...) with the impossible left out."""
        n = len(self.labels)
        return [
            [tuple((r, float(w)) for r, w in enumerate(self.structure[:, i, j]) if w > 0) for j in range(n)]
            for i in range(n)
        ]

    @cached_property
    def codes(self) -> dict[str, dict[str, int]]:
        """Name to index for `labels`, `colours`, `sizes`, `textures` and `roles`."""
        names = ("labels", "colours", "sizes", "textures", "roles")
        return {name: {value: i for i, value in enumerate(getattr(self, name))} for name in names}


def _normalised(weights: Mapping[str, float], names: tuple[str, ...], tail: float = 0.0) -> Floats:
    values = np.array([weights.get(name, 0.0) for name in names], dtype=np.float64)
    return (1.0 - tail) * values / values.sum() + tail / len(names)


def _structure(labels: tuple[str, ...], roles: tuple[str, ...]) -> Floats:
    index = {label: i for i, label in enumerate(labels)}
    odds = np.zeros((len(roles), len(labels), len(labels)))
    for role, children, parents, weight in tables.STRUCTURE:
        for child in children:
            for parent in parents:
                odds[roles.index(role), index[child], index[parent]] = weight
    return odds


def _heldout(plausible: Flags, share: float, rng: np.random.Generator) -> Flags:
    """Marks a share of the plausible cells, chosen with a generator of its own so that the rest cannot move them."""
    cells = np.argwhere(plausible)
    chosen = cells[rng.permutation(len(cells))[: round(share * len(cells))]]
    marks = np.zeros(plausible.shape, dtype=bool)
    marks[tuple(chosen.T)] = True
    return marks


def build() -> Priors:
    """Returns the prior that `usg.world.tables` describes.

    >>> priors = build()
    >>> len(priors.labels), len(priors.scene_types)
    (28, 10)
    >>> float(priors.colour.sum(-1).max().round(6))
    1.0
    """
    labels, palettes = tuple(tables.CATEGORIES), tuple(tables.PALETTES)
    kinds = tuple(tables.CATEGORIES.values())
    roles = tuple(dict.fromkeys(rule[0] for rule in tables.STRUCTURE))
    natural = np.stack([_normalised(kind.natural, tables.COLOURS, 0.02) for kind in kinds])
    painted = np.stack([_normalised(tables.PALETTES[name], tables.COLOURS, tables.PALETTE_TAIL) for name in palettes])
    paint = np.array([kind.paint for kind in kinds])[:, None, None]
    colour = (1 - paint) * natural[:, None, :] + paint * painted[None]
    structure = _structure(labels, roles)
    # A category keeps its commonest colour, and every child and parent keeps some partner, so nothing is unknown.
    marginal = colour.mean(1)
    plausible_colour = (marginal > 0.02) & (marginal < marginal.max(1, keepdims=True))
    rng = np.random.default_rng(np.random.SeedSequence(tables.HELDOUT_SEED))
    return Priors(
        scene_types=tuple(tables.SCENES),
        palettes=palettes,
        labels=labels,
        colours=tables.COLOURS,
        sizes=tables.SIZES,
        textures=tables.TEXTURES,
        roles=roles,
        scene=np.full(len(tables.SCENES), 1 / len(tables.SCENES)),
        palette=np.full(len(palettes), 1 / len(palettes)),
        label=np.stack([_normalised(weights, labels, tables.SCENE_TAIL) for weights in tables.SCENES.values()]),
        colour=colour,
        size=np.stack([_normalised(dict(zip(tables.SIZES, kind.sizes, strict=True)), tables.SIZES) for kind in kinds]),
        texture=np.stack([_normalised(kind.textures, tables.TEXTURES) for kind in kinds]),
        structure=structure,
        length=np.array([kind.length for kind in kinds]),
        aspect=np.array([kind.aspect for kind in kinds]),
        size_factor=np.array(tables.SIZE_FACTORS),
        airborne=np.array([label in tables.AIRBORNE for label in labels]),
        heldout_colour=_heldout(plausible_colour, tables.HELDOUT_SHARE, rng),
        heldout_structure=_heldout(structure > 0, tables.HELDOUT_SHARE, rng),
        states=tables.STATES,
    )


DEFAULT = build()
