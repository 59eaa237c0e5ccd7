"""Counting baselines of masked prediction: majority, per-slot prior, FREQ, bag of nodes, one-hop naive Bayes.

Naive Bayes scores a label c of a hidden node by log P(c) + sum_f log P(f | c) over the features f seen one hop away,
P(f | c) = (n(f, c) + a) / (n(c, family of f) + a |family|). It is no straw man: the smoothing a and the set of features
are chosen by accuracy on the last tenth of the training graphs (at most 500), and every set below is tried.

The features of a hidden node:
    object     its attribute values, and of its relations the role, predicate and label at the other end, as one feature
               or as two
    attribute  its object's label and, one hop further, the object's other attributes and relations
    relation   the labels of its subject and object, each alone or also together
The variant with co-objects adds the labels of all other objects of the graph to a hidden object's features; it is no
longer one hop, and is shown as a second, stronger row. The bag of nodes is naive Bayes over the slot and the labels of
all nodes that are seen, of the objects alone, or of none, whatever belongs to what. FREQ gives a relation the commonest
predicate between things of these two labels, in this order (Neural Motifs, Zellers et al., CVPR 2018, section 4.2);
where training had none, the commonest of all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from usg.graph import Attribute, NodeKind, Relation, SceneGraph, SceneObject
from usg.pretrain.examples import KIND_NAMES, MaskedExample, kind_of, label_of, masked_examples

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


def bag_features(kinds: Collection[NodeKind]) -> Extractor:
    """The slot, and the labels of all nodes of some kinds that are seen."""

    def extract(example: MaskedExample) -> Iterable[Feature]:
        yield ("slot", slot(example))
        for node, element in enumerate(example.graph.elements() if kinds else (), start=1):
            if kind_of(element) in kinds and node not in example.hidden:
                yield (KIND_NAMES[kind_of(element)], label_of(element))

    return extract


def ends(example: MaskedExample) -> str:
    """The labels of a relation's subject and object."""
    element = example.element
    assert isinstance(element, Relation)
    return "\t".join(example.graph.object(end).label for end in (element.subject, element.object))


ONE_HOP: dict[NodeKind, tuple[Extractor, ...]] = {
    NodeKind.OBJECT: (object_features(True, False), object_features(False, False)),
    NodeKind.ATTRIBUTE: (
        attribute_features(False, False),
        attribute_features(True, False),
        attribute_features(True, True),
    ),
    NodeKind.RELATION: (relation_features(False), relation_features(True)),
}
BAG = (bag_features(list(KIND_NAMES)), bag_features([NodeKind.OBJECT]), bag_features([]))
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
        return [names[int(np.argmax(scores))] for scores in self.scores(examples)]

    def scores(self, examples: Sequence[MaskedExample]) -> Iterator[NDArray[np.float64]]:
        """For each hidden node log P(c) + sum_f log P(f | c), over the labels c in the order they were counted."""
        a, counts = self.smoothing, self.counts
        prior = np.log(np.asarray(counts.label_counts))
        # log P(f | c) = log ((n(f, c) + a) / a) - log ((n(c, family) + a |family|) / a), the first but for few c 0.
        totals = {
            name: np.log(self._dense(counter) / a + len(counts.values[name])) for name, counter in counts.family.items()
        }
        known: dict[Feature, tuple[list[int], NDArray[np.float64]]] = {}
        for example in examples:
            scores = prior.copy()
            for feature in counts.extract(example):
                if feature not in counts.joint:
                    continue
                if feature not in known:
                    seen = counts.joint[feature]
                    known[feature] = list(seen), np.log1p(np.array(list(seen.values())) / a)
                at, found = known[feature]
                scores -= totals[feature[0]]
                scores[at] += found
            yield scores

    def _dense(self, counter: Counter[int]) -> NDArray[np.float64]:
        dense = np.zeros(len(self.counts.labels))
        dense[list(counter.keys())] = list(counter.values())
        return dense


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
    """The most frequent label of each slot.

    Attributes:
        best: slot -> label.
        overall: the most frequent of all, for a slot that was not counted.
        slot: what the slot of an example is.
    """

    best: Mapping[str, str]
    overall: str
    slot: Callable[[MaskedExample], str]

    @classmethod
    def of(cls, counts: Mapping[str, Counter[str]], slot: Callable[[MaskedExample], str]) -> SlotPrior:
        """From the labels counted by slot."""
        overall: Counter[str] = sum(counts.values(), Counter())
        return cls({name: c.most_common(1)[0][0] for name, c in counts.items()}, overall.most_common(1)[0][0], slot)

    def guess(self, examples: Sequence[MaskedExample]) -> list[str]:
        """The label of each hidden node."""
        return [self.best.get(self.slot(example), self.overall) for example in examples]


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
    candidates = {kind: _candidates(kind) for kind in kinds}
    counts = {
        kind: {name: [Counts(extract) for extract in extractors] for name, extractors in candidates[kind].items()}
        for kind in kinds
    }
    slots = {kind: {name: defaultdict[str, Counter[str]](Counter) for name in _slots(kind)} for kind in kinds}
    held: dict[NodeKind, list[MaskedExample]] = {kind: [] for kind in kinds}
    for number, graph in enumerate(train):
        found = masked_examples([graph])
        for kind in kinds:
            for example in found[kind]:
                for name, slot_of in _slots(kind).items():
                    slots[kind][name][slot_of(example)][example.answer] += 1
                if number >= len(train) - held_back:
                    held[kind].append(example)
                else:
                    for candidate in chain.from_iterable(counts[kind].values()):
                        candidate.add(example)
    systems: dict[str, dict[NodeKind, Guesser]] = defaultdict(dict)
    for kind in kinds:
        if not counts[kind]["naive_bayes"][0].label_counts:
            continue
        for name, slot_of in _slots(kind).items():
            systems[name][kind] = SlotPrior.of(slots[kind][name], slot_of).guess
        for name, tried in counts[kind].items():
            systems[name][kind] = choose(tried, held[kind]).guess
    return dict(systems)


def _slots(kind: NodeKind) -> dict[str, Callable[[MaskedExample], str]]:
    """What gives each label its most frequent one, by system."""
    of: dict[str, Callable[[MaskedExample], str]] = {"majority": lambda example: "", "slot_prior": slot}
    return of | ({"freq": ends} if kind == NodeKind.RELATION else {})


def _candidates(kind: NodeKind) -> dict[str, tuple[Extractor, ...]]:
    """The sets of features that naive Bayes chooses from, by system."""
    of: dict[str, tuple[Extractor, ...]] = {"bag_of_nodes": BAG, "naive_bayes": ONE_HOP[kind]}
    return of | ({"naive_bayes_co_objects": CO_OBJECTS} if kind == NodeKind.OBJECT else {})
