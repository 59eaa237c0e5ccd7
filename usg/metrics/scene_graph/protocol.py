"""How scene graphs are scored: one dataclass in which every switch stands, so that none is hidden in the code.

Public evaluators disagree on all of these: the same predictions get different numbers from each. A protocol is printed
with every number. `usg.metrics.scene_graph.presets` names those of the public evaluators; `Protocol.changed` makes
another from one of them. docs/scene_graph_metrics.md tells what each switch does to a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_type_hints

from usg.metrics.scene_graph.switches import described, fits, read_switch, written
from usg.names import unknown_name

Task = Literal["predcls", "sgcls", "sgdet"]
TASKS: tuple[Task, ...] = get_args(Task)
_LINE = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """Every switch of the evaluation.

    Attributes:
        name: as it is printed.
        follows: the evaluator or paper whose numbers it gives.
        unit: what a list of K is made for: "frame" (an image, or a frame of a film) or "film".
        recall_at: the K of R@K.
        region: what is compared, "box" or "mask".
        mask_size: (height, width) that masks are sampled to before they are compared; None for their own.
        box_offset: pixels added to the width and height of boxes: 1 where an evaluator takes the ends of boxes as
            inclusive that its data writes as exclusive.
        overlap: "pair": subject and object overlap each; "union": the box or mask around both does (phrase detection).
        iou: least overlap of a hit, in a frame.
        viou: what a film's overlap is: "frames" (frames that hit over frames of either), "volume" (pixels of both tubes
            over pixels of either, the lesser of subject and object); None where the unit is a frame.
        least_viou: of a hit of a film.
        weak_viou: of a weak hit; None where there are no weak recalls.
        weak_once: whether a gold relation counts once in the weak recall, or by every prediction up to its hit.
        soft: also report recalls in which a hit counts its vIoU instead of 1.
        span_union: frames of the union in "frames": "both" of gold and prediction, or "gold" alone, so that an
            overlong prediction costs nothing.
        average: recall over the data: "image", the mean of each image's or film's recall, or "pooled", hits over gold.
        class_average: likewise, inside one predicate for mR@K.
        absent_classes: predicates without gold count "zero" in mR@K, or are left out ("leave out").
        predicate_classes: how many predicates the data set has, for "zero"; None takes those of `predicates`.
        predicates: only these are scored, on both sides; none means all.
        empty_gold: images without a gold relation: "skip" or "refuse".
        empty_prediction: images without a predicted relation: "zero", or "skip", which raises the mean.
        one_to_one: a prediction hits one gold relation at most.
        predicates_per_pair: how many predicates of an ordered pair R@K and mR@K rank; 1 is the graph constraint, None
            is no constraint.
        predicate_groups: the constraint holds for each of these groups of predicates apart.
        no_constraint: also report ng-R@K.
        ng_predicates_per_pair: likewise, of ng-R@K; None for any number.
        semi_threshold: also report recalls of all predicates above this score; None for none.
        semi_single: of these predicates the semi-constraint takes a pair's best one, whatever its score.
        candidates: relations kept of an image, best first; None for all.
        rank_by: "product" of the scores of subject, relation and object, or that of the "relation" alone.
        given_regions: what finds an object where regions are given (PredCls, SGCls): "iou" as in SGDet; "off": labels
            alone.
        zero_shot: report zR@K where training graphs are given.
        relation_ap: also mean average precision over films (area under the envelope, VOC 2010 on).
        precision_at: the n of tagging precision P@n; none for none.
        frames: of a film that count: "all", or those in which the "gold" has an object, where few are annotated.
        events: predicates that are events; none means those that the graphs' metadata name, or, where no gold graph's
            do, all relations with a time span.
        event_tiou: least overlap in time of an event that is found.
        match_score: objects, tracks and events below this score are left out, but of AP and R@K, which take all.

    Raises:
        ValueError: a switch has a value that it cannot have, or switches contradict each other.

    >>> Protocol(name="mine", follows="a paper", recall_at=(5,)).changed({"iou": "0.75"}).iou
    0.75
    """

    name: str
    follows: str
    unit: Literal["frame", "film"] = "frame"
    recall_at: tuple[int, ...] = (20, 50, 100)
    region: Literal["box", "mask"] = "box"
    mask_size: tuple[int, ...] | None = None
    box_offset: float = 0.0
    overlap: Literal["pair", "union"] = "pair"
    iou: float = 0.5
    viou: Literal["frames", "volume"] | None = None
    least_viou: float = 0.5
    weak_viou: float | None = None
    weak_once: bool = True
    soft: bool = False
    span_union: Literal["both", "gold"] = "both"
    average: Literal["image", "pooled"] = "image"
    class_average: Literal["image", "pooled"] = "image"
    absent_classes: Literal["zero", "leave out"] = "leave out"
    predicate_classes: int | None = None
    predicates: tuple[str, ...] = ()
    empty_gold: Literal["skip", "refuse"] = "skip"
    empty_prediction: Literal["zero", "skip"] = "zero"
    one_to_one: bool = False
    predicates_per_pair: int | None = 1
    predicate_groups: tuple[tuple[str, ...], ...] = ()
    no_constraint: bool = False
    ng_predicates_per_pair: int | None = None
    semi_threshold: float | None = None
    semi_single: tuple[str, ...] = ()
    candidates: int | None = None
    rank_by: Literal["product", "relation"] = "product"
    given_regions: Literal["iou", "off"] = "iou"
    zero_shot: bool = True
    relation_ap: bool = False
    precision_at: tuple[int, ...] = ()
    frames: Literal["all", "gold"] = "all"
    events: tuple[str, ...] = ()
    event_tiou: float = 0.5
    match_score: float = 0.3

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(type(self)).items():
            if not fits(getattr(self, name), hint):
                raise ValueError(f"{name} is {getattr(self, name)!r}, expected {described(hint)}")
        if (self.unit == "film") != (self.viou is not None):
            raise ValueError(f"unit is {self.unit!r} and viou is {self.viou!r}; films need a vIoU, frames have none")
        if self.absent_classes == "zero" and not (self.predicate_classes or self.predicates):
            raise ValueError(
                'absent_classes is "zero", which needs the number of predicates of the data set: set predicate_classes '
                'or predicates, or absent_classes to "leave out"'
            )
        if min((*self.recall_at, *self.precision_at, self.candidates or 1), default=1) < 1 or not self.recall_at:
            raise ValueError(
                f"recall_at is {self.recall_at}, precision_at {self.precision_at}, candidates {self.candidates}; "
                "expected whole numbers from 1 on, and at least one K"
            )
        for name in ("iou", "least_viou", "weak_viou", "event_tiou"):
            share = getattr(self, name)
            if share is not None and not 0 < share <= 1:
                raise ValueError(f"{name} is {share}, expected a share above 0 and up to 1")
        if self.mask_size is not None and (len(self.mask_size) != 2 or min(self.mask_size) < 1):
            raise ValueError(f"mask_size is {self.mask_size}, expected (height, width), both positive")

    def changed(self, switches: Mapping[str, Any]) -> Protocol:
        """The protocol with some switches set otherwise; its name tells which.

        Args:
            switches: name -> value, or its text as a command line has it.

        Raises:
            LookupError: there is no such switch.
            ValueError: as on construction.
        """
        hints = get_type_hints(Protocol)
        known = [name for name in hints if name not in ("name", "follows")]
        for name in switches:
            if name not in known:
                raise LookupError(unknown_name("switch", name, known))
        values = {name: read_switch(value, hints[name]) for name, value in switches.items()}
        values = {name: value for name, value in values.items() if value != getattr(self, name)}
        told = ", ".join(f"{name}={written(value)}" for name, value in values.items())
        return replace(self, name=f"{self.name} with {told}", **values) if values else self

    def switches(self) -> dict[str, Any]:
        """Every switch and its value, as JSON has it."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def to_text(self) -> str:
        """The name, then every switch, on lines of some 120 characters."""
        lines = [f"protocol {self.name} ({self.follows})", ""]
        for name, value in self.switches().items():
            if name in ("name", "follows"):
                continue
            told = f"{name}={written(value)}; "
            if lines[-1] and len(lines[-1] + told) > _LINE:
                lines.append("")
            lines[-1] += told
        return "\n".join(line.rstrip("; ") for line in lines)
