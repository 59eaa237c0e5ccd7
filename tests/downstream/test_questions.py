import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usg.downstream.questions import Question, by_scene, draw_labels, questions_of

POOL = [Question(scene, f"q{i}", "yes") for scene in range(20) for i in range(5)]


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32), few=st.integers(1, 50), more=st.integers(0, 10), per_scene=st.integers(3, 5))
def test_choices_of_a_seed_are_nested(seed, few, more, per_scene):
    small = draw_labels(POOL, few, seed, per_scene)
    large = draw_labels(POOL, few + more, seed, per_scene)
    assert large[:few] == small
    assert len(set(large)) == few + more
    assert all(len(numbers) <= per_scene for _, numbers in by_scene(large))


def test_choices_of_different_seeds_differ():
    assert draw_labels(POOL, 20, 0, 2) != draw_labels(POOL, 20, 1, 2)


def test_whole_scenes_are_taken_first():
    """All but the last scene give as many labels as one may: the scene is the unit."""
    groups = by_scene(draw_labels(POOL, 11, 3, 4))
    assert [len(numbers) for _, numbers in groups] == [4, 4, 3]


def test_too_many_labels():
    with pytest.raises(ValueError, match="101 labelled questions were asked for and the 20 scenes hold 100"):
        draw_labels(POOL, 101, 0)
    with pytest.raises(ValueError, match="hold 40 at 2 a scene"):
        draw_labels(POOL, 41, 0, 2)


def test_template_is_the_functions_in_order():
    program = [{"function": "filter", "value": "dog"}, {"function": "count"}]
    question = {"question": "how many dogs", "answer": 2, "type": "count", "depth": 1, "program": program}
    found = questions_of(4, {"questions": [question]})[0]
    assert (found.template, found.answer, found.depth, found.scene) == ("filter count", "2", 1, 4)


@pytest.mark.parametrize("entry", ["what", {"question": "what"}, {"question": "", "answer": "x"}, {"answer": "x"}])
def test_a_broken_question_is_named(entry):
    with pytest.raises(ValueError, match=r"scene 9: metadata\['questions'\]\[1\] is .*expected a mapping"):
        questions_of(9, {"questions": [{"question": "a", "answer": "b"}, entry]})
