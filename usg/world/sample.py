"""The public way to get scenes: the graph, and on demand its captions, questions and referring expressions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from usg.graph.scene_graph import SceneGraph
from usg.world.captions import add_captions
from usg.world.priors import DEFAULT, Priors
from usg.world.questions import DEPTHS, ask
from usg.world.referring import referring as refer_to
from usg.world.scene import CAPTIONS, QUESTIONS, REFERRING, STATEMENTS, sample_graph, stream
from usg.world.statements import add_statements


def sample_scene(
    split: str,
    seed: int,
    index: int,
    *,
    captions: int = 0,
    statements: int = 0,
    questions: int = 0,
    referring: int = 0,
    priors: Priors = DEFAULT,
) -> SceneGraph:
    """Samples one scene; language does not change the graph below it.

    Args:
        split: train, val, iid, compose or longer.
        seed: of the data set.
        index: of the scene in the data set.
        captions: how many captions to write into the graph, as text sources with spans.
        statements: how many statements about single things, likewise.
        questions: how many questions to put into `metadata["questions"]`.
        referring: how many referring expressions to put into `metadata["referring"]`.
        priors: the world.

    Raises:
        LookupError: if there is no such split.
        ValueError: if a number is negative.

    >>> scene = sample_scene("train", 0, 0)
    >>> scene.metadata["split"], 4 <= len(scene.objects) <= 7
    ('train', True)
    """
    numbers = {"captions": captions, "statements": statements, "questions": questions, "referring": referring}
    for name, value in numbers.items():
        if value < 0:
            raise ValueError(f"{name} is {value}, expected zero or more")
    graph = sample_graph(split, seed, index, priors)
    # Each kind of language has a stream of its own, so that asking for one does not change another.
    extra: dict[str, Any] = {}
    if questions:
        extra["questions"] = ask(graph, questions, stream(split, seed, index, QUESTIONS), DEPTHS[split])
    if referring:
        extra["referring"] = refer_to(graph, referring, stream(split, seed, index, REFERRING))
    if extra:
        graph = replace(graph, metadata={**graph.metadata, **extra})
    if captions:
        graph = add_captions(graph, captions, stream(split, seed, index, CAPTIONS))
    return add_statements(graph, statements, stream(split, seed, index, STATEMENTS)) if statements else graph


def scenes(
    n: int,
    split: str,
    seed: int,
    *,
    start: int = 0,
    captions: int = 0,
    statements: int = 0,
    questions: int = 0,
    referring: int = 0,
    priors: Priors = DEFAULT,
) -> Iterator[SceneGraph]:
    """Yields the scenes start, ..., start + n - 1 of a data set; see `sample_scene`.

    >>> [scene.metadata["index"] for scene in scenes(3, "iid", 0)]
    [0, 1, 2]
    """
    for index in range(start, start + n):
        yield sample_scene(
            split,
            seed,
            index,
            captions=captions,
            statements=statements,
            questions=questions,
            referring=referring,
            priors=priors,
        )
