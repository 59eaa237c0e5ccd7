"""One draw from the prior, as integer codes: the facts of a scene before it is laid out.

Everything is drawn from one stream of uniforms by `bisect` on cumulative tables: no array is made inside a scene, and
the same stream gives the same scene on every machine.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from usg.world.priors import Priors

Uniform = Callable[[], float]
NO_PARENT = -1


@dataclass(slots=True)
class Facts:
    """Latents, labels, attributes and structure of a scene of n objects, as indices into the tables of `Priors`."""

    scene: int
    palette: int
    labels: list[int]
    colours: list[int]
    sizes: list[int]
    textures: list[int]
    states: list[str | None]
    parents: list[int]
    """Index of the object that each rests on, is held by, ...; `NO_PARENT` for a root."""
    roles: list[int]
    """How; meaningless for a root."""

    @property
    def roots(self) -> list[int]:
        """For each object, the object at the end of its chain of parents."""
        found = []
        for i in range(len(self.parents)):
            while self.parents[i] != NO_PARENT:
                i = self.parents[i]
            found.append(i)
        return found

    def linked(self) -> set[tuple[int, int]]:
        """Pairs (i, j), i < j, that a structural relation joins."""
        return {(min(i, j), max(i, j)) for i, j in enumerate(self.parents) if j != NO_PARENT}


def uniforms(rng: np.random.Generator) -> Uniform:
    """Returns a function that gives the next number in [0, 1) of an endless stream, drawn in blocks."""

    def stream() -> Iterator[float]:
        while True:
            yield from rng.random(128).tolist()

    return stream().__next__


def pick(cumulative: list[float], uniform: Uniform) -> int:
    """Returns an index drawn from a cumulative distribution whose last entry is one up to rounding."""
    return min(bisect_right(cumulative, uniform()), len(cumulative) - 1)


def shuffled(n: int, uniform: Uniform) -> list[int]:
    """Returns a random permutation of 0..n-1."""
    keys = [uniform() for _ in range(n)]
    return sorted(range(n), key=keys.__getitem__)


def draw_facts(priors: Priors, split: str, uniform: Uniform) -> Facts:
    """Draws a scene of a split; for `compose` again and again until it holds a held-out combination.

    Args:
        priors: the full prior; the split decides whether held-out combinations are possible.
        split: one of `priors.objects`.
        uniform: the stream of randomness.
    """
    table = priors.for_split(split)
    fewest, most = priors.objects[split]
    while True:
        facts = _draw(table, fewest + int(uniform() * (most - fewest + 1)), uniform)
        if split != "compose" or has_heldout(facts, priors):
            return facts


def has_heldout(facts: Facts, priors: Priors) -> bool:
    """Says whether a scene holds a (label, colour) pair or a (role, child, parent) triple that is held out."""
    pairs, triples = priors.heldout_sets
    labels = facts.labels
    if any(pair in pairs for pair in zip(labels, facts.colours, strict=True)):
        return True
    return any(
        parent != NO_PARENT and (role, labels[i], labels[parent]) in triples
        for i, (role, parent) in enumerate(zip(facts.roles, facts.parents, strict=True))
    )


def _draw(priors: Priors, n: int, uniform: Uniform) -> Facts:
    tables = priors.cumulative
    scene, palette = pick(tables["scene"], uniform), pick(tables["palette"], uniform)
    labels = [pick(tables["label"][scene], uniform) for _ in range(n)]
    parents, roles = _draw_structure(priors, labels, uniform)
    return Facts(
        scene,
        palette,
        labels,
        [pick(tables["colour"][label][palette], uniform) for label in labels],
        [pick(tables["size"][label], uniform) for label in labels],
        [pick(tables["texture"][label], uniform) for label in labels],
        [_draw_state(priors, label, uniform) for label in labels],
        parents,
        roles,
    )


def _draw_state(priors: Priors, label: int, uniform: Uniform) -> str | None:
    values = priors.states.get(priors.labels[label])
    if values is None or uniform() >= priors.state_present:
        return None
    u = uniform()
    for value, probability in values.items():
        u -= probability
        if u < 0:
            return value
    return value


def _draw_structure(priors: Priors, labels: list[int], uniform: Uniform) -> tuple[list[int], list[int]]:
    """Every object chooses its parent by itself: (j, role) with odds w against one for none."""
    parents, roles = [], []
    for i, label in enumerate(labels):
        odds = priors.parents[label]
        options = [(j, role, w) for j, other in enumerate(labels) if j != i for role, w in odds[other]]
        chosen = (NO_PARENT, 0)
        if options:
            u = uniform() * (1.0 + sum(w for _, _, w in options)) - 1.0
            for j, role, w in options:
                if u < 0:
                    break
                chosen = (j, role)
                u -= w
        parents.append(chosen[0])
        roles.append(chosen[1])
    return parents, roles
