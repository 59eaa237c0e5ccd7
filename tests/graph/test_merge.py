"""Merge: the rule on worked examples, and its properties on random graphs."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import renamed, scene_graphs

from usg.graph import (
    Attribute,
    Box,
    Grounding,
    Relation,
    SceneGraph,
    SceneObject,
    Source,
    TextSpan,
    TimeSpan,
    isomorphic,
    merge,
    rename,
)
from usg.graph.merge_evidence import Pairing, iou


def graph(labels: str, attributes: str = "", relations: str = "", kind: str | None = "colour") -> SceneGraph:
    """`graph("man dog", "0:red", "0 riding 1")`: objects by place, attributes and relations by the places."""
    said = [item.split(":") for item in attributes.split()]
    facts = [item.split() for item in relations.split(",") if item.strip()]
    return SceneGraph(
        (),
        tuple(SceneObject(f"o{i}", label) for i, label in enumerate(labels.split())),
        tuple(Attribute(f"a{i}", f"o{owner}", value, kind) for i, (owner, value) in enumerate(said)),
        tuple(Relation(f"r{i}", f"o{a}", p, f"o{b}") for i, (a, p, b) in enumerate(facts)),
    )


def summary(merged: SceneGraph) -> list[str]:
    """Each object as "red dog"."""
    return [" ".join([*(a.value for a in merged.attributes_of(obj.id)), obj.label]) for obj in merged.objects]


def boxed(graph: SceneGraph, *boxes: tuple[float, float, float, float]) -> SceneGraph:
    """The graph with a box in one image for each object."""
    objects = [
        SceneObject(obj.id, obj.label, groundings=(Grounding("image", Box(*box)),))
        for obj, box in zip(graph.objects, boxes, strict=True)
    ]
    return SceneGraph((Source("image", "image", uri="a.png"),), tuple(objects), graph.attributes, graph.relations)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (graph("dog"), graph("dog"), ["dog"]),
        (graph("dog"), graph("cat"), ["dog", "cat"]),
        (graph("dog dog"), graph("dog"), ["dog", "dog"]),
        (graph("dog"), graph("dog dog"), ["dog", "dog"]),
        (graph("dog", "0:red"), graph("dog", "0:blue"), ["red dog", "blue dog"]),
        (graph("dog", "0:red"), graph("dog", "0:wet", kind="state"), ["red wet dog"]),
        (graph("dog", "0:black 0:white"), graph("dog", "0:white"), ["black white dog"]),
        # Without a kind nothing can contradict.
        (graph("dog", "0:red", kind=None), graph("dog", "0:blue", kind=None), ["red blue dog"]),
        # The shared colour decides which of two dogs it is.
        (graph("dog dog", "0:red 1:blue"), graph("dog", "0:blue"), ["red dog", "blue dog"]),
        (graph("dog dog", "1:red"), graph("dog dog", "0:red 1:blue"), ["blue dog", "red dog"]),
    ],
)
def test_which_objects_are_joined(left: SceneGraph, right: SceneGraph, expected: list[str]) -> None:
    assert summary(merge([left, right])) == expected


def test_relations_decide() -> None:
    left = graph("man man horse dog", relations="0 riding 2, 1 walking 3")
    right = graph("dog man", relations="1 walking 0")
    merged = merge([left, right])
    assert merged == left
    # Which of the two horses it is follows from the rider, who is known by his colour.
    left = graph("man man horse horse", "0:red 1:blue", "0 riding 2, 1 riding 3")
    right = graph("horse man horse", "1:blue", "1 riding 0")
    assert merge([left, right]).triples == left.triples


def test_boxes_decide() -> None:
    left = boxed(graph("car car"), (0, 0, 10, 10), (50, 0, 60, 10))
    right = boxed(graph("car car"), (51, 0, 61, 10), (90, 0, 99, 10))
    merged = merge([left, right])
    assert [obj.id for obj in merged.objects] == ["o0", "o1", "g1.o1"]
    assert [len(obj.groundings) for obj in merged.objects] == [1, 2, 1]
    assert len(merge([left, right], min_iou=0.0).objects) == 2
    assert len(merge([left, right], min_iou=0.95).objects) == 4


def test_boxes_of_different_images_do_not_decide() -> None:
    left = boxed(graph("car"), (0, 0, 10, 10))
    right = SceneGraph((Source("image", "image", uri="b.png"),), boxed(graph("car"), (50, 0, 60, 10)).objects)
    merged = merge([left, right])
    assert [source.id for source in merged.sources] == ["image", "g1.image"]
    assert [grounding.source for grounding in merged.objects[0].groundings] == ["image", "g1.image"]


def test_negation() -> None:
    no_dog = SceneGraph(objects=(SceneObject("o0", "dog", negated=True),))
    assert len(merge([graph("dog"), no_dog]).objects) == 2
    assert len(merge([no_dog, no_dog]).objects) == 1
    not_red = SceneGraph(objects=(SceneObject("o0", "dog"),), attributes=(Attribute("a0", "o0", "red", negated=True),))
    assert len(merge([graph("dog", "0:red"), not_red]).objects) == 2


def test_states_at_different_times_do_not_contradict() -> None:
    def at(value: str, start: float, end: float) -> SceneGraph:
        state = Attribute("a", "o", value, kind="state", time=TimeSpan(start, end))
        return SceneGraph(objects=(SceneObject("o", "man"),), attributes=(state,))

    assert len(merge([at("sitting", 0, 2), at("standing", 2, 3)]).objects) == 1
    assert len(merge([at("sitting", 0, 2), at("standing", 1, 3)]).objects) == 2


def test_what_is_said_twice_is_one_with_both_groundings() -> None:
    def caption(id: str, text: str, score: float, kind: str | None) -> SceneGraph:
        at = text.index("red")
        said = (Grounding(id, TextSpan(((at, at + 3),))),)
        return SceneGraph(
            (Source(id, "text", text=text),),
            (SceneObject("o", "dog", score=score),),
            (Attribute("a", "o", "red", kind, groundings=said),),
        )

    merged = merge([caption("c", "a red dog", 0.5, None), caption("c", "the dog is red", 0.7, "colour")])
    assert [source.id for source in merged.sources] == ["c", "g1.c"]
    assert merged.objects == (SceneObject("o", "dog", score=0.7),)
    assert merged.attributes == (
        Attribute(
            "a",
            "o",
            "red",
            "colour",
            groundings=(Grounding("c", TextSpan(((2, 5),))), Grounding("g1.c", TextSpan(((11, 14),)))),
        ),
    )


def test_equal_sources_are_one() -> None:
    text = SceneGraph((Source("a", "text", text="a dog"),))
    assert merge([text, rename(text, sources={"a": "b"})]).sources == text.sources
    # Two images that nobody named may be two images.
    image = SceneGraph((Source("a", "image"),))
    assert len(merge([image, rename(image, sources={"a": "b"})]).sources) == 2


def test_ids_are_kept_and_prefixed_where_they_clash() -> None:
    left = graph("man")
    right = SceneGraph(
        objects=(SceneObject("o0", "dog"), SceneObject("g1.o0", "cat"), SceneObject("x", "man")),
        relations=(Relation("r", "o0", "near", "x"),),
    )
    merged = merge([left, right, right])
    assert {obj.id: obj.label for obj in merged.objects} == {"o0": "man", "g1.g1.o0": "dog", "g1.o0": "cat"}
    assert merged.triples == [("dog", "near", "man")]


def test_metadata_is_united_and_the_first_stays() -> None:
    merged = merge([SceneGraph(metadata={"a": 1, "b": 2}), SceneGraph(metadata={"b": 3, "c": 4})])
    assert merged.metadata == {"a": 1, "b": 2, "c": 4}


def test_wrong_use() -> None:
    with pytest.raises(ValueError, match="nothing to merge; give at least one graph"):
        merge([])
    with pytest.raises(ValueError, match=r"min_iou is 2, expected a number in \[0, 1\]"):
        merge([graph("dog")], min_iou=2)


@given(scene_graphs())
def test_a_graph_merged_with_itself_is_itself(graph: SceneGraph) -> None:
    assert merge([graph]) == graph
    assert merge([graph, graph]) == graph
    assert merge([graph, SceneGraph()]) == graph
    assert isomorphic(merge([SceneGraph(), graph]), graph)


def statements(graph: SceneGraph) -> Counter[tuple[str, bool]]:
    return Counter((obj.label, obj.negated) for obj in graph.objects)


@given(scene_graphs(), scene_graphs())
def test_sizes(left: SceneGraph, right: SceneGraph) -> None:
    merged = merge([left, right])
    # One-to-one: of each label there are at least as many as in either graph, and at most as many as in both.
    assert statements(left) | statements(right) <= statements(merged) <= statements(left) + statements(right)
    for name in ("sources", "attributes", "relations"):
        sizes = len(getattr(left, name)), len(getattr(right, name))
        assert max(sizes) <= len(getattr(merged, name)) <= sum(sizes)
    # The left keeps its ids and its order.
    assert [obj.id for obj in merged.objects[: len(left.objects)]] == [obj.id for obj in left.objects]


@given(scene_graphs(grounded=False), scene_graphs(grounded=False))
def test_joins_are_one_to_one_and_without_contradiction(left: SceneGraph, right: SceneGraph) -> None:
    joined = Pairing(left, right, list(right.objects), min_iou=0.3).best()
    assert len(set(joined.values())) == len(joined)
    for b, a in joined.items():
        assert (left.object(a).label, left.object(a).negated) == (right.object(b).label, right.object(b).negated)
        for kind in ("colour", "size", "state"):
            values = [
                {x.value for x in attributes if x.kind == kind and not x.negated and x.time is None}
                for attributes in (left.attributes_of(a), right.attributes_of(b))
            ]
            timed = any(x.time for x in left.attributes_of(a) + right.attributes_of(b))
            assert timed or not all(values) or values[0] & values[1]


@given(st.data())
def test_everything_that_was_said_is_said(data: st.DataObject) -> None:
    left = data.draw(scene_graphs(grounded=False, metadata=False))
    right = data.draw(scene_graphs(grounded=False, metadata=False))
    merged = merge([left, right])
    for part in (left, right):
        assert set(part.triples) <= set(merged.triples)
        assert {(part.object(a.object).label, a.value) for a in part.attributes} <= {
            (merged.object(a.object).label, a.value) for a in merged.attributes
        }


@given(st.data())
def test_with_labels_that_tell_objects_apart_merging_is_exact(data: st.DataObject) -> None:
    drawn = data.draw(scene_graphs(grounded=False, metadata=False))
    objects = tuple(replace(obj, label=f"object {i}") for i, obj in enumerate(drawn.objects))
    graph = replace(drawn, objects=objects)
    assert isomorphic(merge([graph, data.draw(renamed(graph))]), graph, scores=False)


def test_many_equal_objects() -> None:
    # A crowd: every pair may be joined, and the assignment finds the one in which each keeps his place.
    boxes = [(10.0 * i, 0.0, 10.0 * i + 10, 30.0) for i in range(25)]
    crowd = boxed(graph(" ".join(["person"] * 25)), *boxes)
    moved = boxed(graph(" ".join(["person"] * 25)), *[(x0 + 1, y0, x1 + 1, y1) for x0, y0, x1, y1 in reversed(boxes)])
    merged = merge([crowd, moved], min_iou=0.0)
    assert len(merged.objects) == 25
    for obj in merged.objects:
        first, second = (grounding.region for grounding in obj.groundings)
        assert isinstance(first, Box)
        assert isinstance(second, Box)
        assert iou(first, second) > 0.5
