import numpy as np
import pytest

from usg import world
from usg.graph import Attribute, Grounding, Relation, SceneGraph, SceneObject, Source, TextSpan
from usg.pretrain.hard_negatives import hard_negative


def said(start, end):
    return (Grounding("t", TextSpan([(start, end)])),)


SCENE = SceneGraph(
    sources=[Source("t", "text", text="a red cup on a box"), Source("u", "text", text="something else")],
    objects=[SceneObject("a", "cup", groundings=said(6, 9)), SceneObject("b", "box", groundings=said(15, 18))],
    attributes=[Attribute("x", "a", "red", "colour", groundings=said(2, 5)), Attribute("y", "b", "blue", "colour")],
    relations=[Relation("r", "a", "on", "b", groundings=said(10, 12)), Relation("s", "b", "next to", "a")],
)  # fmt: skip


def edits(graph, source="t", count=80):
    return [hard_negative(graph, source, np.random.default_rng(seed)) for seed in range(count)]


def test_each_edit_takes_away_what_the_text_says():
    """And nothing but that: the three kinds, each as often as the others."""
    kinds = []
    for edited in edits(SCENE):
        values = [one.value for one in edited.attributes]
        if edited.relations == SCENE.relations:
            assert values == ["blue", "red"]
            kinds.append("attributes")
        else:
            assert edited.attributes == SCENE.attributes
            assert edited.relations[1:] == SCENE.relations[1:]
            assert edited.triples[0] in [("box", "on", "cup"), ("cup", "next to", "box")]
            kinds.append(edited.triples[0][1])
    assert all(15 < kinds.count(kind) < 40 for kind in ("attributes", "on", "next to"))


@pytest.mark.parametrize(
    "graph",
    [
        SceneGraph(SCENE.sources[:1], SCENE.objects),  # nothing to edit
        SceneGraph(  # it stays true of the other cup
            SCENE.sources[:1],
            [SceneObject("a", "cup"), SceneObject("b", "cup")],
            [Attribute("x", "a", "red"), Attribute("y", "b", "blue")],
        ),
        SceneGraph(SCENE.sources[:1], SCENE.objects, relations=[Relation("s", "b", "next to", "a")]),  # symmetric
        SceneGraph(SCENE.sources[:1], SCENE.objects, relations=[Relation("s", "b", "on", "a", negated=True)]),
    ],
)
def test_nothing_where_every_edit_leaves_the_text_true(graph):
    assert edits(graph, count=9) == [None] * 9


def test_what_a_text_says_is_what_is_grounded_in_it_or_all_if_it_is_the_only_one():
    assert edits(SCENE, "u", 9) == [None] * 9
    bare = SceneGraph([SCENE.sources[1]], SCENE.objects[:0], SCENE.attributes[:0])
    assert hard_negative(bare, "u", np.random.default_rng(0)) is None
    only = SceneGraph([Source("u", "text", text="x")], [SceneObject("a", "man"), SceneObject("b", "dog")],
                      relations=[Relation("r", "a", "feed", "b")])  # fmt: skip
    assert {edited.triples[0] for edited in edits(only, "u", 9)} == {("dog", "feed", "man")}


def test_captions_of_the_world_mostly_have_one():
    scenes = list(world.scenes(20, "train", 0, captions=2))
    found = [hard_negative(scene, "caption0", np.random.default_rng(0)) for scene in scenes]
    assert sum(edited is not None for edited in found) >= 15
    for scene, edited in zip(scenes, found, strict=True):
        if edited is not None:
            assert [one.label for one in edited.objects] == [one.label for one in scene.objects]
            assert edited != scene
