"""usg.world.questions: right by construction, balanced, never degenerate, references unique."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from usg.graph.elements import Relation, SceneObject
from usg.graph.scene_graph import SceneGraph
from usg.world import scenes
from usg.world.degenerate import is_degenerate
from usg.world.draw import uniforms
from usg.world.program import Step, View, answer, check, depth, run
from usg.world.questions import DEPTHS, TYPES, ask
from usg.world.scene import QUESTIONS, stream
from usg.world.spatial import INVERSE


@pytest.fixture(scope="module")
def asked():
    """(graph, question) pairs of two splits."""
    graphs = [*scenes(90, "train", 21, questions=8), *scenes(40, "longer", 21, questions=8)]
    return [(graph, question) for graph in graphs for question in graph.metadata["questions"]]


def test_every_scene_gets_the_questions_asked_for(asked):
    assert len(asked) > 0.97 * 8 * 130


def test_the_interpreter_gives_every_answer(asked):
    for graph, question in asked:
        assert answer(question["program"], graph) == question["answer"], question


def test_answers_and_questions_are_plain_words(asked):
    for _, question in asked:
        assert question["answer"].isalnum()
        words = question["question"]
        assert words == words.lower() == " ".join(words.split())
        assert all(c.isalpha() or c == " " for c in words), words


def test_depth_is_the_number_of_hops_and_splits_differ(asked):
    depths = defaultdict(Counter)
    for graph, question in asked:
        steps = [Step.from_dict(step) for step in question["program"]]
        check(steps)
        assert question["depth"] == depth(steps)
        depths[graph.metadata["split"]][question["depth"]] += 1
    assert set(depths["train"]) == {0, 1, 2}
    assert set(depths["longer"]) == {0, 1, 2, 3}
    assert depths["longer"][3] > 0.25 * depths["longer"].total()


def test_no_hop_can_be_left_out(asked):
    for graph, question in asked:
        assert not is_degenerate(tuple(Step.from_dict(step) for step in question["program"]), View(graph)), question


def test_no_answer_changes_when_relations_are_read_both_ways(asked):
    for graph, question in asked:
        steps = tuple(Step.from_dict(step) for step in question["program"])
        assert run(steps, View(graph)) == run(steps, View(graph, INVERSE)), question


def test_types_and_answers_are_balanced(asked):
    types = Counter(question["type"] for _, question in asked)
    assert set(types) == set(TYPES)
    assert min(types.values()) > 0.5 * max(types.values())
    answers = defaultdict(Counter)
    for _, question in asked:
        answers[question["type"]][question["answer"]] += 1
    for kind in ("exist", "compare"):
        assert 0.36 < answers[kind]["yes"] / answers[kind].total() < 0.64, kind
    assert max(answers["count"].values()) < 0.5 * answers["count"].total()
    assert max(answers["query"].values()) < 0.2 * answers["query"].total()
    assert max(answers["relate"].values()) < 0.2 * answers["relate"].total()


def test_questions_of_a_scene_differ_and_do_not_depend_on_others(asked):
    graph = asked[0][0]
    words = [question["question"] for question in graph.metadata["questions"]]
    assert len(set(words)) == len(words)
    again = ask(graph, 8, stream("train", 21, 0, QUESTIONS), DEPTHS["train"])
    assert again == graph.metadata["questions"]


def test_every_word_of_the_program_is_said(asked):
    said_otherwise = {"person": ("people",), "size": ("how big",)}
    for _, question in asked:
        for step in question["program"]:
            words = {
                "filter": step["arguments"][1:],
                "filter_label": step["arguments"],
                "relate": step["arguments"][:1],
                "same": step["arguments"],
                "equal": step["arguments"],
                "query": [kind for kind in step["arguments"] if kind != "label"],
            }.get(step["function"], [])
            for word in words:
                assert any(w in question["question"] for w in (word, *said_otherwise.get(word, ()))), (word, question)


def test_degenerate_questions_are_seen():
    graph = SceneGraph(
        objects=(SceneObject("c", "cup"), SceneObject("t", "table"), SceneObject("b", "book"), SceneObject("d", "cup")),
        relations=(Relation("r0", "c", "on", "t"), Relation("r1", "b", "on", "t")),
    )
    start = [
        Step("scene"),
        Step("filter_label", (0,), ("table",)),
        Step("unique", (1,)),
        Step("relate", (2,), ("on", "subject")),
    ]

    def program(label, last):
        return (*start, Step("filter_label", (3,), (label,)), Step(last, (4,)))

    assert not is_degenerate(program("cup", "count"), View(graph))  # 1 of 2 cups
    assert is_degenerate(program("book", "count"), View(graph))  # the only book
    assert is_degenerate(program("lamp", "exist"), View(graph))  # there is no lamp at all
    assert not is_degenerate(program("book", "exist"), View(graph))  # a book, and none elsewhere
    assert is_degenerate(program("cup", "exist"), View(graph))  # a cup, and one elsewhere


def test_a_graph_with_little_to_ask_gets_what_there_is():
    uniform = uniforms(np.random.default_rng(0))
    assert ask(SceneGraph(), 3, uniform, DEPTHS["train"]) == []
    lonely = SceneGraph(objects=(SceneObject("c", "cup"),))
    assert all(answer(q["program"], lonely) == q["answer"] for q in ask(lonely, 3, uniform, DEPTHS["train"]))
