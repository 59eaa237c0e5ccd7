"""Spatial relations: which hold for a pair, and which few of them a scene shows.

Two groups. *Geometric* predicates are read off positions, which know no labels: left of, right of, in front of, behind,
next to. *Intrinsic* predicates follow from labels, the size attribute and the structure: above and below (exactly one
flies), bigger than and smaller than (lengths differ by a quarter). K pairs are chosen uniformly among those not joined
by a structural relation, K depending on the numbers of objects and of structural relations only; a pair shows an
intrinsic predicate with probability 0.4 if one holds, else a geometric one, uniformly within the group. So

    P(shown | labels) is proportional, pair by pair, to
      intrinsic shown:  0.4 / (intrinsic predicates that hold), or 0 if this one does not
      geometric shown:  0.6 if an intrinsic predicate holds, else 1
"""

from __future__ import annotations

from usg.world.draw import Facts, Uniform
from usg.world.layout import Positions, is_airborne
from usg.world.priors import Priors

GEOMETRIC = ("left of", "right of", "in front of", "behind", "next to")
INTRINSIC = ("above", "below", "bigger than", "smaller than")
SPATIAL = GEOMETRIC + INTRINSIC
INVERSE = {
    "left of": "right of", "right of": "left of", "in front of": "behind", "behind": "in front of",
    "next to": "next to", "above": "below", "below": "above",
    "bigger than": "smaller than", "smaller than": "bigger than",
}  # fmt: skip
_NEAR_X, _NEAR_GROUND = 40.0, 18.0


def geometric(i: int, j: int, positions: Positions) -> list[str]:
    """Geometric predicates that hold between objects i and j."""
    holding = ["left of" if positions.x[i] < positions.x[j] else "right of"]
    if positions.roots[i] != positions.roots[j]:
        holding.append("in front of" if positions.depth[i] < positions.depth[j] else "behind")
    near_ground = abs(positions.ground_y(i) - positions.ground_y(j)) <= _NEAR_GROUND
    if abs(positions.x[i] - positions.x[j]) <= _NEAR_X and near_ground:
        holding.append("next to")
    return holding


def intrinsic(flies_i: bool, flies_j: bool, length_i: float, length_j: float, ratio: float) -> list[str]:
    """Intrinsic predicates that hold between two objects, given whether each flies and its length in pixels."""
    holding = []
    if flies_i != flies_j:
        holding.append("above" if flies_i else "below")
    if length_i >= ratio * length_j:
        holding.append("bigger than")
    elif length_j >= ratio * length_i:
        holding.append("smaller than")
    return holding


def number_shown(n: int, structural: int, most: int) -> int:
    """K: how many spatial relations a scene of n objects with that many structural relations shows."""
    return max(0, min(2 * n // 3, most - structural, n * (n - 1) // 2 - structural))


def show(facts: Facts, priors: Priors, positions: Positions, uniform: Uniform) -> list[tuple[int, str, int]]:
    """Draws the spatial relations that the scene shows, as (subject, predicate, object)."""
    n, linked = len(facts.labels), facts.linked()
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n) if (i, j) not in linked]
    flies = [is_airborne(facts, priors, i) for i in range(n)]
    lengths = [priors.nominal_lists[label][size] for label, size in zip(facts.labels, facts.sizes, strict=True)]
    shown = []
    for k in range(number_shown(n, len(linked), priors.max_relations)):
        # A partial Fisher-Yates shuffle: uniform without replacement.
        other = k + int(uniform() * (len(pairs) - k))
        pairs[k], pairs[other] = pairs[other], pairs[k]
        i, j = pairs[k] if uniform() < 0.5 else pairs[k][::-1]
        options = intrinsic(flies[i], flies[j], lengths[i], lengths[j], priors.bigger_ratio)
        if not (options and uniform() < priors.intrinsic_share):
            options = geometric(i, j, positions)
        shown.append((i, options[int(uniform() * len(options))], j))
    return shown
