"""Parses pictures to scene graphs grounded by boxes and masks, with a detector of one's choice."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from usg.formats.problems import Problems
from usg.graph.scene_graph import SceneGraph
from usg.parsers.image.inputs import find_images
from usg.parsers.image.labels import labels_from
from usg.parsers.image.names import DEFAULT, KINDS
from usg.parsers.output import FAILED, Output, open_output, run_command
from usg.progress import progress, say

if TYPE_CHECKING:
    from usg.parsers.image.parser import ImageParser


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
        problems: collects pictures that cannot be parsed; when absent, the first one raises.

    Returns:
        How many graphs were written now: one for each picture. That of a picture that cannot be parsed has no objects,
        and its metadata say why under `failed`.

    Raises:
        FileNotFoundError: an input or a model is not there.
        LookupError: there is no such detector or head.
        FileExistsError: something is at `output` and neither `overwrite` nor `resume` is given.
        ValueError: a setting does not fit, or what is at `output` is of other inputs.
    """
    from usg.parsers.image.parser import ImageParser

    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, expected at least 1")
    problems = Problems(strict=True) if problems is None else problems
    files = find_images(inputs)
    parser = ImageParser(
        detector,
        labels=labels,
        class_names=class_names,
        attributes=attributes,
        relations=relations,
        threshold=threshold,
    )
    provenance = {
        "made_by": "usg parse image",
        "inputs": list(inputs),
        "parser": parser.version,
        "threshold": threshold,
        "labels": None if labels is None else list(labels),
    }
    with open_output(output, overwrite=overwrite, resume=resume, provenance=provenance) as out:
        rest = _after(out, files, parser.version, output)
        for number, reason in out.failed.items():
            problems.add(f"{output}: graph {number}", reason)
        written = 0
        for graph in progress(_graphs(parser, rest, batch_size, problems), total=len(rest), label="parsing"):
            out.write(graph)
            written += 1
    return written


def _after(out: Output, files: list[str], version: str, output: str) -> list[str]:
    """The pictures behind those that are done, after a check that these are of the same inputs and parser."""
    if out.last is not None:
        source = out.last.sources[0]
        expected = _uri(files[out.done - 1]) if out.done <= len(files) else None
        if source.modality != "image" or out.done > len(files) or source.uri != expected:
            raise ValueError(
                f"{output} cannot be gone on with: its graph {out.done} is of {source.uri}, which is not "
                "the picture of that number in these inputs; give the inputs it was made with, or --overwrite"
            )
        if source.parser_version != version:
            raise ValueError(f"{output} was made by {source.parser_version}, not by {version}; --overwrite it")
    return files[out.done :]


def _graphs(parser: ImageParser, files: list[str], batch_size: int, problems: Problems) -> Iterator[SceneGraph]:
    """One graph of each picture."""
    failed: dict[int, str] = {}
    pictures = (sys.stdin.buffer.read() if file == "-" else file for file in files)
    for i, graph in enumerate(parser.pipe(pictures, batch_size, on_error=failed.__setitem__)):
        if i in failed:
            reason = failed.pop(i).removeprefix(f"{_uri(files[i])}: ")
            problems.add(_uri(files[i]) or "standard input", reason)
            graph = replace(graph, metadata={**graph.metadata, FAILED: reason})
        yield graph


def _uri(file: str) -> str | None:
    from usg.parsers.image.loading import uri_of

    return None if file == "-" else uri_of(file)


def main(argv: Sequence[str]) -> int:
    """Run `usg parse image`; 0 when all was parsed, 1 when some pictures were bad (each is named)."""
    arguments = _parser().parse_args(argv)
    problems = Problems(tell=say)
    return run_command(
        lambda: parse_image(**vars(arguments), problems=problems), arguments.output, problems, "pictures"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="usg parse image", description=__doc__)
    parser.add_argument(
        "inputs", metavar="INPUT", nargs="*", default=["-"], help="files, folders, globs; standard input by default"
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", required=True, help="- or a file .jsonl, a graph a line; or a corpus folder"
    )
    parser.add_argument("--detector", metavar="D", help=f"{KINDS} (default: {DEFAULT})")
    parser.add_argument(
        "--labels", metavar="L", type=labels_from, help="what to look for, in an open vocabulary: dog,cat or a file"
    )
    parser.add_argument(
        "--class-names", metavar="L", type=labels_from, help="of a detector that has none: dog,cat or a file, in order"
    )
    parser.add_argument("--attributes", metavar="A", help="a CLIP or SigLIP by folder or hub name, a class, or none")
    parser.add_argument(
        "--relations", metavar="R", help="geometry, a CLIP or SigLIP by folder or hub name, a class, or none"
    )
    parser.add_argument(
        "--threshold", type=float, default=0.5, metavar="T", help="least score of what is in a graph (default: 0.5)"
    )
    parser.add_argument("--batch-size", type=int, default=8, metavar="N", help="read together (default: 8)")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT")
    parser.add_argument("--resume", action="store_true", help="go on where an interrupted run ended; same inputs")
    return parser
