from dataclasses import replace

import numpy as np
import pytest

from usg import world
from usg.graph import Attribute, Relation, SceneGraph, SceneObject, Source
from usg.nn.bridge import graph_text
from usg.pretrain.tasks import (
    DESCRIBE,
    MATCH,
    NAME,
    Answer,
    Describe,
    Example,
    Match,
    NameHidden,
    Tell,
    draw_example,
)

SCENE = SceneGraph(
    sources=[Source("t", "text", text="a dog on a sofa"), Source("i", "image"), Source("u", "text", text="a big sofa")],
    objects=[SceneObject("a", "dog"), SceneObject("b", "sofa")],
    attributes=[Attribute("x", "b", "big", kind="size"), Attribute("y", "a", "asleep")],
    relations=[Relation("r", "a", "on", "b"), Relation("s", "b", "under", "a"), Relation("l", "a", "near", "a")],
    metadata={"questions": [{"question": "what is on the sofa", "answer": "dog"}]},
)

SAID = SceneGraph(SCENE.sources[:1], SCENE.objects, SCENE.attributes, SCENE.relations[:1])


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
    asked = [way.format("thing") for way in NAME]
    assert {prompt for prompt, answer in seen if answer in ("dog", "sofa")} == set(asked[:-1])
    assert {answer for _, answer in seen} == {"dog", "sofa", "big", "asleep", "on", "under", "near"}
    assert {prompt for prompt, answer in seen if answer == "big"} < {way.format("size") for way in NAME}


@pytest.mark.parametrize(("task", "ways"), [(NameHidden, NAME), (Describe, DESCRIBE), (Match, MATCH)])
def test_one_wording_is_kept_from_training(task, ways):
    """`paraphrased` asks the same of the same graph in the words that no training sees."""
    start = ways[-1].partition("{")[0]
    for seed in range(40):
        plain, other = (task(paraphrased=value)(SAID, np.random.default_rng(seed)) for value in (False, True))
        assert (plain.graph, plain.answer) == (other.graph, other.answer)
        assert other.prompt.startswith(start)
        assert not plain.prompt.startswith(start)


def test_a_caption_matches_or_is_one_edit_away():
    answers = []
    for example in draws(Match(), SAID, 200):
        assert example.prompt.endswith(": a dog on a sofa")
        assert (example.graph.triples == SAID.triples) == (example.answer == "yes")
        answers.append(example.answer)
    assert 70 < answers.count("yes") < 130
    assert Match()(replace(SAID, relations=()), np.random.default_rng(0)) is None


def test_other_relations_of_the_same_two_do_not_give_a_hidden_one_away():
    hidden = next(example for example in draws(NameHidden(), SCENE) if example.answer == "on")
    assert [(one.id, one.predicate) for one in hidden.graph.relations] == [("r", "<mask>"), ("l", "near")]


def test_texts_and_questions():
    assert {example.answer for example in draws(Describe(), SCENE)} == {"a dog on a sofa", "a big sofa"}
    told = Tell()(SCENE, np.random.default_rng(0))
    assert (told.graph, told.prompt) == (None, "")
    answered = Answer()(SCENE, np.random.default_rng(0))
    assert (answered.prompt, answered.answer, answered.graph) == ("what is on the sofa", "dog", SCENE)


def test_several_questions_of_one_graph():
    questions = [{"question": f"question {i}", "answer": str(i)} for i in range(5)]
    scene = replace(SCENE, metadata={"questions": questions})
    example = Answer(turns=3)(scene, np.random.default_rng(0))
    asked = [(example.prompt, example.answer), *example.more]
    assert len(asked) == len(set(asked)) == 3
    assert all(prompt == f"question {answer}" for prompt, answer in asked)
    assert len(Answer(turns=9)(scene, np.random.default_rng(0)).more) == 4
    with pytest.raises(ValueError, match="turns must be at least 1, got 0"):
        Answer(turns=0)


@pytest.mark.parametrize("task", [NameHidden(), Describe(), Match(), Answer(), Tell()])
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
        for task in (NameHidden(), Describe(), Match(), Answer(), Tell())
    )
