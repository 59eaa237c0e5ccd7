"""The graph as a value: equality, hashing, pickling, look-up, and validation of what is built in Python."""

import copy
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from strategies import scene_graphs

from usg.graph import Attribute, Box, GraphError, Grounding, Relation, SceneGraph, SceneObject, Source, TextSpan

MAN, HORSE = SceneObject("m", "man"), SceneObject("h", "horse")


def riding(**changes: Any) -> SceneGraph:
    parts: dict[str, Any] = {
        "objects": (MAN, HORSE),
        "attributes": (Attribute("a", "h", "brown", kind="colour"),),
        "relations": (Relation("r", "m", "riding", "h"),),
    }
    return SceneGraph(**{**parts, **changes})


@given(scene_graphs())
def test_copies_are_equal(graph: SceneGraph) -> None:
    for other in (pickle.loads(pickle.dumps(graph)), copy.deepcopy(graph)):
        assert other == graph
        assert hash(other) == hash(graph)


def test_equality_counts_ids_order_and_metadata() -> None:
    assert riding() == riding()
    assert riding() != riding(objects=(HORSE, MAN))
    assert riding() != riding(metadata={"split": "iid"})
    assert riding() != riding(relations=(Relation("q", "m", "riding", "h"),))
    assert len({riding(), riding(), riding(metadata={"x": [1]})}) == 2


def test_a_graph_cannot_be_changed() -> None:
    graph = riding(metadata={"a": 1})
    with pytest.raises(FrozenInstanceError):
        graph.objects = ()  # type: ignore[misc]
    with pytest.raises(TypeError):
        graph.metadata["a"] = 2  # type: ignore[index]
    metadata = {"a": 1}
    graph = riding(metadata=metadata)
    metadata["a"] = 2
    assert graph.metadata["a"] == 1


def test_lists_are_taken_as_tuples() -> None:
    assert SceneGraph(objects=[MAN]) == SceneGraph(objects=(MAN,))  # type: ignore[arg-type]


def test_look_up() -> None:
    graph = riding(sources=(Source("s", "image"),))
    assert len(graph) == 2
    assert graph["a"] == graph.attributes[0]
    assert "r" in graph
    assert "x" not in graph
    assert graph.object("m") == MAN
    assert graph.source("s").modality == "image"
    assert graph.attributes_of("m") == []
    assert graph.attributes_of("h") == [graph.attributes[0]]
    assert graph.relations_of("h") == [graph.relations[0]]
    assert graph.triples == [("man", "riding", "horse")]
    for call in (
        lambda: graph["x"],
        lambda: graph.object("a"),
        lambda: graph.source("x"),
        lambda: graph.relations_of("r"),
    ):
        with pytest.raises(LookupError, match=r"in SceneGraph\(2 objects, 1 attributes, 1 relations, 1 sources\)"):
            call()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objects": (MAN, MAN), "attributes": (), "relations": ()}, "objects[1] 'm': id 'm' is used twice"),
        ({"attributes": (Attribute("m", "h", "brown"),)}, "attributes[0] 'm': id 'm' is used twice"),
        ({"attributes": (Attribute("a", "x", "brown"),)}, "attributes[0] 'a': object 'x' is not an object"),
        ({"attributes": (Attribute("a", "h", "brown", kind=""),)}, "attributes[0] 'a': kind is empty; leave it out"),
        (
            {"attributes": (Attribute("a", "h", "brown", time=(0, 1)),)},
            "attributes[0] 'a': time is tuple, expected Time",
        ),
        ({"relations": (Relation("r", "m", "", "h"),)}, "relations[0] 'r': predicate is empty"),
        ({"relations": (Relation("r", "m", "on", "h", score=1.5),)}, "relations[0] 'r': score 1.5 is not in [0, 1]"),
        ({"relations": (("m", "on", "h"),)}, "relations[0] is tuple, expected Relation"),
        ({"relations": (MAN,)}, "relations[0] is SceneObject, expected Relation"),
        ({"sources": ("a.png",)}, "sources[0] is str, expected Source"),
        ({"sources": (Source("", "image"),)}, "sources[0] '': id '' is not a non-empty string"),
        ({"metadata": [1]}, "metadata is list, expected a mapping"),
        (
            {"objects": (MAN, SceneObject("h", "horse", groundings=(Grounding("s"),)))},
            "objects[1] 'h'.groundings[0]: source 's' is not a source of the graph (it has none)",
        ),
        (
            {"objects": (MAN, SceneObject("h", "horse", groundings=[Grounding("s")]))},
            "objects[1] 'h': groundings are list, expected a tuple",
        ),
        (
            {"objects": (MAN, SceneObject("h", "horse", groundings=(Box(0, 0, 1, 1),)))},
            "objects[1] 'h'.groundings[0]: is Box, expected Grounding",
        ),
        (
            {
                "sources": (Source("s", "text", text="a horse"),),
                "objects": (MAN, SceneObject("h", "horse", groundings=(Grounding("s", TextSpan(((2, 8),))),))),
            },
            "objects[1] 'h'.groundings[0]: text span ends at 8, but the text has 7 code points",
        ),
        (
            {
                "sources": (Source("s", "image"),),
                "objects": (MAN, SceneObject("h", "horse", groundings=(Grounding("s", (0, 0, 1, 1)),))),
            },
            "objects[1] 'h'.groundings[0]: region is tuple, expected TextSpan, Box, Mask, Track or TimeSpan",
        ),
    ],
)
def test_what_is_wrong_is_located(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(GraphError) as error:
        riding(**changes)
    assert message in str(error.value)


def test_all_problems_are_listed() -> None:
    with pytest.raises(GraphError, match=r"\(and 2 more\)$") as error:
        SceneGraph(objects=[SceneObject(f"o{i}", "") for i in range(5)])
    assert len(error.value.problems) == 5
    assert pickle.loads(pickle.dumps(error.value)).problems == error.value.problems


def test_importing_the_graph_is_light() -> None:
    heavy = "torch", "networkx", "pyarrow", "matplotlib", "torch_geometric"
    code = f"import sys, usg.graph; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
