"""Edits: what each does, that the old graph stays, and the JSON form."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import LABELS, scene_graphs

from usg.graph import (
    Add,
    Attribute,
    Box,
    Edit,
    GraphError,
    Grounding,
    Move,
    Recolour,
    Relation,
    Remove,
    Replace,
    Restyle,
    SceneGraph,
    SceneObject,
    Source,
    TextSpan,
    TimeSpan,
    apply,
    edit_from_dict,
    edit_to_dict,
)

GRAPH = SceneGraph(
    sources=(Source("i", "image", width=100, height=80), Source("t", "text", text="a man on a brown horse")),
    objects=(
        SceneObject("m", "man"),
        SceneObject(
            "h",
            "horse",
            score=0.9,
            groundings=(Grounding("i", Box(0, 0, 9, 9), "pony", 0.8), Grounding("t", TextSpan(((17, 22),)))),
        ),
    ),
    attributes=(
        Attribute("a", "h", "brown", "colour", score=0.5, groundings=(Grounding("t", TextSpan(((11, 16),))),)),
        Attribute("b", "h", "white", "colour", time=TimeSpan(0, 1)),
        Attribute("c", "h", "wet", "state", negated=True),
    ),
    relations=(Relation("r", "m", "on", "h"),),
)
EDITS: list[Edit] = [
    Add(SceneObject("d", "dog", groundings=(Grounding("i", Box(1, 1, 2, 2)),))),
    Add(Attribute("d1", "d", "red", kind="colour")),
    Add(Relation("d2", "d", "near", "h", time=TimeSpan(0, 1))),
    Replace("h", "zebra"),
    Move("h", "i", Box(5, 5, 20, 20)),
    Recolour("h", "pink"),
    Restyle("m", "texture", "knitted"),
    Remove("r"),
]


def test_add() -> None:
    graph = apply(GRAPH, EDITS[:3])
    assert len(graph.objects) == 3
    assert graph.attributes_of("d")[0].value == "red"
    assert graph.triples == [("man", "on", "horse"), ("dog", "near", "horse")]
    with pytest.raises(GraphError, match="id 'm' is used twice"):
        Add(SceneObject("m", "dog")).apply(GRAPH)
    with pytest.raises(GraphError, match="subject 'x' is not an object"):
        Add(Relation("q", "x", "near", "h")).apply(GRAPH)


def test_remove_takes_what_hangs_on_it() -> None:
    assert Remove("r").apply(GRAPH).relations == ()
    assert [a.id for a in Remove("a").apply(GRAPH).attributes] == ["b", "c"]
    without = Remove("h").apply(GRAPH)
    assert [element.id for element in without.elements()] == ["m"]
    assert without.sources == GRAPH.sources
    with pytest.raises(LookupError, match="no element has the id 'x'"):
        Remove("x").apply(GRAPH)


def test_replace_drops_what_the_sources_said_of_the_old_label() -> None:
    graph = Replace("h", "zebra").apply(GRAPH)
    assert graph["h"] == SceneObject("h", "zebra", groundings=(Grounding("i", Box(0, 0, 9, 9)),))
    assert graph.attributes == GRAPH.attributes
    assert Replace("r", "beside").apply(GRAPH).triples == [("man", "beside", "horse")]
    assert Replace("a", "grey").apply(GRAPH)["a"] == Attribute("a", "h", "grey", "colour")


def test_move() -> None:
    graph = Move("h", "i", Box(5, 5, 20, 20)).apply(GRAPH)
    assert graph.object("h").groundings == (
        Grounding("i", Box(5, 5, 20, 20), "pony", 0.8),
        Grounding("t", TextSpan(((17, 22),))),
    )
    assert Move("m", "i", Box(0, 0, 1, 1)).apply(GRAPH).object("m").groundings == (Grounding("i", Box(0, 0, 1, 1)),)
    with pytest.raises(LookupError, match="no source has the id 'x'"):
        Move("m", "x", Box(0, 0, 1, 1)).apply(GRAPH)
    with pytest.raises(LookupError, match="'a' is attribute, not an object"):
        Move("a", "i", Box(0, 0, 1, 1)).apply(GRAPH)


def test_recolour_leaves_one_colour() -> None:
    def colours(graph: SceneGraph, id: str) -> list[tuple[str, str]]:
        return [(a.id, a.value) for a in graph.attributes_of(id) if a.kind == "colour"]

    assert colours(Recolour("h", "pink").apply(GRAPH), "h") == [("a", "pink")]
    assert colours(Recolour("h", "white").apply(GRAPH), "h") == [("b", "white")]
    assert colours(Recolour("m", "pink").apply(GRAPH), "m") == [("m.colour", "pink")]
    assert Recolour("h", "white").apply(GRAPH)["b"] == Attribute("b", "h", "white", "colour")
    assert "c" in Recolour("h", "pink").apply(GRAPH)


def test_restyle_overrules_a_denial() -> None:
    graph = Restyle("h", "state", "wet").apply(GRAPH)
    assert [(a.id, a.value, a.negated) for a in graph.attributes if a.kind == "state"] == [("h.state", "wet", False)]
    taken = Add(Relation("m.colour", "m", "near", "h")).apply(GRAPH)
    assert Recolour("m", "pink").apply(taken).attributes_of("m")[0].id == "m.colour2"


def test_apply_leaves_the_old_graph() -> None:
    before = SceneGraph.from_dict(GRAPH.to_dict())
    after = apply(GRAPH, EDITS)
    assert before == GRAPH
    assert after != GRAPH
    assert apply(GRAPH, []) is GRAPH
    assert after.triples == [("dog", "near", "zebra")]


@pytest.mark.parametrize("edit", EDITS)
def test_json_form(edit: Edit) -> None:
    assert edit_from_dict(json.loads(json.dumps(edit_to_dict(edit)))) == edit


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"edit": "repaint", "id": "o"}, "edit 'repaint': unknown key 'repaint'"),
        ({}, "edit None: "),
        ({"edit": "remove"}, "edit 'remove': 'id' is missing"),
        ({"edit": "remove", "idd": "o"}, "edit 'remove': unknown key 'idd', did you mean 'id'?"),
        ({"edit": "remove", "id": 3}, "edit 'remove': id is 3, expected a string"),
        (
            {"edit": "add", "thing": {}},
            "edit 'add' has the keys ['thing'], expected one of object, attribute, relation",
        ),
        ({"edit": "add", "object": {"id": "o"}}, "'label' is missing"),
        ({"edit": "move", "id": "o", "source": "i", "region": {"box": [2, 0, 1, 1]}}, "box (2, 0, 1, 1) is inverted"),
    ],
)
def test_what_is_no_edit(data: Mapping[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as error:
        edit_from_dict(data)
    assert message in str(error.value)


@given(st.data())
def test_any_edit_of_any_graph_gives_a_valid_graph(data: st.DataObject) -> None:
    graph = data.draw(scene_graphs())
    elements = list(graph.elements())
    if not elements:
        return
    element = data.draw(st.sampled_from(elements))
    assert element.id not in Remove(element.id).apply(graph)
    label = data.draw(LABELS)
    replaced = Replace(element.id, label).apply(graph)
    assert [e.id for e in replaced.elements()] == [e.id for e in elements]
    if isinstance(element, SceneObject):
        values = Recolour(element.id, label).apply(graph).attributes_of(element.id)
        assert [a.value for a in values if a.kind == "colour" and not a.negated] == [label]
        assert not any(a.negated and a.value == label for a in values)
