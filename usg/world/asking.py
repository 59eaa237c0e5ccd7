"""Questions about any scene graphs: those of a parser or of people, in the words that the world's scenes are asked in.

A question of graph i is drawn from (seed, i) and answered by running its program on the graph, so it asks for what the
graph says and needs no labels. Predicates stand as the graph has them: verbs that a parser took back to their stem are
asked for by the stem.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from usg.graph.scene_graph import SceneGraph
from usg.progress import progress
from usg.world.draw import uniforms
from usg.world.questions import DEPTHS, ask

if TYPE_CHECKING:
    from usg.formats import Problems

__all__ = ["with_questions", "write_questions"]


def with_questions(graphs: Iterable[SceneGraph], number: int, seed: int = 0) -> Iterator[SceneGraph]:
    """The graphs with `metadata["questions"]`, as scenes of the world have it; questions that are there are replaced.

    Args:
        graphs: any; one with little to ask about gets fewer.
        number: of questions about each.
        seed: of what is drawn.

    Raises:
        ValueError: number is below one.

    Example:
        >>> from usg.graph import Relation, SceneObject
        >>> objects = [SceneObject("a", "dog"), SceneObject("b", "sofa")]
        >>> (graph,) = with_questions([SceneGraph([], objects, [], [Relation("r", "a", "on", "b")])], 2)
        >>> [(each["question"], each["answer"]) for each in graph.metadata["questions"]]
        [('are there as many dogs as sofas', 'yes'), ('what is on the sofa', 'dog')]
    """
    _require_questions(number)
    for i, graph in enumerate(graphs):
        found = ask(graph, number, uniforms(np.random.default_rng([seed, i])), DEPTHS["iid"])
        yield replace(graph, metadata={**graph.metadata, "questions": found})


def write_questions(
    path: str | Path,
    output: str | Path,
    number: int,
    seed: int = 0,
    *,
    overwrite: bool = False,
    problems: Problems | None = None,
) -> int:
    """Writes the graphs of a file, with questions, as a corpus, and returns how many there are.

    Args:
        path: a corpus folder or a file that `usg.formats` reads.
        output: the corpus folder.
        number: of questions about each.
        seed: of what is drawn.
        overwrite: replace a corpus that is there.
        problems: collects graphs that cannot be read; when absent, the first of them raises.

    Raises:
        FileNotFoundError: there is nothing at `path`.
        FileExistsError: the folder is not empty and `overwrite` is not given.
        ValueError: a graph cannot be read, number is below one, or the corpus would replace the graphs it is made of.
    """
    from usg.corpus import CorpusWriter
    from usg.formats import guess_format, read_graphs

    # Before the writer removes what is there.
    _require_questions(number)
    if Path(path).resolve().is_relative_to(Path(output).resolve()):
        raise ValueError(f"{output} holds the graphs that are read; write into another folder")

    graphs = with_questions(read_graphs(path, guess_format(path), problems), number, seed)
    provenance = {"made_by": "usg world questions", "graphs": Path(path).name, "questions": number, "seed": seed}
    made = 0
    with CorpusWriter(output, provenance=provenance, overwrite=overwrite) as writer:
        for graph in progress(graphs, None, "asking"):
            writer.write(graph)
            made += 1
    return made


def _require_questions(number: int) -> None:
    if number < 1:
        raise ValueError(f"the number of questions is {number}, expected at least 1")
