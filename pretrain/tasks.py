"""What a language model is asked about a graph: a small class per task, each making a graph, a prompt and an answer.

A task draws from the generator it is given and returns None for a graph that has nothing for it. Prompts do not say
where the graph stands; `usg.nn.bridge.PromptWriter` puts it in front. Where in a text an element was found is never
shown: it would say what the text says. What is asked is worded in several ways, one of which no training sees: how an
instruction is put should not matter (`paraphrased`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from usg.batch.words import MASK
from usg.graph import SceneGraph, Source
from usg.pretrain.hard_negatives import hard_negative

__all__ = ["Answer", "Describe", "Example", "GraphTask", "Match", "NameHidden", "Tell", "draw_example"]

NAME = ("name the hidden {}", "which {} is hidden", "say the hidden {}", "what {} is behind the mask")
DESCRIBE = ("describe this", "what is there", "say what you see", "write a caption")
MATCH = ("does this match: {}", "is this true: {}", "is it right to say: {}", "can one say: {}")
"""Ways to ask; training draws from all but the last."""


@dataclass(frozen=True)
class Example:
    """One thing to learn.

    Attributes:
        task: the name of what made it.
        graph: what is shown; None for text alone.
        prompt: what is asked.
        answer: what should be said.
        family: of the task's examples, for tables; "" where all are alike.
        more: what is asked of the same graph afterwards, each with its answer. In training alone: a graph that is read
            once then teaches several answers.
    """

    task: str
    graph: SceneGraph | None
    prompt: str
    answer: str
    family: str = ""
    more: tuple[tuple[str, str], ...] = ()


class GraphTask(Protocol):
    """A task; `weight` is how often it is drawn, relative to the others."""

    @property
    def weight(self) -> float:
        """Above 0."""
        ...

    def __call__(self, graph: SceneGraph, random: np.random.Generator) -> Example | None:
        """An example made of a graph, or None."""
        ...


@dataclass(frozen=True)
class NameHidden:
    """Names an object, attribute or predicate that is hidden: masked prediction in words.

    What would give a relation away is taken out: all others between the same two objects.

    Args:
        weight: of the task.
        paraphrased: ask in the words that no training sees.
    """

    weight: float = 1.0
    paraphrased: bool = False

    def __call__(self, graph: SceneGraph, random: np.random.Generator) -> Example | None:
        """Hides one element, each kind that there is as often as the others."""
        kinds = [kind for kind in ("objects", "attributes", "relations") if getattr(graph, kind)]
        if not kinds:
            return None
        kind = kinds[random.integers(len(kinds))]
        elements = getattr(graph, kind)
        chosen = elements[random.integers(len(elements))]
        asked = _wording(NAME, random, self.paraphrased)
        if kind == "objects":
            shown = [replace(one, label=MASK) if one is chosen else one for one in elements]
            hidden = replace(graph, objects=tuple(shown))
            return Example("name_hidden", hidden, asked.format("thing"), chosen.label, "object")
        if kind == "attributes":
            shown = [replace(one, value=MASK) if one is chosen else one for one in elements]
            hidden = replace(graph, attributes=tuple(shown))
            return Example("name_hidden", hidden, asked.format(chosen.kind or "attribute"), chosen.value, "attribute")
        ends = {chosen.subject, chosen.object}
        shown = [one for one in elements if one is chosen or {one.subject, one.object} != ends]
        shown = [replace(one, predicate=MASK) if one is chosen else one for one in shown]
        hidden = replace(graph, relations=tuple(shown))
        return Example("name_hidden", hidden, asked.format("relation"), chosen.predicate, "relation")


@dataclass(frozen=True)
class Describe:
    """Says a caption of the graph.

    Args:
        weight: of the task.
        paraphrased: ask in the words that no training sees.
    """

    weight: float = 1.0
    paraphrased: bool = False

    def __call__(self, graph: SceneGraph, random: np.random.Generator) -> Example | None:
        """One of its text sources."""
        source = _text_source(graph, random)
        if source is None:
            return None
        return Example("describe", graph, _wording(DESCRIBE, random, self.paraphrased), str(source.text))


@dataclass(frozen=True)
class Match:
    """Says whether a caption is true of the graph: yes, or no of a graph that is one edit away (`hard_negative`).

    Args:
        weight: of the task.
        paraphrased: ask in the words that no training sees.
    """

    weight: float = 1.0
    paraphrased: bool = False

    def __call__(self, graph: SceneGraph, random: np.random.Generator) -> Example | None:
        """Yes and no equally often; none of graphs that have no edit, whose answer would always be yes."""
        source = _text_source(graph, random)
        edited = None if source is None else hard_negative(graph, source.id, random)
        if source is None or edited is None:
            return None
        shown, answer = (graph, "yes") if random.random() < 0.5 else (edited, "no")
        return Example("match", shown, _wording(MATCH, random, self.paraphrased).format(source.text), answer)


@dataclass(frozen=True)
class Answer:
    """Answers one of the questions in the metadata, as `usg world scenes --questions` writes them.

    Args:
        weight: of the task.
        turns: the most questions of one graph, one after another in one example.
    """

    weight: float = 1.0
    turns: int = 1

    def __post_init__(self) -> None:
        if self.turns < 1:
            raise ValueError(f"turns must be at least 1, got {self.turns}")

    def __call__(self, graph: SceneGraph, random: np.random.Generator) -> Example | None:
        """One of the questions, and others behind it."""
        questions = graph.metadata.get("questions") or ()
        if not isinstance(questions, Sequence) or not questions:
            return None
        chosen, *others = (questions[i] for i in random.permutation(len(questions))[: self.turns])
        depth = int(chosen.get("depth", 0))
        hops = "" if "depth" not in chosen else f"{depth} hop{'' if depth == 1 else 's'}"
        more = tuple((str(other["question"]), str(other["answer"])) for other in others)
        return Example("answer", graph, str(chosen["question"]), str(chosen["answer"]), hops, more)


@dataclass(frozen=True)
class Tell:
    """A text alone, with no graph beside it: how a language model learns the language.

    Args:
        weight: of the task.
    """

    weight: float = 1.0

    def __call__(self, graph: SceneGraph, random: np.random.Generator) -> Example | None:
        """One of the graph's text sources."""
        source = _text_source(graph, random)
        return None if source is None else Example("tell", None, "", str(source.text))


def draw_example(graph: SceneGraph, tasks: Sequence[GraphTask], random: np.random.Generator) -> Example | None:
    """An example of one of the tasks, drawn by their weights; of the others in turn where that has none.

    Returns:
        None where no task has an example of the graph.
    """
    weights = np.array([task.weight for task in tasks])
    order = random.choice(len(tasks), len(tasks), replace=False, p=weights / weights.sum())
    for number in order.tolist():
        example = tasks[number](graph, random)
        if example is not None:
            return example
    return None


def _text_source(graph: SceneGraph, random: np.random.Generator) -> Source | None:
    sources = [source for source in graph.sources if source.text and source.text.strip()]
    return sources[int(random.integers(len(sources)))] if sources else None


def _wording(ways: Sequence[str], random: np.random.Generator, paraphrased: bool) -> str:
    drawn = int(random.integers(len(ways) - 1))
    return ways[-1] if paraphrased else ways[drawn]
