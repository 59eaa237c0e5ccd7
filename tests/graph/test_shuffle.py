from collections import Counter

from usg.graph import Relation, SceneGraph, SceneObject
from usg.graph.shuffle import shuffle_edges
from usg.world import scenes


def test_only_structure_is_lost():
    moved = 0
    for graph in scenes(20, "train", 5):
        shuffled = shuffle_edges(graph, 3)
        assert [e.id for e in shuffled.elements()] == [e.id for e in graph.elements()]
        assert shuffled.objects == graph.objects
        assert [a.value for a in shuffled.attributes] == [a.value for a in graph.attributes]
        assert [r.predicate for r in shuffled.relations] == [r.predicate for r in graph.relations]
        for end in ("subject", "object"):
            assert Counter(getattr(r, end) for r in shuffled.relations) == Counter(
                getattr(r, end) for r in graph.relations
            )
        owners = Counter(a.object for a in graph.attributes)
        assert Counter(a.object for a in shuffled.attributes) == owners
        moved += shuffled.attributes != graph.attributes
        assert shuffle_edges(graph, 3) == shuffled
    assert moved == 20


def test_no_relation_of_an_object_with_itself():
    objects = [SceneObject(name, "ball") for name in "abc"]
    graph = SceneGraph(objects=objects, relations=[Relation("r", "a", "near", "b"), Relation("s", "b", "near", "c")])
    for seed in range(50):
        assert all(r.subject != r.object for r in shuffle_edges(graph, seed).relations)


def test_empty_graph():
    assert shuffle_edges(SceneGraph(), 0) == SceneGraph()
