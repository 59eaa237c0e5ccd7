import pytest

from usg.downstream.questions import Question
from usg.downstream.scores import accuracy_by, is_right


def test_breakdown_averages_to_the_whole():
    questions = [Question(0, "a", "x", type="ab"[i % 2], depth=i % 3) for i in range(12)]
    right = [i % 4 == 0 for i in range(12)]
    table = accuracy_by(questions, right)
    assert table["all"] == pytest.approx(0.25)
    assert (table["type a"] + table["type b"]) / 2 == pytest.approx(table["all"])
    assert sum(table[f"depth {d}"] for d in range(3)) / 3 == pytest.approx(table["all"])


def test_a_hit_is_an_exact_match():
    """`no` is not found in `not`, nor `man` in `woman`."""
    assert is_right([Question(0, "a", "no"), Question(0, "b", "man")], ["not", "man"]) == [False, True]


def test_nothing_to_score():
    with pytest.raises(ValueError, match="0 questions"):
        accuracy_by([], [])
