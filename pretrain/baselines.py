"""Counting baselines of masked prediction: majority, per-slot prior, one-hop naive Bayes.

Naive Bayes scores a label c of a hidden node by log P(c) + sum_f log P(f | c) over the features f seen one hop away,
P(f | c) = (n(f, c) + a) / (n(c, family of f) + a |family|). It is no straw man: the smoothing a and the set of features
are chosen by accuracy on the last tenth of the training graphs (at most 500), and every set below is tried.

The features of a hidden node:
    object     its attribute values, and of its relations the role, predicate and label at the other end, as one feature
               or as two
    attribute  its object's label and, one hop further, the object's other attributes and relations
    relation   the labels of its subject and object, each alone or also together (the FREQ baseline of Neural Motifs,
               Zellers et al., CVPR 2018, section 4.2, smoothed)
The variant with co-objects adds the labels of all other objects of the graph to a hidden object's features; it is no
longer one hop, and is shown as a second, stronger row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from usg.graph import Attribute, NodeKind, Relation, SceneGraph, SceneObject
from usg.pretrain.examples import MaskedExample, masked_examples

Feature = tuple[str, ...]
"""A family followed by what was seen."""
Extractor = Callable[[MaskedExample], Iterable[Feature]]
SMOOTHING = (1.0, 0.3, 0.1, 0.03, 0.01)
MOST_HELD_BACK = 500


def slot(example: MaskedExample) -> str:
    """What its place says of a label: an attribute's kind; whether an object is a subject, an object or both."""
    element = example.element
    if isinstance(element, Attribute):
        return element.kind or ""
    if isinstance(element, SceneObject):
        subject = any(r.subject == element.id for r in example.graph.relations)
        target = any(r.object == element.id for r in example.graph.relations)
        return f"{subject} {target}"
    return ""


def object_features(joint: bool, co_objects: bool) -> Extractor:
    """Features of a hidden object; `joint` joins predicate and other label into one."""

    def extract(example: MaskedExample) -> Iterable[Feature]:
        graph, element = example.graph, example.element
        for attribute in graph.attributes_of(element.id):
            yield ("attribute", attribute.value)
        for relation in graph.relations_of(element.id):
            role = "subject" if relation.subject == element.id else "object"
            other_id = relation.object if role == "subject" else relation.subject
            other = graph.object(other_id).label if other_id != element.id else "itself"
            if joint:
                yield ("relation", role, relation.predicate, other)
            else:
                yield ("predicate", role, relation.predicate)
                yield ("other", role, other)
        if co_objects:
            for obj in graph.objects:
                if obj.id != element.id:
                    yield ("present", obj.label)

    return extract


def attribute_features(siblings: bool, relations: bool) -> Extractor:
    """Features of a hidden attribute: its object's label, the object's other attributes, the object's predicates."""

    def extract(example: MaskedExample) -> Iterable[Feature]:
        graph, element = example.graph, example.element
        assert isinstance(element, Attribute)
        yield ("slot", element.kind or "")
        yield ("owner", graph.object(element.object).label)
        if siblings:
            for attribute in graph.attributes_of(element.object):
                if attribute.id != element.id:
                    yield ("sibling", attribute.value)
        if relations:
            for relation in graph.relations_of(element.object):
                yield ("predicate", str(relation.subject == element.object), relation.predicate)

    return extract


def relation_features(together: bool) -> Extractor:
    """Features of a hidden relation: subject label, object label, and the pair of them."""

    def extract(example: MaskedExample) -> Iterable[Feature]:
        graph, element = example.graph, example.element
        assert isinstance(element, Relation)
        subject, target = graph.object(element.subject).label, graph.object(element.object).label
        yield ("subject", subject)
        yield ("object", target)
        if together:
            yield ("pair", subject, target)

    return extract


ONE_HOP: dict[NodeKind, tuple[Extractor, ...]] = {
    NodeKind.OBJECT: (object_features(True, False), object_features(False, False)),
    NodeKind.ATTRIBUTE: (
        attribute_features(False, False),
        attribute_features(True, False),
        attribute_features(True, True),
    ),
    NodeKind.RELATION: (relation_features(False), relation_features(True)),
}
CO_OBJECTS = (object_features(True, True), object_features(False, True))


@dataclass
class Counts:
    """What naive Bayes counts for one kind of node and one set of features."""

    extract: Extractor
    labels: dict[str, int] = field(default_factory=dict)
    label_counts: list[float] = field(default_factory=list)
    joint: dict[Feature, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    family: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    values: dict[str, set[Feature]] = field(default_factory=lambda: defaultdict(set))

    def add(self, example: MaskedExample) -> None:
        """Count one example."""
        label = self.labels.setdefault(example.answer, len(self.labels))
        if label == len(self.label_counts):
            self.label_counts.append(0.0)
        self.label_counts[label] += 1
        for feature in self.extract(example):
            self.joint[feature][label] += 1
            self.family[feature[0]][label] += 1
            self.values[feature[0]].add(feature)


@dataclass(frozen=True)
class NaiveBayes:
    """A fitted classifier for one kind of node."""

    counts: Counts
    smoothing: float

    def guess(self, examples: Sequence[MaskedExample]) -> list[str]:
        """The most probable label of each hidden node."""
        names = list(self.counts.labels)
        prior = np.log(np.asarray(self.counts.label_counts))
        totals = {name: self._dense(counter) for name, counter in self.counts.family.items()}
        return [names[int(np.argmax(self._scores(example, prior, totals)))] for example in examples]

    def _dense(self, counter: Counter[int]) -> NDArray[np.float64]:
        dense = np.zeros(len(self.counts.labels))
        dense[list(counter.keys())] = list(counter.values())
        return dense

    def _scores(
        self, example: MaskedExample, prior: NDArray[np.float64], totals: dict[str, NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        scores = prior.copy()
        for feature in self.counts.extract(example):
            if feature[0] not in totals or feature not in self.counts.joint:
                continue
            seen = self.counts.joint[feature]
            scores -= np.log(totals[feature[0]] + self.smoothing * len(self.counts.values[feature[0]]))
            scores += np.log(self.smoothing)
            at = list(seen.keys())
            scores[at] += np.log(np.asarray(list(seen.values())) + self.smoothing) - np.log(self.smoothing)
        return scores


def choose(candidates: Sequence[Counts], held: Sequence[MaskedExample]) -> NaiveBayes:
    """The features and the smoothing that are most often right on held-back examples, which are counted afterwards.

    Args:
        candidates: counts over the same examples, each with its own features.
        held: examples that none of them has counted; may be empty, then the first candidate wins.

    Raises:
        ValueError: nothing was counted.
    """
    if not candidates[0].label_counts:
        raise ValueError("naive Bayes has counted no example: the training graphs have no node of this kind")

    def right(counts: Counts, smoothing: float) -> int:
        return sum(g == e.answer for g, e in zip(NaiveBayes(counts, smoothing).guess(held), held, strict=True))

    counts, smoothing = max(((c, a) for c in candidates for a in SMOOTHING), key=lambda pair: right(*pair))
    for example in held:
        counts.add(example)
    return NaiveBayes(counts, smoothing)


@dataclass(frozen=True)
class SlotPrior:
    """The most frequent label of a slot; with `by_slot` off, of the kind (majority)."""

    best: dict[str, str]
    overall: str
    by_slot: bool

    @classmethod
    def of(cls, counts: Mapping[str, Counter[str]], by_slot: bool) -> SlotPrior:
        """From the labels counted by slot."""
        overall: Counter[str] = sum(counts.values(), Counter())
        return cls({name: c.most_common(1)[0][0] for name, c in counts.items()}, overall.most_common(1)[0][0], by_slot)

    def guess(self, examples: Sequence[MaskedExample]) -> list[str]:
        """The label of each hidden node."""
        return [self.best.get(slot(e), self.overall) if self.by_slot else self.overall for e in examples]


Guesser = Callable[[Sequence[MaskedExample]], list[str]]
"""From examples of one kind to a label for each."""


def counting_baselines(train: Collection[SceneGraph], kinds: Sequence[NodeKind]) -> dict[str, dict[NodeKind, Guesser]]:
    """Fit all of them in one pass over the graphs, of which only the held-back ones are kept.

    Args:
        train: graphs to count; the last tenth, at most 500, chooses features and smoothing first.
        kinds: the kinds of node.

    Returns:
        System -> kind -> what guesses. A kind that the graphs lack is left out.
    """
    held_back = min(len(train) // 10, MOST_HELD_BACK)
    extractors = {kind: (*ONE_HOP[kind], *(CO_OBJECTS if kind == NodeKind.OBJECT else ())) for kind in kinds}
    counts = {kind: [Counts(extract) for extract in extractors[kind]] for kind in kinds}
    slots: dict[NodeKind, dict[str, Counter[str]]] = {kind: defaultdict(Counter) for kind in kinds}
    held: dict[NodeKind, list[MaskedExample]] = {kind: [] for kind in kinds}
    for number, graph in enumerate(train):
        found = masked_examples([graph])
        for kind in kinds:
            for example in found[kind]:
                slots[kind][slot(example)][example.answer] += 1
                if number >= len(train) - held_back:
                    held[kind].append(example)
                else:
                    for candidate in counts[kind]:
                        candidate.add(example)
    systems: dict[str, dict[NodeKind, Guesser]] = defaultdict(dict)
    for kind in kinds:
        if not counts[kind][0].label_counts:
            continue
        one_hop = len(ONE_HOP[kind])
        systems["majority"][kind] = SlotPrior.of(slots[kind], by_slot=False).guess
        systems["slot_prior"][kind] = SlotPrior.of(slots[kind], by_slot=True).guess
        systems["naive_bayes"][kind] = choose(counts[kind][:one_hop], held[kind]).guess
        if kind == NodeKind.OBJECT:
            systems["naive_bayes_co_objects"][kind] = choose(counts[kind][one_hop:], held[kind]).guess
    return dict(systems)
