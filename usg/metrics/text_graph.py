"""How well graphs of captions agree with gold graphs: Set Match, F1 of facts, each with its interval.

Over the facts P that a prediction asserts and the facts G of its gold graph (usg/metrics/facts.py), strings compared
strictly:

    set_match       share of captions with P = G
    fact_f1_macro   mean over captions of 2 |P & G| / (|P| + |G|), which is SPICE without lemmas and synonyms
    fact_f1_micro   the same ratio of sums over all captions; object_f1, attribute_f1, relation_f1: of one kind of fact
    pair_f1         micro F1 of the ordered pairs (subject, object) of relations, whatever the predicate
    spice_f1        fact_f1_macro up to lemmas, and synonyms where WordNet is at hand (usg/metrics/spice.py)

Set Match is that of FACTUAL (Li et al., Findings of ACL 2023): equal sets of statements, a thing being a statement of
its own where nothing else names it; that is so exactly when P = G. Where both are empty the prediction is right.
Intervals are cluster bootstrap intervals over the captions of one image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from usg.graph.scene_graph import SceneGraph
from usg.metrics.bootstrap import Estimate
from usg.metrics.facts import Facts, facts_of
from usg.metrics.ratios import ratio_differences, ratio_intervals

METRICS = (
    "set_match",
    "relation_f1",
    "fact_f1_macro",
    "fact_f1_micro",
    "object_f1",
    "attribute_f1",
    "pair_f1",
    "spice_f1",
)


@dataclass(frozen=True)
class TextGraphScores:
    """The figures of one system, caption by caption.

    Attributes:
        numerators: `(n, k)` of n captions and the k `METRICS`.
        denominators: `(n, k)`; a metric is the ratio of the sums of its columns.
        groups: `(n,)` captions of one image have one number.
    """

    numerators: NDArray[np.float64]
    denominators: NDArray[np.float64]
    groups: NDArray[np.int64]

    def __len__(self) -> int:
        """The number of captions."""
        return len(self.groups)

    def estimates(self, *, resamples: int = 2000) -> dict[str, Estimate]:
        """Every metric with its 95 % interval."""
        found = ratio_intervals(self.numerators, self.denominators, self.groups, resamples=resamples)
        return dict(zip(METRICS, found, strict=True))

    def values(self) -> dict[str, float]:
        """Every metric, without an interval."""
        return {name: estimate.value for name, estimate in self.estimates(resamples=1).items()}

    def differences(self, other: TextGraphScores, *, resamples: int = 2000) -> dict[str, Estimate]:
        """Every metric of this system less that of another on the same captions, with 95 % paired intervals."""
        pair = (self.numerators, self.denominators), (other.numerators, other.denominators)
        return dict(zip(METRICS, ratio_differences(*pair, self.groups, resamples=resamples), strict=True))

    def select(self, chosen: ArrayLike) -> TextGraphScores:
        """The figures of some captions, by a boolean mask or by their numbers."""
        at = np.asarray(chosen)
        return TextGraphScores(self.numerators[at], self.denominators[at], self.groups[at])


def score_facts(
    predicted: Sequence[Facts],
    gold: Sequence[Facts],
    spice: Callable[[Facts, Facts], float],
    groups: ArrayLike | None = None,
) -> TextGraphScores:
    """Compares predictions with gold, caption by caption.

    Args:
        predicted: what a system asserts of each caption.
        gold: what holds, in the same order.
        spice: F1 of the facts of one caption up to lemmas and synonyms, as `usg.metrics.spice.SpiceMatcher`.
        groups: `(n,)` numbers, one for the captions of one image; by default every caption is its own.

    Raises:
        ValueError: the numbers of predictions and gold graphs differ, or there are none.

    >>> said = Facts.from_tuples([("man", "ride", "horse")])
    >>> true = Facts.from_tuples([("man", "ride", "horse"), ("horse", "brown")])
    >>> scores = score_facts([said, true], [true, true], lambda p, g: float(p == g)).values()
    >>> scores["set_match"], scores["relation_f1"], round(scores["attribute_f1"], 3), round(scores["fact_f1_macro"], 3)
    (0.5, 1.0, 0.667, 0.929)
    """
    if len(predicted) != len(gold) or not gold:
        raise ValueError(
            f"{len(predicted)} predictions for {len(gold)} gold graphs; give one for each, and at least one"
        )
    rows = [_figures(said, true, spice(said, true)) for said, true in zip(predicted, gold, strict=True)]
    table = np.array(rows, dtype=np.float64)  # (n, k, 2)
    numbers = np.arange(len(gold)) if groups is None else np.asarray(groups)
    return TextGraphScores(table[..., 0], table[..., 1], numbers.astype(np.int64))


def score_graphs(
    predicted: Sequence[SceneGraph],
    gold: Sequence[SceneGraph],
    spice: Callable[[Facts, Facts], float],
    groups: ArrayLike | None = None,
) -> TextGraphScores:
    """`score_facts` of the facts of graphs."""
    return score_facts([facts_of(graph) for graph in predicted], [facts_of(graph) for graph in gold], spice, groups)


def fact_f1(predicted: Facts, gold: Facts) -> float:
    """F1 of the facts of one caption; 1 where there are none on either side.

    >>> fact_f1(Facts.from_tuples([("sky",)]), Facts.from_tuples([("sky", "blue")]))
    0.6666666666666666
    """
    both, total = len(predicted.all & gold.all), len(predicted.all) + len(gold.all)
    return 2 * both / total if total else 1.0


def _figures(predicted: Facts, gold: Facts, spice: float) -> list[tuple[float, float]]:
    return [
        (predicted == gold, 1),
        _f1_parts(predicted.relations, gold.relations),
        (fact_f1(predicted, gold), 1),
        _f1_parts(predicted.all, gold.all),
        _f1_parts(predicted.objects, gold.objects),
        _f1_parts(predicted.attributes, gold.attributes),
        _f1_parts(predicted.pairs, gold.pairs),
        (spice, 1),
    ]


def _f1_parts(predicted: frozenset[tuple[str, ...]], gold: frozenset[tuple[str, ...]]) -> tuple[float, float]:
    return 2 * len(predicted & gold), len(predicted) + len(gold)
