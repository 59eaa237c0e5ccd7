"""Makes scenes of the procedural world, in words or in pixels, with full ground truth."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from usg.graph.scene_graph import SceneGraph
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
    _add_data_set(made, "scenes", SPLITS)
    made.add_argument("--captions", type=int, default=3, help="captions of a scene (default: 3)")
    made.add_argument("--statements", type=int, default=3, help="statements about single things (default: 3)")
    made.add_argument("--questions", type=int, default=8, help="questions about a scene (default: 8)")
    made.add_argument("--referring", type=int, default=3, help="referring expressions of a scene (default: 3)")
    pictures = commands.add_parser(
        "images",
        help="pictures of scenes with boxes, masks, attributes and relations, as PNG files beside a corpus",
        description="Draws pictures into DIR/images and their graphs into the corpus DIR. Picture INDEX of a split and "
        "seed shows scene INDEX of them; the split style shows the scenes of iid in looks that no other split has.",
    )
    _add_data_set(pictures, "pictures", (*SPLITS, "style"))
    pictures.add_argument("--side", type=int, default=128, help="of a picture, pixels (default: 128)")
    pictures.add_argument(
        "--even", action="store_true", help="colours, sizes and textures drawn evenly, more structural relations"
    )
    pictures.add_argument("--sheet", metavar="FILE", help="a contact sheet of the first 40, some with their boxes")
    films = commands.add_parser(
        "videos",
        help="films of scenes in which things happen, with tracks, relations and events in time, beside a corpus",
        description="Films scenes into DIR/videos and their graphs into the corpus DIR: 16 to 32 frames at 8 a second "
        "with one to three events. Film INDEX of a split and seed begins as picture INDEX of them.",
    )
    _add_data_set(films, "films", (*SPLITS, "style"))
    _add_film(films)
    films.add_argument("--sheet", metavar="FILE", help="strips of eight frames of the first 12, with their boxes")
    scenes = commands.add_parser(
        "multimodal",
        help="scenes as text, picture and film that show overlapping parts, with one graph that links them",
        description="Writes DIR/texts, DIR/images and DIR/videos, and into the corpus DIR one graph a scene, in which "
        "an object is one node however many of the three show it.",
    )
    _add_data_set(scenes, "scenes", (*SPLITS, "style"))
    _add_film(scenes)
    pairs = commands.add_parser(
        "edits",
        help="pictures before and after something is added, removed, replaced, moved, recoloured or restyled",
        description="Draws pairs of pictures into DIR/images and their graphs, two a pair, into the corpus DIR.",
    )
    _add_data_set(pairs, "pairs", (*SPLITS, "style"), workers=False)
    pairs.add_argument("--side", type=int, default=128, help="of a picture, pixels (default: 128)")
    pairs.add_argument("--even", action="store_true", help="colours, sizes and textures drawn evenly")
    return top


def _add_film(command: argparse.ArgumentParser) -> None:
    command.add_argument("--side", type=int, default=128, help="of a frame, pixels (default: 128)")
    command.add_argument("--format", default="mp4", help="of films: mp4, which needs PyAV, or png (default: mp4)")
    command.add_argument("--lively", action="store_true", help="more people, balls and small things, even looks")


def _add_data_set(command: argparse.ArgumentParser, what: str, splits: Sequence[str], workers: bool = True) -> None:
    """Adds the arguments that every data set has."""
    command.add_argument("-n", type=int, required=True, metavar="N", help=f"{what} in the corpus")
    command.add_argument("--split", default="train", help=f"{', '.join(splits)} (default: train)")
    command.add_argument("--seed", type=int, default=0, help="of the data set (default: 0)")
    command.add_argument("-o", "--output", required=True, metavar="DIR", help="the corpus folder")
    if workers:
        command.add_argument("--workers", type=int, default=1, help="processes (default: 1)")
    command.add_argument("--overwrite", action="store_true", help="replace a corpus that is there")
    command.add_argument("--resume", action="store_true", help="go on where an interrupted run ended")


def main(argv: Sequence[str]) -> int:
    """Makes scenes of the procedural world, in words or in pixels, with full ground truth."""
    args = parser().parse_args(argv)
    try:
        made = _COMMANDS[args.command](args)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"--resume goes on after the whole shards in {args.output}") from None
    print(f"{args.output}: {made:,} {args.command} of the split {args.split}, seed {args.seed}")
    return 0


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


def _images(args: argparse.Namespace) -> int:
    from usg.world.pixels.images import write_images

    made = write_images(
        args.n,
        args.split,
        args.seed,
        args.output,
        side=args.side,
        even=args.even,
        workers=args.workers,
        overwrite=args.overwrite,
        resume=args.resume,
    )
    if args.sheet:
        from usg.world.pixels.sheet import contact_sheet

        contact_sheet(args.output, args.sheet)
    return made


def _videos(args: argparse.Namespace) -> int:
    from usg.world.pixels.videos import write_videos

    made = write_videos(
        args.n,
        args.split,
        args.seed,
        args.output,
        side=args.side,
        format=args.format,
        lively=args.lively,
        workers=args.workers,
        overwrite=args.overwrite,
        resume=args.resume,
    )
    if args.sheet:
        from usg.world.pixels.sheet import film_strips

        film_strips(args.split, args.seed, args.sheet, n=min(12, args.n), lively=args.lively)
    return made


def _multimodal(args: argparse.Namespace) -> int:
    from usg.world.pixels.media import write_multimodal

    return write_multimodal(
        args.n,
        args.split,
        args.seed,
        args.output,
        side=args.side,
        format=args.format,
        lively=args.lively,
        workers=args.workers,
        overwrite=args.overwrite,
        resume=args.resume,
    )


def _edits(args: argparse.Namespace) -> int:
    from usg.world.pixels.pairs import write_edits

    return write_edits(
        args.n,
        args.split,
        args.seed,
        args.output,
        side=args.side,
        even=args.even,
        overwrite=args.overwrite,
        resume=args.resume,
    )


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "scenes": _scenes,
    "images": _images,
    "videos": _videos,
    "multimodal": _multimodal,
    "edits": _edits,
}
