"""The exact posterior of one masked label or value, given everything else that a scene graph shows.

With i the masked object, l a candidate, and the sums over scene types z and palettes p written out,

    P(l | rest)  is proportional to
        [sum_z P(z) P(l | z) prod_{j != i} P(label_j | z)]
      * [sum_p P(p) P(colour_i | l, p) prod_{j != i} P(colour_j | label_j, p)]
      * P(size_i | l) P(texture_i | l) P(state_i | l)
      * prod_k P(parent_k | labels with l at i)              (structure: every denominator knows l)
      * prod over shown spatial relations of i P(predicate | labels with l at i)    (usg.world.spatial)

and, in the split `compose`, an indicator that the scene holds a held-out combination. It is the ceiling of every masked
prediction on the world: no model that sees the same can be more often right. tests/world checks it by Monte Carlo.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from usg.graph.elements import Attribute
from usg.graph.scene_graph import SceneGraph
from usg.world.draw import NO_PARENT
from usg.world.observation import HIDDEN, Observation, observe
from usg.world.priors import DEFAULT, Flags, Floats, Priors
from usg.world.spatial import GEOMETRIC


def posterior_object(
    graph: SceneGraph, object_id: str, priors: Priors = DEFAULT, *, attributes: bool = True
) -> dict[str, float]:
    """Returns P(label of one object | all other labels, all attributes, all relations); its own label is not read.

    Args:
        graph: a scene of the world; `metadata["split"]` says which prior it came from (train when absent).
        object_id: the masked object.
        priors: the world.
        attributes: whether the values of the object's own attributes are seen (that it has them always is).

    Raises:
        LookupError: if there is no such object, or a word of the graph is none of the world's.
        ValueError: if the world cannot have made the rest of the graph.

    >>> from usg.world import sample_scene
    >>> posterior = posterior_object(sample_scene("iid", 0, 0), "o0")
    >>> round(sum(posterior.values()), 6)
    1.0
    """
    graph.object(object_id)
    seen = observe(graph, priors, hidden=object_id)
    i = seen.index[object_id]
    has_state = seen.states[i] is not None
    if not attributes:
        seen.states[i] = None
        for values in seen.values.values():
            values[i] = HIDDEN
    compose = graph.metadata.get("split") == "compose"
    table = priors.for_split(str(graph.metadata.get("split", "train")))
    weights = (
        _scene_factor(seen, i, table)
        * _palette_factor(seen, i, table, priors if compose else None)
        * _look_factor(seen, i, table, has_state)
        * _structure_factor(seen, i, table)
    )
    return _normalise(weights, priors.labels, f"object {object_id!r}")


def posterior_attribute(graph: SceneGraph, attribute_id: str, priors: Priors = DEFAULT) -> dict[str, float]:
    """Returns P(value of one attribute | all labels, all other attributes, all relations); its value is not read.

    Its kind is: an object has one colour, one size, one texture and at most one state, so what is missing tells it.

    Args:
        graph: a scene of the world; `metadata["split"]` says which prior it came from (train when absent).
        attribute_id: the masked attribute.
        priors: the world.

    Raises:
        LookupError: if there is no such attribute, or a word of the graph is none of the world's.
        ValueError: if the world cannot have made the rest of the graph.

    >>> from usg.world import sample_scene
    >>> sorted(posterior_attribute(sample_scene("iid", 0, 0), "a1"))
    ['large', 'medium', 'small']
    """
    attribute = graph[attribute_id]
    if not isinstance(attribute, Attribute):
        raise LookupError(f"{attribute_id!r} is not an attribute in {graph!r}: give the id of one")
    seen = observe(graph, priors, hidden=attribute_id)
    i = seen.index[attribute.object]
    label = seen.labels[i]
    compose = graph.metadata.get("split") == "compose"
    table = priors.for_split(str(graph.metadata.get("split", "train")))
    where = f"attribute {attribute_id!r}"
    if attribute.kind == "colour":
        weights = _palettes_given_others(seen, i, table) @ table.colour[label]
        if compose and not _heldout_elsewhere(seen, i, priors)[label]:
            weights = weights * priors.heldout_colour[label]
        return _normalise(weights, priors.colours, where)
    if attribute.kind == "size":
        flies = np.full(len(priors.sizes), seen.flies(priors, i))
        weights = table.size[label] * _spatial_factor(seen, i, flies, table.nominal[label], table)
        return _normalise(weights, priors.sizes, where)
    if attribute.kind == "texture":
        return _normalise(table.texture[label], priors.textures, where)
    states = priors.states.get(priors.labels[label], {})
    return _normalise(np.array(list(states.values())), tuple(states), where)


def _normalise(weights: Floats, names: tuple[str, ...], where: str) -> dict[str, float]:
    total = float(weights.sum()) if len(weights) else 0.0
    if not total > 0:
        raise ValueError(f"{where}: nothing fits there; the rest of the graph is no scene of the world")
    return dict(zip(names, (weights / total).tolist(), strict=True))


def _scene_factor(seen: Observation, i: int, priors: Priors) -> Floats:
    """(L,) sum over z; linear space is safe for a dozen objects."""
    others = [label for j, label in enumerate(seen.labels) if j != i]
    evidence: Floats = priors.scene * priors.label[:, others].prod(1)
    return evidence @ priors.label


def _palettes_given_others(seen: Observation, i: int, priors: Priors) -> Floats:
    """(P,) P(p) times the colours of the other objects, up to a constant."""
    known = [
        (label, colour)
        for j, (label, colour) in enumerate(zip(seen.labels, seen.values["colour"], strict=True))
        if j != i and colour != HIDDEN
    ]
    if not known:
        return priors.palette
    labels, colours = np.array(known).T
    return priors.palette * priors.colour[labels, :, colours].prod(0)


def _palette_factor(seen: Observation, i: int, table: Priors, full: Priors | None) -> Floats:
    """(L,) sum over p, with the indicator of the split `compose` where `full`, the prior that has it, is given."""
    palettes, colour = _palettes_given_others(seen, i, table), seen.values["colour"][i]
    if colour == HIDDEN and full is None:
        return np.full(len(table.labels), float(palettes.sum()))
    chosen = slice(None) if colour == HIDDEN else slice(colour, colour + 1)
    by_colour = np.einsum("p,lpc->lc", palettes, table.colour[:, :, chosen])
    if full is not None:
        allowed = full.heldout_colour[:, chosen] | _heldout_elsewhere(seen, i, full)[:, None]
        by_colour = np.where(allowed, by_colour, 0.0)
    found: Floats = by_colour.sum(1)
    return found


def _heldout_elsewhere(seen: Observation, i: int, priors: Priors) -> Flags:
    """(L,) whether a held-out combination other than the colour of i is there, for each label of i."""
    found = np.zeros(len(priors.labels), dtype=bool)
    for j, (label, colour) in enumerate(zip(seen.labels, seen.values["colour"], strict=True)):
        if j != i and colour != HIDDEN and priors.heldout_colour[label, colour]:
            found[:] = True
    for k, parent in enumerate(seen.parents):
        if parent == NO_PARENT:
            continue
        triples = priors.heldout_structure[seen.roles[k]]
        if k == i:
            found |= triples[:, seen.labels[parent]]
        elif parent == i:
            found |= triples[seen.labels[k]]
        else:
            found |= triples[seen.labels[k], seen.labels[parent]]
    return found


def _look_factor(seen: Observation, i: int, priors: Priors, has_state: bool) -> Floats:
    """(L,) size (with the spatial relations, which depend on it), texture and state of object i."""
    n, size, texture = len(priors.labels), seen.values["size"][i], seen.values["texture"][i]
    flies = priors.airborne & (seen.parents[i] == NO_PARENT)
    sizes = range(len(priors.sizes)) if size == HIDDEN else [size]
    factor: Floats = np.zeros(n)
    for s in sizes:
        factor = factor + priors.size[:, s] * _spatial_factor(seen, i, flies, priors.nominal[:, s], priors)
    if texture != HIDDEN:
        factor = factor * priors.texture[:, texture]
    return factor * np.array([_state(priors, label, has_state, seen.states[i]) for label in priors.labels])


def _state(priors: Priors, label: str, present: bool, value: str | None) -> float:
    """P(a state is mentioned, and which | label); `value` None with `present` means mentioned but not seen."""
    values = priors.states.get(label)
    if not present:
        return 1.0 if values is None else 1.0 - priors.state_present
    if values is None:
        return 0.0
    return priors.state_present * (1.0 if value is None else values.get(value, 0.0))


def _structure_factor(seen: Observation, i: int, priors: Priors) -> Floats:
    """(L,) product over every object k of P(its parent | labels with the candidate at i)."""
    odds, total = priors.structure, priors.odds
    others = [j for j in range(len(seen.labels)) if j != i]
    labels = np.array([seen.labels[j] for j in others], dtype=np.int64)
    # Denominators: object i chooses among the others; each other chooses among the rest and i.
    factor: Floats = 1.0 / (1.0 + total[:, labels].sum(1))
    among = total[labels[:, None], labels[None, :]]
    rest = among.sum(1) - among.diagonal()
    factor = factor / (1.0 + rest[:, None] + total[labels]).prod(0)
    for k, parent in enumerate(seen.parents):
        if parent == NO_PARENT:
            continue
        if k == i:
            factor = factor * odds[seen.roles[k], :, seen.labels[parent]]
        elif parent == i:
            factor = factor * odds[seen.roles[k], seen.labels[k], :]
    return factor


def _spatial_factor(seen: Observation, i: int, flies: Flags, lengths: Floats, priors: Priors) -> Floats:
    """(m,) P(shown spatial relations of i) for m candidates, each with whether it flies and its length in pixels."""
    factor: Floats = np.ones(len(lengths))
    ratio, share = priors.bigger_ratio, priors.intrinsic_share
    for subject, predicate, other in seen.spatial:
        if i not in (subject, other):
            continue
        j = other if subject == i else subject
        size = seen.values["size"][j]
        other_flies, other_length = seen.flies(priors, j), float(priors.nominal[seen.labels[j], size])
        bigger, smaller = lengths >= ratio * other_length, other_length >= ratio * lengths
        number = (flies != other_flies).astype(np.float64) + (bigger | smaller)
        if predicate in GEOMETRIC:
            factor = factor * np.where(number > 0, 1.0 - share, 1.0)
            continue
        holds: dict[str, NDArray[np.bool_]] = {
            "above": flies & (not other_flies),
            "below": ~flies & other_flies,
            "bigger than": bigger,
            "smaller than": smaller,
        }
        if subject != i:
            holds = {"above": holds["below"], "below": holds["above"], "bigger than": smaller, "smaller than": bigger}
        factor = factor * np.where(holds[predicate], share / np.maximum(number, 1.0), 0.0)
    return factor
