"""usg.world.posterior: exact, by Monte Carlo on a small world and by calibration on the real one."""

import math
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from small import small_world

from usg.graph.elements import Attribute, SceneObject
from usg.graph.scene_graph import SceneGraph
from usg.world import DEFAULT, posterior_attribute, posterior_object, scenes
from usg.world.draw import draw_facts, uniforms
from usg.world.scene import to_graph
from usg.world.spatial import GEOMETRIC, INVERSE


def sampled(priors, split, n, seed):
    uniform = uniforms(np.random.default_rng(seed))
    for _ in range(n):
        yield to_graph(draw_facts(priors, split, uniform), priors, uniform, {"split": split})


def look(graph, obj):
    return tuple(sorted((a.kind, a.value) for a in graph.attributes_of(obj.id)))


def coarse(subject, predicate, other):
    """A relation with its ends in order, and all geometric predicates as one: which of them it is says nothing."""
    if predicate in GEOMETRIC:
        return (min(subject, other), "geometric", max(subject, other))
    if predicate in INVERSE and subject > other:
        return (other, INVERSE[predicate], subject)
    return (subject, predicate, other)


def observation(graph, masked):
    """All that counts when one object's label is masked, the order of the objects forgotten."""
    others = [o for o in graph.objects if o.id != masked]
    best = None
    for order in permutations(others):
        place = {masked: 0} | {o.id: k + 1 for k, o in enumerate(order)}
        seen = (
            look(graph, graph.object(masked)),
            tuple((o.label, look(graph, o)) for o in order),
            tuple(sorted(coarse(place[r.subject], r.predicate, place[r.object]) for r in graph.relations)),
        )
        best = seen if best is None else min(best, seen)
    return best


def agreement(counts, predicted, least):
    """(chi-square - degrees of freedom) / its standard deviation, pooled over the observations seen often enough."""
    chi, freedom, used = 0.0, 0, 0
    for seen, found in counts.items():
        n = sum(found.values())
        if n < least:
            continue
        used += n
        for name, p in predicted[seen].items():
            if p == 0:
                assert found[name] == 0, (seen, name)
            elif n * p >= 2:
                chi += (found[name] - n * p) ** 2 / (n * p * (1 - p) + 1e-12) if p < 1 else 0.0
                freedom += p < 1
    # Each term has mean one and variance about two.
    return (chi - freedom) / math.sqrt(2 * freedom), freedom, used


@pytest.mark.parametrize(("split", "relations"), [("train", 1), ("compose", 1)])
def test_object_posterior_equals_rejection_sampling(split, relations):
    priors = small_world(max_relations=relations)
    counts, predicted = defaultdict(Counter), {}
    for graph in sampled(priors, split, 10_000, seed=relations):
        for obj in graph.objects:
            seen = observation(graph, obj.id)
            counts[seen][obj.label] += 1
            if seen not in predicted:
                predicted[seen] = posterior_object(graph, obj.id, priors)
    score, freedom, used = agreement(counts, predicted, least=30)
    assert freedom > 50
    assert used > 5_000
    assert abs(score) < 4.5, (score, freedom, used)
    assert any(r[1] == "geometric" for seen in counts if sum(counts[seen].values()) >= 30 for r in seen[2])
    assert any(r[1] == "above" for seen in counts if sum(counts[seen].values()) >= 30 for r in seen[2])


def test_which_geometric_predicate_is_shown_says_nothing():
    priors, found = small_world(objects=(2, 2)), {}
    for graph in sampled(priors, "train", 500, seed=4):
        seen = observation(graph, "o0")
        posterior = posterior_object(graph, "o0", priors)
        assert posterior == pytest.approx(found.setdefault(seen, posterior), rel=1e-12)


@pytest.mark.parametrize("split", ["train", "compose"])
def test_attribute_posterior_equals_rejection_sampling(split):
    priors = small_world(objects=(2, 2))
    counts, predicted = defaultdict(Counter), {}
    for graph in sampled(priors, split, 6_000, seed=5):
        for attribute in graph.attributes:
            if attribute.kind == "texture":
                continue
            hidden = replace(
                graph, attributes=tuple(replace(a, value="?") if a is attribute else a for a in graph.attributes)
            )
            seen = (attribute.kind, graph.object(attribute.object).label, observation(hidden, attribute.object))
            counts[seen][attribute.value] += 1
            if seen not in predicted:
                predicted[seen] = posterior_attribute(graph, attribute.id, priors)
    score, freedom, used = agreement(counts, predicted, least=30)
    assert freedom > 50
    assert used > 5_000
    assert abs(score) < 4.5, (score, freedom, used)


def test_object_posterior_without_its_attributes_is_the_mean_over_them():
    # P(l | rest) = sum over values of P(values | rest) P(l | values, rest): compare by sampling on the small world.
    priors = small_world(objects=(2, 2))
    counts, predicted = defaultdict(Counter), {}
    for graph in sampled(priors, "train", 5_000, seed=9):
        for obj in graph.objects:
            hidden = replace(
                graph,
                attributes=tuple(replace(a, value="?") if a.object == obj.id else a for a in graph.attributes),
            )
            seen = observation(hidden, obj.id)
            counts[seen][obj.label] += 1
            if seen not in predicted:
                predicted[seen] = posterior_object(graph, obj.id, priors, attributes=False)
    score, freedom, _ = agreement(counts, predicted, least=30)
    assert freedom > 50
    assert abs(score) < 4.5, (score, freedom)


@pytest.mark.parametrize("split", ["iid", "compose", "longer"])
def test_the_real_posterior_is_calibrated(split):
    bins = defaultdict(list)
    for graph in scenes(150, split, 11):
        for obj in graph.objects:
            posterior = posterior_object(graph, obj.id)
            guess = max(posterior, key=posterior.__getitem__)
            bins[min(int(posterior[guess] * 5), 4)].append((posterior[guess], guess == obj.label))
        for attribute in graph.attributes:
            posterior = posterior_attribute(graph, attribute.id)
            guess = max(posterior, key=posterior.__getitem__)
            bins["attribute"].append((posterior[guess], guess == attribute.value))
    for name, pairs in bins.items():
        believed, right = np.array(pairs, dtype=float).T
        error = math.sqrt(max((believed * (1 - believed)).sum(), 1.0)) / len(pairs)
        assert abs(believed.mean() - right.mean()) < 4 * error, (name, believed.mean(), right.mean(), len(pairs))


def test_the_masked_label_and_value_are_not_read():
    for graph in scenes(10, "iid", 12):
        obj, attribute = graph.objects[0], graph.attributes[1]
        nonsense = SceneObject(obj.id, "zyzzyva", groundings=obj.groundings)
        changed = replace(graph, objects=(nonsense, *graph.objects[1:]))
        assert posterior_object(changed, obj.id) == posterior_object(graph, obj.id)
        values = tuple(
            Attribute(a.id, a.object, "zyzzyva", kind=a.kind) if a.id == attribute.id else a for a in graph.attributes
        )
        changed = replace(graph, attributes=values)
        assert posterior_attribute(changed, attribute.id) == posterior_attribute(graph, attribute.id)


def test_boxes_and_latents_are_not_read():
    for graph in scenes(10, "iid", 13):
        bare = SceneGraph(
            objects=tuple(replace(o, groundings=()) for o in graph.objects),
            attributes=graph.attributes,
            relations=graph.relations,
            metadata={"split": "iid"},
        )
        assert posterior_object(bare, "o0") == posterior_object(graph, "o0")


def test_other_evidence_is_read():
    for graph in scenes(5, "iid", 14):
        fewer = replace(graph, relations=(), attributes=graph.attributes[:-1])
        assert posterior_object(fewer, "o0") != posterior_object(graph, "o0")


def test_held_out_colours_are_impossible_in_iid_and_certain_where_compose_has_nothing_else():
    pairs = {(DEFAULT.labels[i], DEFAULT.colours[c]) for i, c in DEFAULT.heldout_sets[0]}
    for graph in scenes(40, "iid", 15):
        attribute = next(a for a in graph.attributes if a.kind == "colour")
        label = graph.object(attribute.object).label
        posterior = posterior_attribute(graph, attribute.id)
        assert all(posterior[colour] == 0 for held, colour in pairs if held == label)


def test_wrong_use_is_told():
    graph = next(scenes(1, "iid", 0))
    with pytest.raises(LookupError, match="o99"):
        posterior_object(graph, "o99")
    with pytest.raises(LookupError, match="not an attribute"):
        posterior_attribute(graph, "o0")
    strange = SceneGraph(objects=(SceneObject("a", "cup"), SceneObject("b", "griffin")))
    with pytest.raises(LookupError, match="unknown label 'griffin'"):
        posterior_object(strange, "a")
