"""usg.world.referring: expressions single out their object and say no more than needed."""

from contextlib import suppress

from usg.graph.elements import Attribute, Relation, SceneObject
from usg.graph.scene_graph import SceneGraph
from usg.world import scenes
from usg.world.program import ProgramError, Step, View, run
from usg.world.referring import refer


def test_the_interpreter_finds_the_object_meant():
    for graph in scenes(80, "train", 41, referring=4):
        view = View(graph)
        found = graph.metadata["referring"]
        assert len({item["object"] for item in found}) == len(found)
        for item in found:
            steps = [Step.from_dict(step) for step in item["program"]]
            assert view.ids[run(steps, view)] == item["object"]
            assert item["depth"] == sum(step.function == "relate" for step in steps)


def test_nearly_every_object_can_be_referred_to():
    graphs = list(scenes(80, "iid", 42, referring=99))
    referred = sum(len(graph.metadata["referring"]) for graph in graphs)
    assert referred > 0.95 * sum(len(graph.objects) for graph in graphs)


def test_no_adjective_can_be_left_out():
    for graph in scenes(80, "train", 43, referring=4):
        view = View(graph)
        for item in graph.metadata["referring"]:
            steps = [Step.from_dict(step) for step in item["program"]]
            for number, step in enumerate(steps):
                if step.function != "filter":
                    continue
                # A filter that lets everything through, in its place.
                without = [*steps[:number], Step("union", (number - 1, number - 1)), *steps[number + 1 :]]
                with suppress(ProgramError):
                    assert view.ids[run(without, view)] != item["object"], item


def cups(*colours, relation=()):
    objects = tuple(SceneObject(f"c{i}", "cup") for i in range(len(colours)))
    attributes = tuple(Attribute(f"a{i}", f"c{i}", colour, kind="colour") for i, colour in enumerate(colours))
    return SceneGraph(objects=(*objects, SceneObject("t", "table")), attributes=attributes, relations=relation)


def test_label_then_colour_then_relation():
    assert refer(View(cups("red")), 0)[0] == "the cup"
    assert refer(View(cups("red", "blue")), 1)[0] == "the blue cup"
    on = (Relation("r", "c0", "on", "t"),)
    assert refer(View(cups("red", "red", relation=on)), 0)[0] == "the cup on the table"
    holds = (Relation("r", "t", "holding", "c1"),)
    assert refer(View(cups("red", "red", relation=holds)), 1)[0] == "the cup that the table is holding"
    assert refer(View(cups("red", "red")), 0) is None
