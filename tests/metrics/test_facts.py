"""Facts of graphs: what is asserted, under which names, and what is not."""

from usg.graph import Attribute, Relation, SceneGraph, SceneObject
from usg.metrics import Facts, facts_of


def test_instances_of_one_label_are_one_name() -> None:
    graph = SceneGraph(
        objects=[SceneObject("a", "dog"), SceneObject("b", "dog"), SceneObject("c", "Grass")],
        attributes=[Attribute("d", "a", "large"), Attribute("e", "b", "small"), Attribute("f", "b", "large")],
        relations=[Relation("g", "a", "lie  on", "c"), Relation("h", "b", "lie on", "c")],
    )
    assert facts_of(graph) == Facts(
        frozenset({("dog",), ("grass",)}),
        frozenset({("dog", "large"), ("dog", "small")}),
        frozenset({("dog", "lie on", "grass")}),
    )


def test_what_is_negated_is_not_asserted() -> None:
    graph = SceneGraph(
        objects=[SceneObject("a", "dog"), SceneObject("b", "tv"), SceneObject("c", "cars", negated=True)],
        attributes=[Attribute("d", "a", "black", negated=True), Attribute("e", "c", "red")],
        relations=[
            Relation("f", "a", "watch", "b", negated=True),
            Relation("g", "a", "near", "c"),
            Relation("h", "a", "near", "b"),
        ],
    )
    assert facts_of(graph).all == {("dog",), ("tv",), ("dog", "near", "tv")}


def test_number_words_become_digits_in_values_only() -> None:
    graph = SceneGraph(
        objects=[SceneObject("a", "two story house"), SceneObject("b", "One")],
        attributes=[
            Attribute("c", "a", "Two", kind="count", number=2),
            Attribute("d", "a", "two story"),
            Attribute("e", "a", "12"),
        ],
    )
    assert facts_of(graph).attributes == {
        ("two story house", "2"),
        ("two story house", "two story"),
        ("two story house", "12"),
    }
    assert ("one",) in facts_of(graph).objects


def test_an_empty_graph_asserts_nothing() -> None:
    assert not facts_of(SceneGraph()).all
