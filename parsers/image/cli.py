"""Parses pictures to scene graphs grounded by boxes and masks, with a detector of one's choice."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from usg.formats.media import path_text
from usg.formats.problems import Problems
from usg.heap import keep_large_buffers
from usg.parsers.command import command_parser, files_after, parse_each, run_command, write_graphs
from usg.parsers.image.inputs import find_images
from usg.parsers.image.labels import labels_from
from usg.parsers.image.names import ATTRIBUTES, DEFAULT, HEADS, KINDS, RELATIONS
from usg.parsers.output import open_output
from usg.progress import say


def parse_image(
    inputs: Sequence[str],
    output: str,
    *,
    detector: str | None = None,
    labels: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    attributes: str | None = None,
    relations: str | None = None,
    threshold: float = 0.5,
    batch_size: int = 8,
    overwrite: bool = False,
    resume: bool = False,
    problems: Problems | None = None,
) -> int:
    """Parse pictures and write their graphs.

    Args:
        inputs: files, folders (with all below them), globs, or `-` for one picture on standard input.
        output: `-`, a file `.jsonl`, or a folder for a corpus.
        detector: by name, as for `usg.parsers.image.ImageParser`, like the next five.
        labels: what an open-vocabulary detector looks for.
        class_names: of a detector that has none.
        attributes: an attribute head by name.
        relations: a relation head by name.
        threshold: least score of what is in a graph.
        batch_size: pictures that the detector reads together.
        overwrite: replace what is at `output`.
        resume: go on after the graphs that an interrupted run with the same inputs left at `output`.
        problems: collects pictures and folders that cannot be read; when absent, the first one raises.

    Returns:
        How many graphs were written now: one for each picture. That of a picture that cannot be parsed has no objects,
        and its metadata say why under `failed`.

    Raises:
        FileNotFoundError: an input or a model is not there.
        LookupError: there is no such detector or head.
        FileExistsError: something is at `output` and neither `overwrite` nor `resume` is given.
        ValueError: a setting does not fit, or what is at `output` is of other inputs or settings.
    """
    from usg.parsers.image.parser import ImageParser

    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, expected at least 1")
    problems = Problems(strict=True) if problems is None else problems
    files = find_images(inputs, problems.add)
    parser = ImageParser(
        detector,
        labels=labels,
        class_names=class_names,
        attributes=attributes,
        relations=relations,
        threshold=threshold,
    )
    settings = {
        "threshold": threshold,
        "labels": None if labels is None else list(labels),
        "class_names": None if class_names is None else list(class_names),
    }
    provenance = {
        "made_by": "usg parse image",
        "inputs": [path_text(name) for name in inputs],
        "parser": parser.version,
        **settings,
    }
    with open_output(output, overwrite=overwrite, resume=resume, provenance=provenance) as out:
        rest = files_after(out, files, "image", parser.version, settings)
        pictures = ((sys.stdin.buffer.read() if file == "-" else file, path_text(file)) for file in rest)
        parsed = parse_each(
            partial(parser.pipe, batch_size=batch_size),
            pictures,
            lambda name: "standard input" if name == "-" else name,
            problems,
            settings,
        )
        return write_graphs(out, (graph for graph, _ in parsed), problems, len(rest))


def tell_default(detector: str | None) -> None:
    """Says once on standard error what the shipped detector knows, where none is named."""
    if detector is None:
        say("the shipped detector knows the built-in world only; for photographs name one with --detector")


def main(argv: Sequence[str]) -> int:
    """Run `usg parse image`; 0 when all was parsed, 1 when some pictures were bad (each is named)."""
    arguments = _parser().parse_args(argv)
    tell_default(arguments.detector)
    keep_large_buffers()
    return run_command(parse_image, arguments, "picture")


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("image", __doc__, batch_size=8)
    add_parts(parser)
    return parser


def add_parts(parser: argparse.ArgumentParser) -> None:
    """Adds the options that choose the parts of an image parser, and its threshold."""
    parser.add_argument("--detector", metavar="D", help=f"{KINDS} (default: {DEFAULT})")
    parser.add_argument(
        "--labels", metavar="L", type=labels_from, help="what to look for, in an open vocabulary: dog,cat or a file"
    )
    parser.add_argument(
        "--class-names", metavar="L", type=labels_from, help="of a detector that has none: dog,cat or a file, in order"
    )
    parser.add_argument("--attributes", metavar="A", help=f"{', '.join(ATTRIBUTES)}, {HEADS}")
    parser.add_argument("--relations", metavar="R", help=f"{', '.join(RELATIONS)}, {HEADS}")
    parser.add_argument(
        "--threshold", type=float, default=0.5, metavar="T", help="least score of what is in a graph (default: 0.5)"
    )
