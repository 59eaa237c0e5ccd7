"""Counting baselines against posteriors computed by hand, and the examples they are given."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from usg.graph import Attribute, NodeKind, Relation, SceneGraph, SceneObject
from usg.pretrain.baselines import Counts, NaiveBayes, bag_features, choose, counting_baselines, object_features
from usg.pretrain.examples import KIND_NAMES, MaskedExample, masked_examples, shuffled
from usg.world import scenes


def pair(label: str, colour: str, other: str = "table", predicate: str = "on") -> SceneGraph:
    return SceneGraph(
        objects=(SceneObject("o0", label), SceneObject("o1", other)),
        attributes=(Attribute("a0", "o0", colour, kind="colour"),),
        relations=(Relation("r0", "o0", predicate, "o1"),),
    )


def counted(graphs: list[SceneGraph]) -> NaiveBayes:
    counts = Counts(object_features(True, False))
    for example in objects_named_first(graphs):
        counts.add(example)
    return choose([counts], [])


def objects_named_first(graphs: list[SceneGraph]) -> list[MaskedExample]:
    return [example for example in masked_examples(graphs)[NodeKind.OBJECT] if example.element.id == "o0"]


def test_naive_bayes_agrees_with_the_formula() -> None:
    graphs = [pair("cup", "red")] * 6 + [pair("cup", "blue")] * 2 + [pair("apple", "red")] * 3 + [pair("sky", "blue")]
    model = counted(graphs)
    counts, a = model.counts, model.smoothing
    n = Counter({"cup": 8, "apple": 3, "sky": 1})
    red = {"cup": 6, "apple": 3, "sky": 0}
    expected = {c: np.log(n[c]) + np.log((red[c] + a) / (n[c] + 2 * a)) + np.log((n[c] + a) / (n[c] + a)) for c in n}
    scores = next(model.scores(objects_named_first([pair("?", "red")])))
    names = list(counts.labels)
    for label in n:
        assert scores[names.index(label)] == pytest.approx(expected[label])
    assert model.guess(objects_named_first([pair("?", "red"), pair("?", "blue")])) == ["cup", "cup"]


def test_a_feature_never_seen_says_nothing() -> None:
    model = counted([pair("cup", "red")] * 5)
    assert model.guess(objects_named_first([pair("?", "green", "roof", "beneath")])) == ["cup"]


@pytest.mark.parametrize("kind", [NodeKind.OBJECT, NodeKind.ATTRIBUTE, NodeKind.RELATION])
def test_the_answer_is_never_a_feature(kind: NodeKind) -> None:
    graphs = list(scenes(40, "train", 3))
    systems = counting_baselines(graphs, [kind])
    for example in masked_examples(graphs[:10])[kind][:30]:
        twin = replace(example, graph=with_nonsense(example))
        for name, by_kind in systems.items():
            assert by_kind[kind]([example]) == by_kind[kind]([twin]), name


def with_nonsense(example: MaskedExample) -> SceneGraph:
    """The example's graph with a label in the place of the answer that nothing knows."""
    field, name = {
        NodeKind.OBJECT: ("objects", "label"),
        NodeKind.ATTRIBUTE: ("attributes", "value"),
        NodeKind.RELATION: ("relations", "predicate"),
    }[example.kind]
    elements = getattr(example.graph, field)
    changed = tuple(replace(e, **{name: "qwxz"}) if e.id == example.element.id else e for e in elements)
    return replace(example.graph, **{field: changed})


def test_majority_and_slot_prior() -> None:
    graphs = [pair("cup", "red")] * 3 + [pair("hat", "blue", "man", "worn by")] * 2
    systems = counting_baselines(graphs, [NodeKind.OBJECT])
    examples = masked_examples(graphs)[NodeKind.OBJECT]
    assert systems["majority"][NodeKind.OBJECT](examples[:2]) == ["cup", "cup"]
    assert systems["slot_prior"][NodeKind.OBJECT](examples[:2]) == ["cup", "table"]


def test_freq_answers_by_subject_and_object_in_order() -> None:
    graphs = [pair("cup", "red", predicate="near")] * 3 + [pair("table", "red", "cup", "beneath")] * 2
    freq = counting_baselines(graphs, [NodeKind.RELATION])["freq"][NodeKind.RELATION]
    asked = [pair("cup", "red"), pair("table", "red", "cup"), pair("dog", "red", "mat")]
    assert freq(masked_examples(asked)[NodeKind.RELATION]) == ["near", "beneath", "near"]


def test_a_bag_of_nodes_has_labels_and_not_what_belongs_to_what() -> None:
    graph = pair("cup", "red")
    graph = replace(graph, relations=(*graph.relations, Relation("r1", "o1", "beneath", "o0")))
    examples = masked_examples([graph])
    assert set(bag_features(KIND_NAMES)(examples[NodeKind.RELATION][0])) == {
        ("slot", ""), ("object", "cup"), ("object", "table"), ("attribute", "red"),
    }  # fmt: skip
    before = Counter(bag_features(KIND_NAMES)(examples[NodeKind.ATTRIBUTE][0]))
    moved = replace(graph, attributes=(Attribute("a0", "o1", "red", kind="colour"),))
    assert Counter(bag_features(KIND_NAMES)(masked_examples([moved])[NodeKind.ATTRIBUTE][0])) == before


def test_held_back_examples_choose_and_are_counted_afterwards() -> None:
    graphs = [pair("cup", "red")] * 6 + [pair("vase", "blue")] * 6
    held = objects_named_first([pair("cup", "blue", "shelf", "beneath")] * 5)
    candidates = [Counts(object_features(joint, False)) for joint in (True, False)]
    for example in objects_named_first(graphs):
        for counts in candidates:
            counts.add(example)
    model = choose(candidates, held)
    assert model.counts.label_counts == [11.0, 6.0]


def test_a_kind_that_training_lacks_has_no_baseline() -> None:
    graphs = [SceneGraph(objects=(SceneObject("o0", "cup"),))] * 3
    assert NodeKind.RELATION not in counting_baselines(graphs, [NodeKind.OBJECT, NodeKind.RELATION])["majority"]


def test_naive_bayes_beats_the_prior_on_the_world_and_co_objects_help() -> None:
    train, test = list(scenes(1500, "train", 0)), list(scenes(200, "iid", 1))
    examples = masked_examples(test, per_graph=1)
    systems = counting_baselines(train, [NodeKind.OBJECT, NodeKind.ATTRIBUTE])

    def accuracy(system: str, kind: NodeKind) -> float:
        guesses = systems[system][kind](examples[kind])
        return float(np.mean([g == e.answer for g, e in zip(guesses, examples[kind], strict=True)]))

    assert accuracy("naive_bayes", NodeKind.OBJECT) > accuracy("slot_prior", NodeKind.OBJECT) + 0.2
    assert accuracy("naive_bayes_co_objects", NodeKind.OBJECT) > accuracy("naive_bayes", NodeKind.OBJECT)
    assert accuracy("naive_bayes", NodeKind.ATTRIBUTE) > accuracy("majority", NodeKind.ATTRIBUTE) + 0.2


def test_relations_between_the_same_two_objects_are_hidden_together() -> None:
    graph = SceneGraph(
        objects=(SceneObject("a", "cup"), SceneObject("b", "table"), SceneObject("c", "lamp")),
        relations=(Relation("r0", "a", "on", "b"), Relation("r1", "b", "under", "a"), Relation("r2", "b", "near", "c")),
    )
    found = masked_examples([graph])[NodeKind.RELATION]
    assert [example.hidden for example in found] == [(4, 5), (4, 5), (6,)]
    assert [example.node for example in found] == [4, 5, 6]


def test_negated_elements_are_not_asked_for_and_the_number_can_be_limited() -> None:
    graph = SceneGraph(objects=tuple(SceneObject(f"o{i}", "cat", negated=i == 0) for i in range(5)))
    assert len(masked_examples([graph])[NodeKind.OBJECT]) == 4
    limited = masked_examples([graph] * 3, per_graph=2, seed=1)[NodeKind.OBJECT]
    assert [example.group for example in limited] == [0, 0, 1, 1, 2, 2]
    assert limited == masked_examples([graph] * 3, per_graph=2, seed=1)[NodeKind.OBJECT]


def test_shuffling_keeps_labels_and_loses_structure() -> None:
    examples = masked_examples(scenes(30, "train", 5))[NodeKind.RELATION]
    moved = 0
    for before, after in zip(examples, shuffled(examples), strict=True):
        assert after.node == before.node and after.answer == before.answer
        assert [e.id for e in before.graph.elements()] == [e.id for e in after.graph.elements()]
        moved += before.graph.relations != after.graph.relations
    assert moved > 0.9 * len(examples)
