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
        moved += shuffled.attributes != graph.attributes
        assert shuffle_edges(graph, 3) == shuffled
    assert moved >= 18


def test_no_relation_of_an_object_with_itself():
    objects = [SceneObject(name, "ball") for name in "abc"]
    graph = SceneGraph(objects=objects, relations=[Relation("r", "a", "near", "b"), Relation("s", "b", "near", "c")])
    for seed in range(50):
        assert all(r.subject != r.object for r in shuffle_edges(graph, seed).relations)


def test_two_objects_and_one_relation_are_turned_around_half_of_the_time():
    objects = [SceneObject("a", "man"), SceneObject("b", "horse")]
    graph = SceneGraph(objects=objects, relations=[Relation("r", "a", "riding", "b")])
    turned = sum(shuffle_edges(graph, seed).relations[0].subject == "b" for seed in range(400))
    assert 150 < turned < 250


def test_one_object_alone():
    graph = SceneGraph(objects=[SceneObject("a", "man")], relations=[Relation("r", "a", "touching", "a")])
    assert shuffle_edges(graph, 0) == graph


def test_empty_graph():
    assert shuffle_edges(SceneGraph(), 0) == SceneGraph()
