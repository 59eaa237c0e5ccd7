"""Questions as data: read from the metadata of scenes, and a seeded, nested choice of labelled ones.

A graph carries its questions in `metadata["questions"]`, a list of `{"question", "answer", "type", "depth", ...}`.
Labels are counted in questions but drawn by scene: scenes are put in a seeded order and each gives at most
`per_scene` of its questions, so the first 300 of a seed are among its first 2,000 and the scene stays the
statistical unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

QUESTIONS_KEY = "questions"
"""Where the questions of a scene stand in the metadata of its graph."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question about one scene.

    Attributes:
        scene: the index of the scene in its corpus.
        text: the question in words.
        answer: the right answer, one label.
        type: the family of the question ("count", "query", ...).
        depth: the number of relation hops its program takes.
        template: the functions of its program in order, without their arguments; "" where there is no program.
    """

    scene: int
    text: str
    answer: str
    type: str = ""
    depth: int = 0
    template: str = ""


def questions_of(scene: int, metadata: Mapping[str, Any]) -> list[Question]:
    """The questions that the metadata of one scene holds.

    Args:
        scene: the index of the scene, kept in each question.
        metadata: of the graph; one without questions gives an empty list.

    Raises:
        ValueError: an entry is not a mapping with a question and an answer.

    >>> questions_of(7, {"questions": [{"question": "is there a dog", "answer": "yes", "type": "exist", "depth": 0}]})
    [Question(scene=7, text='is there a dog', answer='yes', type='exist', depth=0, template='')]
    """
    found = []
    for i, entry in enumerate(metadata.get(QUESTIONS_KEY, ())):
        if not isinstance(entry, Mapping) or not entry.get("question") or entry.get("answer") in (None, ""):
            raise ValueError(
                f"scene {scene}: metadata['{QUESTIONS_KEY}'][{i}] is {str(entry)[:60]!r}; "
                "expected a mapping with a question and an answer"
            )
        found.append(
            Question(
                scene,
                str(entry["question"]),
                str(entry["answer"]),
                str(entry.get("type", "")),
                int(entry.get("depth", 0)),
                _template(entry.get("program")),
            )
        )
    return found


def _template(program: object) -> str:
    """Names of the functions of a program, whatever holds them: a list of steps, each a mapping or a sequence."""
    if not isinstance(program, Sequence) or isinstance(program, str):
        return ""
    names = []
    for step in program:
        if isinstance(step, Mapping):
            names.append(str(step.get("function", step.get("op", ""))))
        elif isinstance(step, Sequence) and not isinstance(step, str) and step:
            names.append(str(step[0]))
        else:
            names.append(str(step))
    return " ".join(names)


def is_stated(question: Question) -> bool:
    """Whether the question's form has a counterpart among the world's statements (usg/world/statements.py).

    They tell the label or an attribute of one thing, found by what it is like or over one relation, and how many things
    are alike, never that there are none. That something exists, captions of the other kinds say too. A table shows the
    other questions apart, whose form and answers ("yes", "no") no text of pretraining has.

    >>> is_stated(Question(0, "what is on the table", "cup", template="scene filter_label unique relate unique query"))
    True
    >>> is_stated(Question(0, "is there a cup", "yes", template="scene filter_label exist"))
    False
    """
    functions = question.template.split()
    hops = functions.count("relate")
    if {"same", "union", "intersect"} & set(functions):
        return False
    counts = functions[-1:] == ["count"] and not hops and question.answer != "0"
    return counts or (functions[-1:] == ["query"] and hops <= 1)


def draw_labels(
    questions: Iterable[Question], labels: int | None, seed: int, per_scene: int | None = None
) -> list[Question]:
    """A seeded choice of labelled questions, scene by scene.

    Args:
        questions: to choose from.
        labels: how many; None keeps all.
        seed: of the order of the scenes and of the questions in a scene. Choices of one seed are nested: fewer labels
            are the beginning of more.
        per_scene: the most questions that one scene gives; None is all it has.

    Raises:
        ValueError: fewer questions than `labels` can be drawn.

    >>> pool = [Question(scene, f"question {i}", "yes") for scene in range(9) for i in range(5)]
    >>> few, many = draw_labels(pool, 4, seed=0, per_scene=2), draw_labels(pool, 8, seed=0, per_scene=2)
    >>> many[:4] == few, len({question.scene for question in many})
    (True, 4)
    """
    by_scene: dict[int, list[Question]] = {}
    for question in questions:
        by_scene.setdefault(question.scene, []).append(question)
    rng = np.random.default_rng([seed, 0x9A])
    chosen: list[Question] = []
    scenes = list(by_scene)
    for i in rng.permutation(len(scenes)):
        available = by_scene[scenes[i]]
        order = rng.permutation(len(available))[:per_scene]
        chosen += [available[j] for j in order]
    if labels is None:
        return chosen
    if labels > len(chosen):
        limit = "" if per_scene is None else f" at {per_scene} a scene"
        raise ValueError(
            f"{labels} labelled questions were asked for and the {len(scenes)} scenes hold {len(chosen)}{limit}; "
            "ask for fewer or give more scenes"
        )
    return chosen[:labels]


def by_scene(questions: Sequence[Question]) -> list[tuple[int, list[int]]]:
    """The questions grouped by scene, in order of first appearance: (scene, positions in `questions`).

    >>> by_scene([Question(3, "a", "yes"), Question(1, "b", "no"), Question(3, "c", "no")])
    [(3, [0, 2]), (1, [1])]
    """
    groups: dict[int, list[int]] = {}
    for position, question in enumerate(questions):
        groups.setdefault(question.scene, []).append(position)
    return list(groups.items())
