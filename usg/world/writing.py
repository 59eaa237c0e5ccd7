"""Writing a data set of the world: a corpus that depends neither on workers nor on being written at once."""

from __future__ import annotations

import re
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeAlias

from usg.graph.scene_graph import SceneGraph
from usg.progress import progress

_CHUNK = 200  # scenes that a worker makes at a time

_FOLDERS = ("texts", "images", "videos")  # of what is drawn, beside the shards
_DRAWN_NAME = re.compile(r"[a-z]+--?\d+-\d{8}(-before|-after)?(\.txt|\.png|\.mp4)?")  # split, seed, index

Maker: TypeAlias = Callable[[int, int], Iterator[SceneGraph]]
"""Makes so many scenes (second) from an index on (first)."""


def write_graphs(
    make: Maker,
    n: int,
    output: str | Path,
    provenance: Mapping[str, Any],
    label: str,
    *,
    workers: int = 1,
    overwrite: bool = False,
    resume: bool = False,
    graphs_per_shard: int = 20_000,
) -> int:
    """Writes scenes 0, ..., n - 1 to a corpus and returns how many were made now.

    Args:
        make: a function that processes can be given; it may write files of its own beside the corpus.
        n: scenes in the corpus when it is whole.
        output: the corpus folder.
        provenance: of the data set; a corpus is resumed only if it has the same.
        label: what is made, for the progress bar.
        workers: processes that make scenes.
        overwrite: replace a corpus that is there, and the files that `usg world` drew beside it.
        resume: keep the scenes that are there and go on.
        graphs_per_shard: what an interrupt loses at most.

    Raises:
        ValueError: if `n` or `workers` is too small, or a corpus to resume is of another data set or of more scenes.
        FileExistsError: if the folder is not empty and neither `overwrite` nor `resume` is given.
    """
    from usg.corpus import Corpus, CorpusWriter

    if n < 0 or workers < 1:
        raise ValueError(f"n is {n} and workers {workers}; expected n of at least 0 and workers of at least 1")
    done = 0
    resume = resume and Path(output).is_dir() and any(Path(output).iterdir())
    if resume:
        there = Corpus(output)
        found, done = there.manifest["provenance"], len(there)
        if found != provenance:
            raise ValueError(f"{output} is of another data set ({found}), not {provenance}; name another folder")
        if done > n:
            raise ValueError(f"{output} has {done} scenes, more than the {n} wanted; name another folder")
    old = _drawn_files(output) if overwrite else []
    with CorpusWriter(
        output, provenance=provenance, overwrite=overwrite, append=resume, graphs_per_shard=graphs_per_shard
    ) as writer:
        for file in old:
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        graphs = _in_parallel(make, done, n, workers) if workers > 1 else make(done, n - done)
        for graph in progress(graphs, n - done, label):
            writer.write(graph)
    return n - done


def _drawn_files(corpus: str | Path) -> list[Path]:
    """What `usg world` drew beside the shards of a corpus of its own, told by its names; a film may be a folder.

    Args:
        corpus: a folder, there or not.
    """
    from usg.corpus.schema import CorpusError, read_manifest

    with suppress(OSError, CorpusError):  # of what is no corpus its writer tells
        made_by = str(read_manifest(Path(corpus)).get("provenance", {}).get("made_by"))
        if made_by.startswith("usg world "):
            files = (file for folder in _FOLDERS for file in (Path(corpus) / folder).glob("*"))
            return [file for file in files if _DRAWN_NAME.fullmatch(file.name)]
    return []


def _in_parallel(make: Maker, start: int, stop: int, workers: int) -> Iterator[SceneGraph]:
    """Scenes start, ..., stop - 1 in order, made by processes that are never more than a few chunks ahead."""
    chunks = ((first, min(_CHUNK, stop - first)) for first in range(start, stop, _CHUNK))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting: deque[Future[list[SceneGraph]]] = deque(
            pool.submit(_make_list, make, *chunk) for chunk in islice(chunks, 2 * workers)
        )
        while waiting:
            yield from waiting.popleft().result()
            for chunk in islice(chunks, 1):
                waiting.append(pool.submit(_make_list, make, *chunk))


def _make_list(make: Maker, start: int, n: int) -> list[SceneGraph]:
    return list(make(start, n))
