"""The public way to get scenes: the graph, and on demand its captions, questions and referring expressions."""

from __future__ import annotations

from collections.abc import Iterator

from usg.graph.scene_graph import SceneGraph
from usg.world.priors import DEFAULT, Priors
from usg.world.scene import sample_graph


def sample_scene(
    split: str,
    seed: int,
    index: int,
    *,
    captions: int = 0,
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
    return sample_graph(split, seed, index, priors)


def scenes(
    n: int,
    split: str,
    seed: int,
    *,
    start: int = 0,
    captions: int = 0,
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
            split, seed, index, captions=captions, questions=questions, referring=referring, priors=priors
        )
