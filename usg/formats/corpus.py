"""A corpus folder (usg/corpus) as a format: what it reads and writes is exactly what the graphs hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from usg.corpus import Corpus, CorpusError, CorpusWriter
from usg.formats.problems import Problems
from usg.graph.scene_graph import SceneGraph


def read(path: str | Path, problems: Problems) -> Iterator[SceneGraph]:
    """The graphs of a corpus; broken shards and damaged row groups are problems, the rest is read.

    Raises:
        FileNotFoundError, CorpusError: there is no corpus at `path`.
    """
    corpus = Corpus(path, skip_broken=True)
    for line in corpus.broken:
        problems.add(str(path), line)
    for number in range(len(corpus.row_group_starts) - 1):
        try:
            graphs = corpus.row_group(number)
        except CorpusError as error:
            problems.add(str(path), str(error))
        else:
            yield from graphs


def write(graphs: Iterable[SceneGraph], path: str | Path, problems: Problems) -> int:
    """Write a new corpus.

    Returns:
        How many graphs were written.

    Raises:
        FileExistsError: `path` is there and not empty.
        CorpusError: a graph holds what no file can, such as half a surrogate pair.
    """
    with CorpusWriter(path) as writer:
        writer.write_all(graphs)
    return writer.safe
