"""What question answering is compared with: counting, words without the graph, labels without structure.

Every baseline learns from the same labelled questions as the model and answers the same test questions.

- majority: the commonest answer of all, of the question's type, of its template (program functions in order).
- question only: softmax regression on the words and word pairs of the question.
- bag of labels: the same with the labels of the graph, and how often the graph has the labels that the question names;
  what can be known of a scene without knowing what belongs to what.

The regressions minimise cross-entropy + (l2 / 2) |w|^2 by L-BFGS; l2 is the best of `STRENGTHS` on the validation
questions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch.nn import functional

from usg.batch.words import tokenize
from usg.downstream.questions import Question
from usg.graph import SceneGraph

STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""L2 penalties tried by the regressions."""

_COUNTS = 4  # 0, 1, 2, 3 or more of what the question names


def majority(
    train: Sequence[Question], test: Sequence[Question], key: Callable[[Question], str] | None = None
) -> list[str]:
    """The commonest answer in training, overall or among the questions of the same key.

    Args:
        train: questions with known answers.
        test: questions to answer; one of an unseen key gets the overall answer.
        key: what makes questions alike, as their type; None puts all together.

    >>> train = [Question(0, "a", "yes", "exist"), Question(0, "b", "yes", "exist"), Question(0, "c", "2", "count")]
    >>> majority(train, train), majority(train, train, lambda question: question.type)
    (['yes', 'yes', 'yes'], ['yes', 'yes', '2'])
    """
    overall = _commonest(question.answer for question in train)
    if key is None:
        return [overall] * len(test)
    answers: dict[str, list[str]] = {}
    for question in train:
        answers.setdefault(key(question), []).append(question.answer)
    best = {name: _commonest(given) for name, given in answers.items()}
    return [best.get(key(question), overall) for question in test]


def _commonest(answers: object) -> str:
    # Ties go to the first in the alphabet, not to the first that was seen.
    counts = Counter(answers)  # type: ignore[call-overload]
    return str(max(sorted(counts), key=counts.__getitem__))


def regression(
    train: Sequence[Question],
    validation: Sequence[Question],
    test: Sequence[Question],
    graphs: Sequence[Mapping[int, SceneGraph]] | None = None,
) -> list[str]:
    """Answers of the softmax regression.

    Args:
        train: questions with known answers.
        validation: questions that choose the penalty.
        test: questions to answer.
        graphs: for train, validation and test, the graph of each scene index; None gives the question-only baseline.
    """
    sets = (train, validation, test)
    known = frozenset() if graphs is None else frozenset(label for g in graphs[0].values() for label in _labels(g))
    bags = [
        [_features(question, None if graphs is None else graphs[i][question.scene], known) for question in questions]
        for i, questions in enumerate(sets)
    ]
    names = {name: i for i, name in enumerate(sorted({name for bag in bags[0] for name in bag}))}
    answers = sorted({question.answer for question in train})
    inputs = [_matrix(each, names) for each in bags]
    target = torch.tensor([answers.index(question.answer) for question in train])
    best, best_right = np.zeros(len(test), dtype=np.int64), -1
    for strength in STRENGTHS:
        weight = _fit(inputs[0], target, len(answers), strength)
        guesses = (inputs[1] @ weight).argmax(1).tolist()
        right = sum(answers[g] == question.answer for g, question in zip(guesses, validation, strict=True))
        if right > best_right:
            best, best_right = (inputs[2] @ weight).argmax(1).numpy(), right
    return [answers[i] for i in best]


def _labels(graph: SceneGraph) -> Counter[str]:
    labels = Counter(obj.label for obj in graph.objects)
    labels.update(attribute.value for attribute in graph.attributes)
    labels.update(relation.predicate for relation in graph.relations)
    return labels


def _features(question: Question, graph: SceneGraph | None, known: frozenset[str]) -> Counter[str]:
    words = [word for word, *_ in tokenize(question.text)]
    pairs = [f"{a} {b}" for a, b in pairwise(words)]
    bag = Counter(["", *(f"word {word}" for word in words), *(f"pair {pair}" for pair in pairs)])
    if graph is not None:
        labels = _labels(graph)
        bag.update({f"label {label}": count for label, count in labels.items()})
        # A conjunction ("a red ball") can hold only as often as the rarest label that it names.
        named = [min(labels[name], _COUNTS - 1) for name in {*words, *pairs} & known]
        rarest = min(named, default=_COUNTS)
        bag.update([f"rarest {rarest}", f"rarest {rarest} {words[0] if words else ''}"])
    return bag


def _matrix(bags: Sequence[Mapping[str, int]], names: Mapping[str, int]) -> torch.Tensor:
    table = torch.zeros(len(bags), len(names))
    for row, bag in enumerate(bags):
        for name, count in bag.items():
            if name in names:
                table[row, names[name]] = float(count)
    return table


def _fit(inputs: torch.Tensor, target: torch.Tensor, classes: int, strength: float) -> torch.Tensor:
    # Called where Lightning tests, too, and there gradients are off.
    with torch.inference_mode(False), torch.enable_grad():
        inputs, target = inputs.clone(), target.clone()
        weight = torch.zeros(inputs.shape[1], classes, requires_grad=True)
        optimizer = torch.optim.LBFGS([weight], max_iter=100, line_search_fn="strong_wolfe")

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            loss = functional.cross_entropy(inputs @ weight, target) + strength / 2 * weight.square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)
    return weight.detach()
