"""The figures of one system under one protocol: pictures, or frames of films, against gold.

score_scenes() is the evaluation of a set of pictures; `Scores` is what every evaluation here ends in: figures over
items, the groups that intervals draw, and what was counted on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from usg.metrics.bootstrap import Estimate
from usg.metrics.scene_graph.detection import detection_figures
from usg.metrics.scene_graph.given import pair_hits
from usg.metrics.scene_graph.hits import frame_hits, rankings_of
from usg.metrics.scene_graph.matched import matched_figures
from usg.metrics.scene_graph.protocol import Protocol, Task
from usg.metrics.scene_graph.recall import accuracy_figures, gold_of, predicate_recalls, recall_figures
from usg.metrics.scene_graph.scene import Scene, Triple
from usg.metrics.weighted import Figure, differences, estimates, value_of

_PREFIX = {"recall": "", "ng": "ng_", "semi": "semi_"}


@dataclass(frozen=True)
class Scores:
    """Figures over n items.

    Attributes:
        figures: name -> function of weights `(r, n)`.
        groups: `(n,)`; items of one group (frames of a film) are drawn together.
        counts: what was counted, in words, as "pictures without prediction" -> 3.
        predicates: predicate -> its gold relations (`gold`) and its recalls (`recall_at_20`, ...).
    """

    figures: Mapping[str, Figure]
    groups: NDArray[np.int64]
    counts: Mapping[str, int]
    predicates: Mapping[str, Mapping[str, float]]

    def __len__(self) -> int:
        """The number of items."""
        return len(self.groups)

    def values(self) -> dict[str, float]:
        """Every figure that something could be scored for."""
        found = {name: value_of(figure, len(self)) for name, figure in self.figures.items()}
        return {name: value for name, value in found.items() if not np.isnan(value)}

    def estimates(self, *, resamples: int = 1000) -> dict[str, Estimate]:
        """Every figure with its 95 % bootstrap interval."""
        return estimates(self.figures, self.groups, resamples=resamples)

    def differences(self, other: Scores, *, resamples: int = 1000) -> dict[str, Estimate]:
        """Every figure less that of another system on the same items, with 95 % paired intervals."""
        return differences(self.figures, other.figures, self.groups, resamples=resamples)


def score_scenes(
    predicted: Sequence[Scene | None],
    gold: Sequence[Scene],
    protocol: Protocol,
    *,
    task: Task = "sgdet",
    seen: Iterable[Triple] | None = None,
    groups: ArrayLike | None = None,
) -> Scores:
    """Scores the predictions of pictures.

    Args:
        predicted: the scene of each picture, None where nothing was predicted.
        gold: n scenes.
        protocol: every switch; its unit is "frame".
        task: what was given to the predictor: "predcls" boxes and labels, "sgcls" boxes, "sgdet" nothing.
        seen: label triples of training, for zero-shot recall.
        groups: `(n,)` numbers, one for the pictures that are drawn together; by default each is its own.

    Raises:
        ValueError: there is no gold, the numbers differ, predictions do not fit the task, masks are missing, or the
            protocol refuses a picture.

    >>> from usg.graph import Box
    >>> from usg.metrics.scene_graph.presets import preset
    >>> from usg.metrics.scene_graph.scene import Link, Thing
    >>> things = (Thing("a", "cat", (Box(0, 0, 4, 4),)), Thing("b", "mat", (Box(0, 3, 9, 6),)))
    >>> gold = Scene("gold", things, (Link(0, "on", 1), Link(1, "under", 0)))
    >>> scores = score_scenes([Scene("said", things, (Link(0, "on", 1),)), None], [gold, gold], preset("usg"))
    >>> scores.values()["recall_at_20"], scores.values()["object_recall"]
    (0.25, 0.5)
    """
    _check(predicted, gold, protocol)
    if protocol.unit != "frame":
        raise ValueError(f"protocol {protocol.name} scores films; use usg evaluate video-graph")
    true = [grounded(scene.only(protocol.predicates)) for scene in gold]
    said = [_said(scene, protocol) for scene in predicted]
    kept = [keeps(one, two, protocol) for one, two in zip(said, true, strict=True)]
    counts = _counts(predicted, gold, true, said, protocol)
    whole = gold_of(true, kept, seen if protocol.zero_shot else None)
    hits = [frame_hits(one, two, protocol, task) for one, two in zip(said, true, strict=True)]
    figures: dict[str, Figure] = {}
    for ranking in rankings_of(protocol):
        figures |= recall_figures(whole, [each[ranking] for each in hits], protocol, _PREFIX[ranking])
    if task == "sgdet":
        figures |= detection_figures(said, true, protocol)
    else:
        pairs = [pair_hits(one, two, protocol, task) for one, two in zip(said, true, strict=True)]
        figures |= accuracy_figures(whole, pairs, protocol)
    figures |= matched_figures(said, true, protocol)
    numbers = np.arange(len(gold)) if groups is None else np.asarray(groups, dtype=np.int64)
    predicates = predicate_recalls(whole, [each["recall"] for each in hits], protocol)
    return Scores(figures, numbers, counts, predicates)


def grounded(scene: Scene) -> Scene:
    """A gold scene without the objects that have no region, which nothing can hit, and their relations.

    >>> from usg.metrics.scene_graph.scene import Thing
    >>> grounded(Scene("s", (Thing("a", "air"),))).things
    ()
    """
    if all(thing.regions for thing in scene.things):
        return scene
    kept = [number for number, thing in enumerate(scene.things) if thing.regions]
    place = {number: i for i, number in enumerate(kept)}
    links, happenings = (
        tuple(
            replace(link, subject=place[link.subject], object=place[link.object])
            for link in side
            if link.subject in place and link.object in place
        )
        for side in (scene.links, scene.happenings)
    )
    return replace(scene, things=tuple(scene.things[n] for n in kept), links=links, happenings=happenings)


def keeps(predicted: Scene, gold: Scene, protocol: Protocol) -> bool:
    """Whether a picture or film counts in recall.

    Raises:
        ValueError: it has no gold relation, and the protocol refuses that.
    """
    if not gold.links and protocol.empty_gold == "refuse":
        raise ValueError(
            f"{gold.name} has no relation, which protocol {protocol.name} refuses; leave it out, or give "
            "--set empty_gold=skip"
        )
    return bool(gold.links) and (bool(predicted.links) or protocol.empty_prediction == "zero")


def _said(scene: Scene | None, protocol: Protocol) -> Scene:
    return Scene("a missing prediction") if scene is None else scene.only(protocol.predicates)


def _check(predicted: Sequence[Scene | None], gold: Sequence[Scene], protocol: Protocol) -> None:
    if len(predicted) != len(gold) or not gold:
        raise ValueError(
            f"{len(predicted)} predictions for {len(gold)} gold graphs; give one or None for each, and at least one"
        )
    if protocol.predicates and not any(scene.only(protocol.predicates).links for scene in gold):
        raise ValueError(f"no gold relation has one of the predicates {', '.join(protocol.predicates)}")


def _counts(
    predicted: Sequence[Scene | None],
    gold: Sequence[Scene],
    true: Sequence[Scene],
    said: Sequence[Scene],
    protocol: Protocol,
) -> dict[str, int]:
    empty = sum(bool(two.links) and not one.links for one, two in zip(said, true, strict=True))
    then = "left out of the mean" if protocol.empty_prediction == "skip" else "scored 0"
    return {
        "pictures": len(gold),
        "gold relations": sum(len(scene.links) for scene in true),
        "without gold relation, skipped": sum(not scene.links for scene in true),
        f"without predicted relation, {then}": empty,
        "without prediction at all": sum(scene is None for scene in predicted),
        "gold objects without region, left out": sum(
            len(one.things) - len(two.things) for one, two in zip(gold, true, strict=True)
        ),
    }
