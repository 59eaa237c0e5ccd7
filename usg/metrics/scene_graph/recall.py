"""Recall over a data set, from the hits of its images or films.

What a gold relation counts is 1 where one of the K best predictions hits it (or a vIoU, or 0).

    recall of an image   what its gold relations count / how many there are
    R@K                  mean over images ("image"), or over all gold relations ("pooled")
    mR@K                 the same for each predicate alone, then the mean over predicates
    F1@K                 2 R mR / (R + mR)
    zR@K                 R@K over the gold relations whose labels training has never seen together
    A@K                  pooled, over predictions about gold pairs alone (usg/metrics/scene_graph/given.py)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from usg.metrics.scene_graph.hits import Hit
from usg.metrics.scene_graph.protocol import Protocol
from usg.metrics.scene_graph.scene import Scene, Triple, label_of
from usg.metrics.weighted import Figure, Floats, divided, mean, mean_of_columns, ratio


@dataclass(frozen=True)
class Gold:
    """The gold relations of n images, one after the other.

    Attributes:
        image: `(g,)` the image of each relation.
        predicate: `(g,)` the number of its predicate.
        predicates: the predicates that occur.
        unseen: `(g,)` whether training has not seen its labels together; None without training.
        kept: `(n,)` whether the image counts.
        start: `(n,)` the number of each image's first relation.
    """

    image: NDArray[np.int64]
    predicate: NDArray[np.int64]
    predicates: tuple[str, ...]
    unseen: NDArray[np.bool_] | None
    kept: NDArray[np.bool_]
    start: NDArray[np.int64]


def gold_of(scenes: Sequence[Scene], kept: Sequence[bool], seen: Iterable[Triple] | None = None) -> Gold:
    """The gold relations of scenes.

    Args:
        scenes: n scenes.
        kept: which of them count.
        seen: label triples of training.
    """
    triples = [scene.triple(link) for scene in scenes for link in scene.links]
    sizes = [len(scene.links) for scene in scenes]
    known = None if seen is None else set(seen)
    predicates = sorted({triple[1] for triple in triples})
    number = {name: i for i, name in enumerate(predicates)}
    return Gold(
        image=np.repeat(np.arange(len(scenes)), sizes),
        predicate=np.array([number[triple[1]] for triple in triples], dtype=np.int64),
        predicates=tuple(predicates),
        unseen=None if known is None else np.array([triple not in known for triple in triples], dtype=bool),
        kept=np.array(kept, dtype=bool),
        start=np.cumsum([0, *sizes[:-1]]) if sizes else np.zeros(0, dtype=np.int64),
    )


def recall_figures(
    gold: Gold, hits: Sequence[Sequence[Hit]], protocol: Protocol, prefix: str = ""
) -> dict[str, Figure]:
    """R@K, mR@K, F1@K and, where training is known, zR@K, as figures over images.

    Args:
        gold: of n images.
        hits: of each image, their numbers counted within it.
        protocol: how recall is averaged.
        prefix: of the names, as `ng_`.

    Raises:
        ValueError: the gold has more predicates than the protocol says the data set has.
    """
    count = _predicate_count(gold, protocol)
    found: dict[str, Figure] = {}
    for k in protocol.recall_at:
        value = _values(gold, hits, k)
        recall = _recall(gold, value, protocol)
        by_class = _class_recall(gold, value, protocol, count)
        found[f"{prefix}recall_at_{k}"] = recall
        found[f"{prefix}mean_recall_at_{k}"] = by_class
        found[f"{prefix}f1_at_{k}"] = _harmonic(recall, by_class)
        if gold.unseen is not None and gold.unseen.any():
            found[f"{prefix}zero_shot_recall_at_{k}"] = _recall(gold, value, protocol, gold.unseen)
    return found


def accuracy_figures(gold: Gold, hits: Sequence[Sequence[Hit]], protocol: Protocol) -> dict[str, Figure]:
    """A@K, pooled over images, from the hits of predictions about gold pairs."""
    pooled = replace(protocol, average="pooled")
    return {f"pair_accuracy_at_{k}": _recall(gold, _values(gold, hits, k), pooled) for k in protocol.recall_at}


def predicate_recalls(gold: Gold, hits: Sequence[Sequence[Hit]], protocol: Protocol) -> dict[str, dict[str, float]]:
    """Of each predicate that counts its gold relations (`gold`) and its R@K, those that mR@K is the mean of."""
    counts = np.bincount(gold.predicate, gold.kept[gold.image], minlength=len(gold.predicates))
    rows: dict[str, dict[str, float]] = {
        name: {"gold": int(count)} for name, count in zip(gold.predicates, counts, strict=True) if count
    }
    once = np.ones((1, len(gold.kept)))
    for k in protocol.recall_at:
        recalls = _of_class(gold, _values(gold, hits, k), protocol)(once)[0]
        for name, recall in zip(gold.predicates, recalls.tolist(), strict=True):
            if name in rows:
                rows[name][f"recall_at_{k}"] = recall
    return rows


def _values(gold: Gold, hits: Sequence[Sequence[Hit]], k: int) -> Floats:
    """`(g,)` what each gold relation counts among the top k."""
    rows = [(gold.start[i] + hit.gold, hit.rank, hit.value) for i, each in enumerate(hits) for hit in each]
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    top = table[table[:, 1] < k]
    return _sums(top[:, 0].astype(np.int64), top[:, 2], len(gold.image))


def _predicate_count(gold: Gold, protocol: Protocol) -> int | None:
    """By how many predicates mR@K divides; None for as many as occur."""
    if protocol.absent_classes == "leave out":
        return None
    names = {label_of(name) for name in protocol.predicates}
    count = len(names) if names else protocol.predicate_classes
    if count is not None and len(gold.predicates) > count:
        raise ValueError(
            f"the gold graphs have {len(gold.predicates)} predicates and protocol {protocol.name} divides by {count}; "
            "give --set predicate_classes=N, or --set 'absent_classes=leave out'"
        )
    return count


def _recall(gold: Gold, value: Floats, protocol: Protocol, of: NDArray[np.bool_] | None = None) -> Figure:
    chosen = np.ones(len(gold.image)) if of is None else of.astype(np.float64)
    n = len(gold.kept)
    above = _sums(gold.image, value * chosen, n) * gold.kept
    below = _sums(gold.image, chosen, n) * gold.kept
    if protocol.average == "pooled":
        return ratio(above, below)
    return mean(np.nan_to_num(divided(above, below)), below > 0)


def _class_recall(gold: Gold, value: Floats, protocol: Protocol, count: int | None) -> Figure:
    of_class = _of_class(gold, value, protocol)

    def figure(weights: Floats) -> Floats:
        recalls = of_class(weights)
        if count is None:
            return mean_of_columns(recalls)
        scored = ~np.isnan(recalls)
        return np.where(scored.any(1), np.where(scored, recalls, 0.0).sum(1) / count, np.nan)

    return figure


def _of_class(gold: Gold, value: Floats, protocol: Protocol) -> Figure:
    """`(r, predicates)` the recall of each predicate; NaN where it is not drawn."""
    n, classes = len(gold.kept), len(gold.predicates)
    cell = gold.image * classes + gold.predicate
    above = _sums(cell, value, n * classes).reshape(n, classes) * gold.kept[:, None]
    below = _sums(cell, np.ones(len(cell)), n * classes).reshape(n, classes) * gold.kept[:, None]
    if protocol.class_average == "image":
        above, below = np.nan_to_num(divided(above, below)), (below > 0).astype(np.float64)
    return ratio(above, below)


def _sums(index: NDArray[np.int64], values: Floats, n: int) -> Floats:
    """`(n,)` the sums of the values of each index."""
    return np.bincount(index, values, minlength=n).astype(np.float64)


def _harmonic(one: Figure, two: Figure) -> Figure:
    def figure(weights: Floats) -> Floats:
        first, second = one(weights), two(weights)
        both = first + second
        return np.where(both == 0, 0.0, divided(2 * first * second, both))

    return figure
