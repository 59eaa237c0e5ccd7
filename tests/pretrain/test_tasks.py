import numpy as np
import pytest

from usg import world
from usg.graph import Attribute, Relation, SceneGraph, SceneObject, Source
from usg.nn.bridge import graph_text
from usg.pretrain.tasks import Answer, Describe, Example, NameHidden, Tell, draw_example

SCENE = SceneGraph(
    sources=[Source("t", "text", text="a dog on a sofa"), Source("i", "image"), Source("u", "text", text="a big sofa")],
    objects=[SceneObject("a", "dog"), SceneObject("b", "sofa")],
    attributes=[Attribute("x", "b", "big", kind="size"), Attribute("y", "a", "asleep")],
    relations=[Relation("r", "a", "on", "b"), Relation("s", "b", "under", "a"), Relation("l", "a", "near", "a")],
    metadata={"questions": [{"question": "what is on the sofa", "answer": "dog"}]},
)


def draws(task, graph, count=60):
    return [task(graph, np.random.default_rng(seed)) for seed in range(count)]


def test_what_is_hidden_is_what_should_be_said():
    """Of each kind of element; the hidden label stands nowhere in the graph, the rest does."""
    seen = set()
    for example in draws(NameHidden(), SCENE):
        text = graph_text(example.graph)
        assert "<mask>" in text
        assert example.answer not in text.replace("<mask>", "").split()
        seen.add((example.prompt, example.answer))
    assert seen == {
        ("name the hidden thing", "dog"),
        ("name the hidden thing", "sofa"),
        ("name the hidden size", "big"),
        ("name the hidden attribute", "asleep"),
        ("name the hidden relation", "on"),
        ("name the hidden relation", "under"),
        ("name the hidden relation", "near"),
    }


def test_other_relations_of_the_same_two_do_not_give_a_hidden_one_away():
    hidden = next(example for example in draws(NameHidden(), SCENE) if example.answer == "on")
    assert [(one.id, one.predicate) for one in hidden.graph.relations] == [("r", "<mask>"), ("l", "near")]


def test_texts_and_questions():
    assert {example.answer for example in draws(Describe(), SCENE)} == {"a dog on a sofa", "a big sofa"}
    told = Tell()(SCENE, np.random.default_rng(0))
    assert (told.graph, told.prompt) == (None, "")
    answered = Answer()(SCENE, np.random.default_rng(0))
    assert (answered.prompt, answered.answer, answered.graph) == ("what is on the sofa", "dog", SCENE)


@pytest.mark.parametrize("task", [NameHidden(), Describe(), Answer(), Tell()])
def test_a_graph_that_has_nothing_for_a_task(task):
    assert task(SceneGraph(), np.random.default_rng(0)) is None


def test_tasks_are_drawn_by_their_weights_and_stand_in_for_one_another():
    tasks = [NameHidden(weight=3.0), Describe()]
    drawn = [draw_example(SCENE, tasks, np.random.default_rng(seed)).task for seed in range(400)]
    assert 0.68 < drawn.count("name_hidden") / 400 < 0.82
    lonely = SceneGraph(objects=[SceneObject("a", "dog")])
    assert {draw_example(lonely, tasks, np.random.default_rng(seed)).task for seed in range(9)} == {"name_hidden"}
    assert draw_example(SceneGraph(), tasks, np.random.default_rng(0)) is None


def test_scenes_of_the_world_have_something_for_every_task():
    (scene,) = world.scenes(1, "train", 0, captions=1, questions=1)
    assert all(
        isinstance(task(scene, np.random.default_rng(0)), Example)
        for task in (NameHidden(), Describe(), Answer(), Tell())
    )
