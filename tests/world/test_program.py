"""usg.world.program: the interpreter, its types and its errors."""

import pytest

from usg.graph.elements import Attribute, Relation, SceneObject
from usg.graph.scene_graph import SceneGraph
from usg.world.program import ProgramError, Step, View, answer, check, depth, members

GRAPH = SceneGraph(
    objects=(
        SceneObject("man", "man"),
        SceneObject("red", "cup"),
        SceneObject("blue", "cup"),
        SceneObject("table", "table"),
        SceneObject("dog", "dog", negated=True),
    ),
    attributes=(
        Attribute("a0", "red", "red", kind="colour"),
        Attribute("a1", "blue", "blue", kind="colour"),
        Attribute("a2", "table", "red", kind="colour"),
        Attribute("a3", "red", "small", kind="size"),
        Attribute("a4", "blue", "small", kind="size"),
        Attribute("a5", "man", "tall"),
    ),
    relations=(
        Relation("r0", "man", "holding", "red"),
        Relation("r1", "blue", "on", "table"),
        Relation("r2", "red", "on", "table", negated=True),
        Relation("r3", "man", "behind", "table"),
        Relation("r4", "man", "seeing", "dog"),
    ),
)


def ask(*steps):
    """Steps as (function, arguments); each takes the step before it, or the inputs given as third entry."""
    program = []
    for number, (function, *rest) in enumerate(steps):
        arguments = rest[0] if rest else ()
        inputs = rest[1] if len(rest) > 1 else (() if function == "scene" else (number - 1,))
        program.append(Step(function, inputs, arguments))
    return answer(program, GRAPH)


def the(label):
    return (("scene",), ("filter_label", (label,)), ("unique",))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((("scene",), ("count",)), "4"),
        ((("scene",), ("filter", ("colour", "red")), ("count",)), "2"),
        ((("scene",), ("filter", ("colour", "green")), ("exist",)), "no"),
        ((("scene",), ("filter", ("attribute", "tall")), ("exist",)), "yes"),
        ((("scene",), ("filter_label", ("dog",)), ("exist",)), "no"),
        (
            (("scene",), ("filter", ("colour", "red")), ("filter_label", ("cup",)), ("unique",), ("query", ("size",))),
            "small",
        ),
        ((*the("table"), ("relate", ("on", "subject")), ("unique",), ("query", ("colour",))), "blue"),
        ((*the("man"), ("relate", ("holding", "object")), ("unique",), ("query", ("label",))), "cup"),
        ((*the("man"), ("relate", ("holding", "subject")), ("count",)), "0"),
        ((*the("man"), ("relate", ("seeing", "object")), ("exist",)), "no"),
        ((*the("table"), ("same", ("colour",)), ("unique",), ("query", ("label",))), "cup"),
        (
            (
                ("scene",),
                ("filter_label", ("cup",)),
                ("filter", ("colour", "blue")),
                ("unique",),
                ("same", ("label",)),
                ("count",),
            ),
            "1",
        ),
    ],
)
def test_answers(steps, expected):
    assert ask(*steps) == expected


@pytest.mark.parametrize(("function", "expected"), [("greater", "yes"), ("less", "no"), ("equal_integer", "no")])
def test_numbers_are_compared(function, expected):
    cups = [Step("scene"), Step("filter_label", (0,), ("cup",)), Step("count", (1,))]
    tables = [Step("scene"), Step("filter_label", (3,), ("table",)), Step("count", (4,))]
    assert answer([*cups, *tables, Step(function, (2, 5))], GRAPH) == expected


@pytest.mark.parametrize(("function", "expected"), [("union", "3"), ("intersect", "1")])
def test_sets_are_combined(function, expected):
    steps = [
        Step("scene"),
        Step("filter_label", (0,), ("cup",)),
        Step("scene"),
        Step("filter", (2,), ("colour", "red")),
        Step(function, (1, 3)),
        Step("count", (4,)),
    ]
    assert answer(steps, GRAPH) == expected
    assert answer([step.to_dict() for step in steps], GRAPH) == expected


def test_values_are_compared():
    def equal(kind):
        man = [Step("scene"), Step("filter", (0,), ("colour", "blue")), Step("unique", (1,))]
        cup = [Step("scene"), Step("filter", (3,), ("colour", "red")), Step("filter_label", (4,), ("cup",))]
        return answer([*man, *cup, Step("unique", (5,)), Step("equal", (2, 6), (kind,))], GRAPH)

    assert (equal("size"), equal("colour"), equal("label")) == ("yes", "no", "yes")


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((), "empty"),
        ((Step("scene"), Step("uniq", (0,))), "step 1: unknown function 'uniq'; did you mean 'unique'"),
        (
            (Step("scene"), Step("query", (0,), ("colour",))),
            r"step 1 \(query\): inputs are \('set',\), expected \('object',\)",
        ),
        ((Step("scene"), Step("count", (1,))), "must be earlier"),
        ((Step("scene"), Step("filter", (0,), ("red",))), "1 arguments, expected 2"),
    ],
)
def test_wrong_programs_are_refused(steps, message):
    with pytest.raises(ProgramError, match=message):
        check(steps)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((("scene",), ("filter_label", ("cup",)), ("unique",), ("query", ("size",))), "2 objects fit"),
        ((*the("lamp"), ("query", ("size",))), "0 objects fit"),
        ((*the("man"), ("query", ("colour",))), "'man' has 0 values of kind 'colour'"),
        ((*the("man"), ("relate", ("on", "subjekt")), ("count",)), "did you mean 'subject'"),
        ((("scene",), ("filter_label", ("cup",))), "the last step"),
    ],
)
def test_programs_without_an_answer_say_so(steps, message):
    with pytest.raises(ProgramError, match=message):
        ask(*steps)


def test_a_view_can_read_relations_both_ways():
    assert View(GRAPH).related(3, "in front of", "subject") == 0
    both = View(GRAPH, {"behind": "in front of", "in front of": "behind"})
    assert list(members(both.related(0, "in front of", "subject"))) == [3]


def test_depth_counts_hops():
    steps = [Step("scene"), Step("unique", (0,)), Step("same", (1,), ("colour",)), Step("unique", (2,))]
    assert depth([*steps, Step("relate", (3,), ("on", "subject"))]) == 2
