"""usg.world.scene and what it is made of: determinism, splits, boxes that agree with what is said."""

import hashlib
import json
from collections import Counter

import pytest

from usg.world import DEFAULT, sample_scene, scenes
from usg.world.layout import IMAGE_SIZE
from usg.world.spatial import INVERSE, SPATIAL, number_shown
from usg.world.tables import BIGGER_RATIO, PARENT_IS_SUBJECT, SPLITS

GOLDEN = {
    "train": "cecb754b8458783c",
    "val": "9f4a9c980515c56f",
    "iid": "f7d9f5d4ab07a19c",
    "compose": "2e23eaadf9aecb51",
    "longer": "cdf792ee70508b5c",
}


def box(graph, name):
    return graph.object(name).groundings[0].region


def centre(region):
    return (region.x0 + region.x1) / 2, (region.y0 + region.y1) / 2


def structural(graph):
    """child -> parent"""
    found = {}
    for relation in graph.relations:
        if relation.predicate in DEFAULT.roles:
            ends = (relation.object, relation.subject)
            child, parent = ends if relation.predicate in PARENT_IS_SUBJECT else ends[::-1]
            found[child] = parent
    return found


def root(parents, name):
    while name in parents:
        name = parents[name]
    return name


def combinations(graph):
    """The (label, colour) pairs and (role, child, parent) triples of a scene, as words."""
    pairs = {(graph.object(a.object).label, a.value) for a in graph.attributes if a.kind == "colour"}
    triples = set()
    for relation in graph.relations:
        if relation.predicate in DEFAULT.roles:
            ends = (graph.object(relation.object).label, graph.object(relation.subject).label)
            ends = ends if relation.predicate in PARENT_IS_SUBJECT else ends[::-1]
            triples.add((relation.predicate, *ends))
    return pairs, triples


def heldout():
    pairs, triples = DEFAULT.heldout_sets
    return (
        {(DEFAULT.labels[label], DEFAULT.colours[colour]) for label, colour in pairs},
        {(DEFAULT.roles[role], DEFAULT.labels[child], DEFAULT.labels[parent]) for role, child, parent in triples},
    )


def digest(graph):
    """A checksum of everything a scene says, boxes to the hundredth of a pixel."""
    facts = [
        [(o.id, o.label, box(graph, o.id).xyxy) for o in graph.objects],
        [(a.object, a.kind, a.value) for a in graph.attributes],
        [(r.subject, r.predicate, r.object) for r in graph.relations],
        [s.text for s in graph.sources],
        dict(graph.metadata),
    ]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


@pytest.mark.parametrize("split", SPLITS)
def test_scenes_are_the_same_on_every_machine(split):
    graph = sample_scene(split, 7, 3, captions=3, questions=6, referring=2)
    assert digest(graph) == GOLDEN[split]


def test_a_scene_is_made_without_the_scenes_before_it():
    assert list(scenes(5, "iid", 1))[4] == sample_scene("iid", 1, 4) == next(scenes(1, "iid", 1, start=4))


def test_seed_split_and_index_all_count():
    found = {digest(sample_scene(split, seed, i)) for split in ("train", "iid") for seed in (0, 1) for i in (0, 1)}
    assert len(found) == 8


def test_language_does_not_change_the_scene():
    plain, full = sample_scene("train", 0, 5), sample_scene("train", 0, 5, captions=2, questions=2, referring=2)
    assert [o.label for o in full.objects] == [o.label for o in plain.objects]
    assert full.triples == plain.triples
    assert full.metadata["questions"] == sample_scene("train", 0, 5, questions=2).metadata["questions"]


@pytest.mark.parametrize("split", SPLITS)
def test_every_object_has_one_colour_size_texture_and_at_most_one_state(split):
    fewest, most = DEFAULT.objects[split]
    for graph in scenes(40, split, 0):
        assert fewest <= len(graph.objects) <= most
        assert len(graph.relations) <= DEFAULT.max_relations
        for obj in graph.objects:
            kinds = Counter(a.kind for a in graph.attributes_of(obj.id))
            assert kinds.pop("state", 0) <= 1
            assert kinds == {"colour": 1, "size": 1, "texture": 1}


@pytest.mark.parametrize("split", SPLITS)
def test_relations_are_few_one_a_pair_and_their_number_tells_nothing_else(split):
    for graph in scenes(40, split, 1):
        pairs = [frozenset((r.subject, r.object)) for r in graph.relations]
        assert len(set(pairs)) == len(pairs)
        linked = len(structural(graph))
        shown = sum(r.predicate in SPATIAL for r in graph.relations)
        assert shown == number_shown(len(graph.objects), linked, DEFAULT.max_relations)


@pytest.mark.parametrize("split", SPLITS)
def test_boxes_are_inside_the_image(split):
    for graph in scenes(150, split, 2):
        for obj in graph.objects:
            region = box(graph, obj.id)
            assert 0 <= region.x0 < region.x1 <= IMAGE_SIZE, (graph.metadata["index"], obj)
            assert 0 <= region.y0 < region.y1 <= IMAGE_SIZE, (graph.metadata["index"], obj)


@pytest.mark.parametrize("split", SPLITS)
def test_boxes_agree_with_every_relation_shown(split):
    seen = Counter()
    for graph in scenes(150, split, 3):
        parents, depth = structural(graph), graph.metadata["depth"]
        number = {obj.id: i for i, obj in enumerate(graph.objects)}

        def flies(name, graph=graph, parents=parents):
            return name not in parents and DEFAULT.airborne[DEFAULT.labels.index(graph.object(name).label)]

        for relation in graph.relations:
            predicate, subject, other = relation.predicate, relation.subject, relation.object
            if predicate in ("right of", "behind", "below", "smaller than"):
                predicate, subject, other = INVERSE[predicate], other, subject
            one, two = box(graph, subject), box(graph, other)
            (x, y), (u, v) = centre(one), centre(two)
            seen[predicate] += 1
            if predicate == "left of":
                assert x < u
            elif predicate == "in front of":
                first, second = root(parents, subject), root(parents, other)
                assert first != second
                assert depth[number[subject]] < depth[number[other]]
                # Nearer things stand lower; the flying are seen by their shadow, which has no box.
                if flies(first) == flies(second) and not flies(first):
                    assert box(graph, first).y1 > box(graph, second).y1
            elif predicate == "above":
                assert flies(subject)
                assert not flies(other)
                assert y < v
            elif predicate == "bigger than":
                assert one.area >= 0.99 * BIGGER_RATIO**2 * two.area
            elif predicate == "next to":
                assert abs(x - u) <= 41
            elif predicate in ("holding", "riding", "in"):
                assert one.x0 < two.x1 and two.x0 < one.x1
                assert one.y0 < two.y1 and two.y0 < one.y1
            elif predicate == "wearing":
                assert two.y0 < one.y0 < two.y1
            else:
                assert predicate in ("on", "sitting on")
                assert two.y0 - 0.02 <= one.y1 <= two.y1
                assert two.x0 - 1 <= x <= two.x1 + 1
    assert {"left of", "in front of", "bigger than", "on"} <= set(seen)


def test_held_out_combinations_are_in_every_compose_scene_and_in_no_other():
    pairs, triples = heldout()
    for split in SPLITS:
        for graph in scenes(150, split, 4):
            there = combinations(graph)
            assert bool(there[0] & pairs or there[1] & triples) == (split == "compose")


def test_wrong_use_is_told():
    with pytest.raises(LookupError, match="did you mean 'longer'"):
        sample_scene("long", 0, 0)
    with pytest.raises(ValueError, match="must not be negative"):
        sample_scene("train", -1, 0)
    with pytest.raises(ValueError, match="captions is -1"):
        sample_scene("train", 0, 0, captions=-1)
