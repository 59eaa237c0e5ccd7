"""Accuracy of answers, overall and by kind of question."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from usg.downstream.questions import Question


def accuracy_by(questions: Sequence[Question], right: ArrayLike) -> dict[str, float]:
    """Accuracy over all questions, by type and by depth.

    Args:
        questions: what was asked.
        right: `(q,)` whether each was answered rightly.

    Returns:
        "all", then "type NAME" and "depth N" in order, each a share in [0, 1].

    Raises:
        ValueError: there are no questions, or not one value for each.

    >>> asked = [Question(0, "a", "yes", "exist", 0), Question(0, "b", "2", "count", 1)]
    >>> accuracy_by(asked, [True, False])
    {'all': 0.5, 'type count': 0.0, 'type exist': 1.0, 'depth 0': 1.0, 'depth 1': 0.0}
    """
    correct = np.asarray(right, dtype=np.float64)
    if not len(questions) or correct.shape != (len(questions),):
        raise ValueError(f"{len(questions)} questions and {correct.shape} values to score; give one value a question")
    table = {"all": float(correct.mean())}
    for name in ("type", "depth"):
        keys = np.array([getattr(question, name) for question in questions])
        table |= {f"{name} {key}": float(correct[keys == key].mean()) for key in np.unique(keys)}
    return table


def is_right(questions: Sequence[Question], answers: Sequence[str]) -> list[bool]:
    """Which answers are exactly those expected."""
    return [question.answer == answer for question, answer in zip(questions, answers, strict=True)]
