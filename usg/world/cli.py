"""Makes scenes of the procedural world, with captions, questions and full ground truth."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeAlias

from usg.graph.scene_graph import SceneGraph
from usg.progress import progress
from usg.world.sample import scenes
from usg.world.tables import SPLITS, WORLD_VERSION

_CHUNK = 200  # scenes that a worker makes at a time

Maker: TypeAlias = Callable[[int, int], Iterator[SceneGraph]]
"""Makes so many scenes (second) from an index on (first)."""


def write_scenes(
    n: int,
    split: str,
    seed: int,
    output: str | Path,
    *,
    captions: int = 3,
    statements: int = 3,
    questions: int = 8,
    referring: int = 3,
    workers: int = 1,
    overwrite: bool = False,
    resume: bool = False,
) -> int:
    """Writes n scenes to a corpus and returns how many were made now.

    The corpus does not depend on `workers`, nor on whether it was written at once or resumed.

    Args:
        n: scenes in the corpus when it is whole.
        split: train, val, iid, compose or longer.
        seed: of the data set.
        output: the corpus folder.
        captions: of each scene.
        statements: of each scene.
        questions: of each scene.
        referring: expressions of each scene.
        workers: processes that make scenes; more than one pays for scenes with language only.
        overwrite: replace a corpus that is there.
        resume: keep the scenes that are there, which must be of the same data set, and go on.

    Raises:
        ValueError: if a number is negative, or a corpus to resume is of another data set or of more scenes.
        LookupError: if there is no such split.
        FileExistsError: if the folder is not empty and neither `overwrite` nor `resume` is given.
    """
    from usg.corpus import Corpus, CorpusWriter

    if n < 0 or workers < 1:
        raise ValueError(f"n is {n} and workers {workers}; expected n of at least 0 and workers of at least 1")
    language = {"captions": captions, "statements": statements, "questions": questions, "referring": referring}
    make = partial(
        _make,
        split=split,
        seed=seed,
        captions=captions,
        statements=statements,
        questions=questions,
        referring=referring,
    )
    provenance: dict[str, Any] = {"made_by": "usg world scenes", "world": WORLD_VERSION, "split": split, "seed": seed}
    provenance |= language
    list(make(0, min(n, 1)))  # wrong words and numbers are told before the folder is made
    done = 0
    resume = resume and Path(output).is_dir() and any(Path(output).iterdir())
    if resume:
        there = Corpus(output)
        found, done = there.manifest["provenance"], len(there)
        if found != provenance:
            raise ValueError(f"{output} is of another data set ({found}), not {provenance}; name another folder")
        if done > n:
            raise ValueError(f"{output} has {done} scenes, more than the {n} wanted; name another folder")
    with CorpusWriter(output, provenance=provenance, overwrite=overwrite, append=resume) as writer:
        graphs = _in_parallel(make, done, n, workers) if workers > 1 else make(done, n - done)
        for graph in progress(graphs, n - done, f"{split} scenes"):
            writer.write(graph)
    return n - done


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


def _make(
    start: int, n: int, split: str, seed: int, captions: int, statements: int, questions: int, referring: int
) -> Iterator[SceneGraph]:
    return scenes(
        n,
        split,
        seed,
        start=start,
        captions=captions,
        statements=statements,
        questions=questions,
        referring=referring,
    )


def _make_list(make: Maker, start: int, n: int) -> list[SceneGraph]:
    return list(make(start, n))


def parser() -> argparse.ArgumentParser:
    """Returns the parser of `usg world`."""
    top = argparse.ArgumentParser(prog="usg world", description=__doc__)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    made = commands.add_parser(
        "scenes",
        help="scene graphs with captions, statements, questions and referring expressions, into a corpus",
        description="Samples scenes into a corpus. Scene INDEX of a split and seed is the same everywhere.",
    )
    made.add_argument("-n", type=int, required=True, metavar="N", help="scenes in the corpus")
    made.add_argument("--split", default="train", help=f"{', '.join(SPLITS)} (default: train)")
    made.add_argument("--seed", type=int, default=0, help="of the data set (default: 0)")
    made.add_argument("-o", "--output", required=True, metavar="DIR", help="the corpus folder")
    made.add_argument("--captions", type=int, default=3, help="captions of a scene (default: 3)")
    made.add_argument("--statements", type=int, default=3, help="statements about single things (default: 3)")
    made.add_argument("--questions", type=int, default=8, help="questions about a scene (default: 8)")
    made.add_argument("--referring", type=int, default=3, help="referring expressions of a scene (default: 3)")
    made.add_argument("--workers", type=int, default=1, help="processes, worth it with language only (default: 1)")
    made.add_argument("--overwrite", action="store_true", help="replace a corpus that is there")
    made.add_argument("--resume", action="store_true", help="go on where an interrupted run ended")
    return top


def main(argv: Sequence[str]) -> int:
    """Makes scenes of the procedural world, with captions, questions and full ground truth."""
    args = parser().parse_args(argv)
    try:
        made = write_scenes(
            args.n,
            args.split,
            args.seed,
            args.output,
            captions=args.captions,
            statements=args.statements,
            questions=args.questions,
            referring=args.referring,
            workers=args.workers,
            overwrite=args.overwrite,
            resume=args.resume,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"--resume goes on after the whole shards in {args.output}") from None
    print(f"{args.output}: {made:,} scenes of the split {args.split}, seed {args.seed}")
    return 0
