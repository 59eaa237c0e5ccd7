"""Makes scenes of the procedural world, in words or in pixels, with full ground truth."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from usg.graph.scene_graph import SceneGraph
from usg.numerals import counted
from usg.world.pixel_cli import PIXEL_COMMANDS, add_data_set, add_pixel_commands
from usg.world.sample import scenes
from usg.world.tables import SPLITS, WORLD_VERSION
from usg.world.writing import write_graphs


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
    if n < 0 or workers < 1:
        raise ValueError(f"n is {n} and workers {workers}; expected n of at least 0 and workers of at least 1")
    list(make(0, min(n, 1)))  # wrong words and numbers are told before the folder is made
    return write_graphs(
        make, n, output, provenance, f"{split} scenes", workers=workers, overwrite=overwrite, resume=resume
    )


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


def parser() -> argparse.ArgumentParser:
    """Returns the parser of `usg world`."""
    top = argparse.ArgumentParser(prog="usg world", description=__doc__)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    made = commands.add_parser(
        "scenes",
        help="scene graphs with captions, statements, questions and referring expressions, into a corpus",
        description="Samples scenes into a corpus. Scene INDEX of a split and seed is the same everywhere.",
    )
    add_data_set(made, "scene", SPLITS)
    made.add_argument("--captions", type=int, default=3, help="captions of a scene (default: 3)")
    made.add_argument("--statements", type=int, default=3, help="statements about single things (default: 3)")
    made.add_argument("--questions", type=int, default=8, help="questions about a scene (default: 8)")
    made.add_argument("--referring", type=int, default=3, help="referring expressions of a scene (default: 3)")
    asked = commands.add_parser(
        "questions",
        help="any scene graphs with questions about what they say, into a corpus",
        description="Writes the graphs of a file or corpus with questions and their answers into the corpus DIR.",
    )
    asked.add_argument("graphs", metavar="GRAPHS", help="a corpus folder or any file that usg convert reads")
    asked.add_argument("--number", type=int, default=8, help="questions about a graph (default: 8)")
    asked.add_argument("--seed", type=int, default=0, help="of what is asked (default: 0)")
    asked.add_argument("-o", "--output", required=True, metavar="DIR", help="the corpus folder")
    asked.add_argument("--overwrite", action="store_true", help="replace a corpus that is there")
    add_pixel_commands(commands)
    return top


def main(argv: Sequence[str]) -> int:
    """Makes scenes of the procedural world, in words or in pixels, with full ground truth."""
    args = parser().parse_args(argv)
    if args.command == "questions":
        return _questions(args)
    try:
        made = _scenes(args) if args.command == "scenes" else PIXEL_COMMANDS[args.command](args)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"--resume goes on after the whole shards in {args.output}") from None
    print(f"{args.output}: {counted(made, args.what)} of the split {args.split}, seed {args.seed}")
    return 0


def _questions(args: argparse.Namespace) -> int:
    from usg.formats import Problems
    from usg.world.asking import write_questions

    problems = Problems()
    made = write_questions(
        args.graphs, args.output, args.number, args.seed, overwrite=args.overwrite, problems=problems
    )
    print(f"{args.output}: {counted(made, 'graph')} with questions")
    if problems.count:
        print(f"{problems}\nusg: left out {counted(problems.count, 'bad item')}", file=sys.stderr)
    return 1 if problems.count else 0


def _scenes(args: argparse.Namespace) -> int:
    return write_scenes(
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
