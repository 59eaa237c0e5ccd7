"""Parses films to scene graphs with tracks, relations and events in time, with a detector of one's choice."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from usg.formats.media import path_text
from usg.formats.problems import Problems
from usg.graph.scene_graph import SceneGraph
from usg.heap import keep_large_buffers
from usg.parsers.command import command_parser, files_after, parse_each, run_command, write_graphs
from usg.parsers.image.cli import add_parts, tell_default
from usg.parsers.output import open_output
from usg.parsers.video.frames import RATE
from usg.parsers.video.inputs import find_videos

if TYPE_CHECKING:
    from usg.parsers.video.parser import VideoParser

_INCOMPLETE = ("incomplete", "failed_frames")  # what metadata say of a film that was read in part


def parse_video(
    inputs: Sequence[str],
    output: str,
    *,
    detector: str | None = None,
    labels: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    attributes: str | None = None,
    relations: str | None = None,
    events: str = "learned",
    tracker: str = "motion",
    threshold: float = 0.5,
    fps: float | None = None,
    count: int | None = None,
    shots: bool = False,
    masks: bool = True,
    rate: float = RATE,
    batch_size: int = 8,
    overwrite: bool = False,
    resume: bool = False,
    problems: Problems | None = None,
) -> int:
    """Parse films and write their graphs.

    Args:
        inputs: files, folders or globs, see usg/parsers/video/inputs.py.
        output: `-`, a file `.jsonl`, or a folder for a corpus.
        detector: by name, as for `usg.parsers.image.ImageParser`, like the next four and the threshold.
        labels: what an open-vocabulary detector looks for.
        class_names: of a detector that has none.
        attributes: an attribute head by name.
        relations: a relation head by name.
        events: an event head by name, as for `usg.parsers.video.VideoParser`, like the tracker.
        tracker: by name.
        threshold: least score of what is in a graph.
        fps: frames a second that are looked at; see `usg.parsers.video.Sampling`, like the next two.
        count: frames that are looked at, of the film or of each shot.
        shots: look for cuts.
        masks: keep masks.
        rate: frames a second of folders of pictures.
        batch_size: frames that the detector reads together.
        overwrite: replace what is at `output`.
        resume: go on after the graphs that an interrupted run with the same inputs left at `output`.
        problems: collects films that cannot be parsed, or in part only; when absent, the first one raises.

    Returns:
        How many graphs were written now: one for each film. That of a film that cannot be parsed has no objects, and
        its metadata say why under `failed`.

    Raises:
        FileNotFoundError: an input or a model is not there.
        LookupError: there is no such detector, head or tracker.
        FileExistsError: something is at `output` and neither `overwrite` nor `resume` is given.
        ValueError: no detector is given, a setting does not fit, or what is at `output` is of other inputs or settings.
    """
    from usg.parsers.image.parser import ImageParser
    from usg.parsers.video.parser import VideoParser
    from usg.parsers.video.sampling import Sampling

    problems = Problems(strict=True) if problems is None else problems
    sampling = Sampling(fps=fps, count=count, shots=shots)
    files = find_videos(inputs, problems.add)
    images = ImageParser(
        detector,
        labels=labels,
        class_names=class_names,
        attributes=attributes,
        relations=relations,
        threshold=threshold,
    )
    parser = VideoParser(
        images, sampling=sampling, tracker=tracker, events=events, masks=masks, batch_size=batch_size, rate=rate
    )
    settings = {
        "threshold": threshold,
        "labels": None if labels is None else list(labels),
        "class_names": None if class_names is None else list(class_names),
        "fps": fps,
        "count": count,
        "shots": shots,
        "masks": masks,
        "rate": rate,
    }
    provenance = {
        "made_by": "usg parse video",
        "inputs": [path_text(name) for name in inputs],
        "parser": parser.version,
        **settings,
    }
    with open_output(output, overwrite=overwrite, resume=resume, provenance=provenance) as out:
        rest = files_after(out, files, "video", parser.version, settings)
        return write_graphs(out, _graphs(parser, rest, settings, problems), problems, len(rest))


def _graphs(
    parser: VideoParser, files: Sequence[str], settings: Mapping[str, Any], problems: Problems
) -> Iterator[SceneGraph]:
    """One graph of each film; one that was read in part is a problem too."""
    items = ((file, path_text(file)) for file in files)
    for graph, name in parse_each(parser.pipe, items, str, problems, settings):
        for key in _INCOMPLETE:
            if key in graph.metadata:
                problems.add(name, f"{key.replace('_', ' ')}: {graph.metadata[key]}")
        yield graph


def main(argv: Sequence[str]) -> int:
    """Run `usg parse video`; 0 when all was parsed, 1 when some films were bad (each is named)."""
    arguments = _parser().parse_args(argv)
    tell_default(arguments.detector)
    keep_large_buffers()
    return run_command(parse_video, arguments, "film")


def _parser() -> argparse.ArgumentParser:
    parser = command_parser("video", __doc__, batch_size=8)
    add_parts(parser)
    parser.add_argument(
        "--events",
        metavar="E",
        default="learned",
        help="learned (default), rules, none, or a file .safetensors of usg train-parser video",
    )
    parser.add_argument("--tracker", metavar="T", default="motion", help="motion (default), or nearest, the baseline")
    parser.add_argument("--fps", type=float, metavar="F", help="frames a second to look at (default: every frame)")
    parser.add_argument("--count", type=int, metavar="N", help="frames to look at, evenly; with --shots of each shot")
    parser.add_argument("--shots", action="store_true", help="look for cuts; nothing is tracked over one")
    parser.add_argument(
        "--no-masks", dest="masks", action="store_false", help="leave out masks, which are most of a graph"
    )
    parser.add_argument(
        "--rate", type=float, default=RATE, metavar="F", help=f"frames a second of folders of pictures ({RATE:g})"
    )
    return parser
