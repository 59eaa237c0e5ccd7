"""The commands of `usg world` that draw: images, videos, multimodal, edits.

Beside the package of pixels, not in it, because that needs Pillow, and a command line must answer without.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from usg.world.tables import SPLITS

PIXEL_SPLITS = (*SPLITS, "style")


def add_pixel_commands(commands: Any) -> None:
    """Adds the parsers of the commands to the sub-parsers of `usg world`."""
    pictures = commands.add_parser(
        "images",
        help="pictures of scenes with boxes, masks, attributes and relations, as PNG files beside a corpus",
        description="Draws pictures into DIR/images and their graphs into the corpus DIR. Picture INDEX of a split and "
        "seed shows scene INDEX of them; the split style shows the scenes of iid in looks that no other split has.",
    )
    add_data_set(pictures, "picture", PIXEL_SPLITS)
    pictures.add_argument("--side", type=int, default=128, help="of a picture, pixels (default: 128)")
    pictures.add_argument(
        "--even", action="store_true", help="colours, sizes and textures drawn evenly, more structural relations"
    )
    pictures.add_argument("--questions", type=int, default=0, help="about each picture (default: 0)")
    pictures.add_argument("--sheet", metavar="FILE", help="a contact sheet of the first 40, some with their boxes")
    films = commands.add_parser(
        "videos",
        help="films of scenes in which things happen, with tracks, relations and events in time, beside a corpus",
        description="Films scenes into DIR/videos and their graphs into the corpus DIR: 16 to 32 frames at 8 a second "
        "with one to three events. Film INDEX of a split and seed begins as picture INDEX of them.",
    )
    add_data_set(films, "film", PIXEL_SPLITS)
    _add_film(films)
    films.add_argument("--sheet", metavar="FILE", help="strips of eight frames of the first 12, with their boxes")
    scenes = commands.add_parser(
        "multimodal",
        help="scenes as text, picture and film that show overlapping parts, with one graph that links them",
        description="Writes DIR/texts, DIR/images and DIR/videos, and into the corpus DIR one graph a scene, in which "
        "an object is one node however many of the three show it.",
    )
    add_data_set(scenes, "scene", PIXEL_SPLITS)
    _add_film(scenes)
    scenes.add_argument("--sheet", metavar="FILE", help="the first 8: picture, frames of the film and text")
    pairs = commands.add_parser(
        "edits",
        help="pictures before and after something is added, removed, replaced, moved, recoloured or restyled",
        description="Draws pairs of pictures into DIR/images and their graphs, two a pair, into the corpus DIR.",
    )
    add_data_set(pairs, "pair", PIXEL_SPLITS, workers=False)
    pairs.add_argument("--side", type=int, default=128, help="of a picture, pixels (default: 128)")
    pairs.add_argument("--even", action="store_true", help="colours, sizes and textures drawn evenly")


def _add_film(command: argparse.ArgumentParser) -> None:
    command.add_argument("--side", type=int, default=128, help="of a frame, pixels (default: 128)")
    command.add_argument("--format", default="mp4", help="of films: mp4, which needs PyAV, or png (default: mp4)")
    command.add_argument("--lively", action="store_true", help="more people, balls and small things, even looks")


def add_data_set(command: argparse.ArgumentParser, what: str, splits: Sequence[str], workers: bool = True) -> None:
    """Adds the arguments that every data set has; `what` is one item of it."""
    command.set_defaults(what=what)
    command.add_argument("-n", type=int, required=True, metavar="N", help=f"{what}s in the corpus")
    command.add_argument("--split", default="train", help=f"{', '.join(splits)} (default: train)")
    command.add_argument("--seed", type=int, default=0, help="of the data set (default: 0)")
    command.add_argument("-o", "--output", required=True, metavar="DIR", help="the corpus folder")
    if workers:
        command.add_argument("--workers", type=int, default=1, help="processes (default: 1)")
    command.add_argument(
        "--overwrite", action="store_true", help="replace a corpus that is there, and what was drawn beside it"
    )
    command.add_argument("--resume", action="store_true", help="go on where an interrupted run ended")


def _named(args: argparse.Namespace, names: str) -> dict[str, Any]:
    return {name: getattr(args, name) for name in names.split(" ")}


def _images(args: argparse.Namespace) -> int:
    from usg.world.pixels.images import write_images

    options = _named(args, "side even questions workers overwrite resume")
    made = write_images(args.n, args.split, args.seed, args.output, **options)
    if args.sheet:
        from usg.world.pixels.sheet import contact_sheet

        contact_sheet(args.output, args.sheet)
    return made


def _videos(args: argparse.Namespace) -> int:
    from usg.world.pixels.videos import write_videos

    options = _named(args, "side format lively workers overwrite resume")
    made = write_videos(args.n, args.split, args.seed, args.output, **options)
    if args.sheet:
        from usg.world.pixels.sheet import film_strips

        film_strips(args.split, args.seed, args.sheet, n=min(12, args.n), lively=args.lively)
    return made


def _multimodal(args: argparse.Namespace) -> int:
    from usg.world.pixels.media import write_multimodal

    options = _named(args, "side format lively workers overwrite resume")
    made = write_multimodal(args.n, args.split, args.seed, args.output, **options)
    if args.sheet:
        from usg.world.pixels.sheet import media_rows

        media_rows(args.split, args.seed, args.sheet, n=min(8, args.n), lively=args.lively)
    return made


def _edits(args: argparse.Namespace) -> int:
    from usg.world.pixels.pairs import write_edits

    options = _named(args, "side even overwrite resume")
    return write_edits(args.n, args.split, args.seed, args.output, **options)


PIXEL_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "images": _images,
    "videos": _videos,
    "multimodal": _multimodal,
    "edits": _edits,
}
"""Name to what makes the data set and returns how many were made."""
