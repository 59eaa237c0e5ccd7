"""What the commands `usg parse MEDIUM` share: their options, going on, items that fail, and what is said at the end."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, TypeVar

from usg.formats.media import media_folder, moved_graph, moved_uri, path_uri
from usg.formats.problems import Problems
from usg.graph.scene_graph import SceneGraph
from usg.memory import peak_mib
from usg.numerals import counted
from usg.parsers.output import FAILED, Output
from usg.progress import progress, say

T = TypeVar("T")

SETTINGS = "settings"
"""The key of a graph's metadata that holds what it was parsed with, beside the parts of the parser."""


def command_parser(medium: str, description: str | None, batch_size: int) -> argparse.ArgumentParser:
    """A parser of the options that every `usg parse MEDIUM` has; the medium adds its own.

    Args:
        medium: "text" and so on.
        description: of the command, for its help.
        batch_size: items that are read together by default.
    """
    parser = argparse.ArgumentParser(prog=f"usg parse {medium}", description=description)
    parser.add_argument(
        "inputs", metavar="INPUT", nargs="*", default=["-"], help="files, folders, globs; standard input by default"
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", required=True, help="- or a file .jsonl, a graph a line; or a corpus folder"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace OUT")
    parser.add_argument("--resume", action="store_true", help="go on where an interrupted run ended; same inputs")
    parser.add_argument(
        "--batch-size", type=int, default=batch_size, metavar="N", help=f"read together (default: {batch_size})"
    )
    return parser


def run_command(parse: Callable[..., int], arguments: argparse.Namespace, what: str) -> int:
    """Runs `usg parse MEDIUM` and says on standard error what it made, and what it took where that is known.

    Args:
        parse: called with all arguments by name, and `problems`; makes the graphs and returns how many were written.
        arguments: of the command line, `output` among them.
        what: an item is called this.

    Returns:
        The exit status: 0, or 1 when there were problems; each was told when it was met.
    """
    problems, output = Problems(tell=say), arguments.output
    try:
        written = parse(**vars(arguments), problems=problems)
    except KeyboardInterrupt:
        if output == "-":
            raise
        raise KeyboardInterrupt(f"--resume goes on after what is whole in {output}") from None
    where = "standard output" if output == "-" else output
    seconds = sum(os.times()[:4])  # with those of processes that ended
    print(f"{counted(written, 'graph')} to {where}; {seconds:.1f} CPU s{_peak()}", file=sys.stderr)
    if problems.count:
        print(f"usg: {counted(problems.count, f'bad {what}')}", file=sys.stderr)
    return 1 if problems.count else 0


def check_same(out: Output, of: str | None, same: bool, version: str) -> None:
    """Raises unless an output that is gone on with has graphs of the same inputs and parser.

    Args:
        out: with a last graph.
        of: what that graph is of, for the error.
        same: whether that stands at its place in the inputs.
        version: of the parser.

    Raises:
        ValueError: it does not stand there, or another parser made the graph.
    """
    if not same:
        raise ValueError(
            f"{out.path} cannot be gone on with: its graph {out.done} is of {of!r}, which is not what stands there in "
            "these inputs; give the inputs and options it was made with, or --overwrite"
        )
    versions = {source.parser_version for source in out.last.sources} if out.last is not None else set()
    if versions != {version}:
        raise ValueError(f"{out.path} was made by {', '.join(map(str, versions))}, not by {version}; --overwrite it")


def files_after(
    out: Output, files: Sequence[str], modality: str, version: str, settings: Mapping[str, Any]
) -> Sequence[str]:
    """The files behind those whose graphs an output has, after a check that these are of the same files and settings.

    Args:
        out: one graph a file.
        files: all inputs, in order; `-` is standard input.
        modality: of the files.
        version: of the parser.
        settings: what stands in the metadata of the graphs, as `parse_each` writes it.

    Raises:
        ValueError: as `check_same`, or the settings were others.
    """
    if out.last is not None:
        source = out.last.sources[0]
        uris = (None if file == "-" else path_uri(file) for file in files[out.done - 1 : out.done])
        expected = [(modality, uri and moved_uri(uri, ".", media_folder(out.path))) for uri in uris]
        check_same(out, source.uri, [(source.modality, source.uri)] == expected, version)
        was = out.last.metadata.get(SETTINGS, {})
        keys = [key for key in {**settings, **was} if was.get(key) != settings.get(key)]
        if keys:
            other = "; ".join(f"{key} {was.get(key)!r}, not {settings.get(key)!r}" for key in keys)
            raise ValueError(f"{out.path} was made with other settings ({other}); give those, or --overwrite")
    return files[out.done :]


def parse_each(
    pipe: Callable[..., Iterator[Any]],
    items: Iterable[tuple[Any, T]],
    where: Callable[[T], str],
    problems: Problems,
    settings: Mapping[str, Any] | None = None,
) -> Iterator[tuple[SceneGraph, T]]:
    """The graphs of items; one that fails is a problem, and its graph says why under `FAILED`.

    Args:
        pipe: of a parser, called with the items, `as_tuples` and `on_error`.
        items: pairs of what is parsed and anything.
        where: what to call an item in problems.
        problems: collects those that fail.
        settings: what the metadata of each graph has under `SETTINGS`, but for those that are None.

    Yields:
        Pairs of a graph and what stood beside its item.
    """
    failed: dict[int, str] = {}
    given = {key: value for key, value in (settings or {}).items() if value is not None}
    for i, (graph, context) in enumerate(pipe(items, as_tuples=True, on_error=failed.__setitem__)):
        more: dict[str, Any] = {SETTINGS: given} if given else {}
        if i in failed:
            more[FAILED] = failed.pop(i).removeprefix(f"{where(context)}: ")
            problems.add(where(context), more[FAILED])
        yield replace(graph, metadata={**graph.metadata, **more}) if more else graph, context


def write_graphs(out: Output, graphs: Iterable[SceneGraph], problems: Problems, total: int | None = None) -> int:
    """Writes graphs with their progress; what failed in the run that is gone on with is a problem of this one too.

    Args:
        out: where to.
        graphs: whose uris are relative to the current folder; those that are written are to where `out` lies.
        problems: collects what failed before.
        total: of the graphs, where it is known.

    Returns:
        How many were written now.
    """
    folder = media_folder(out.path)
    for number, reason in out.failed.items():
        problems.add(f"{out.path}: graph {number}", reason)
    written = 0
    for graph in progress(graphs, total=total, label="parsing"):
        out.write(moved_graph(graph, ".", folder))
        written += 1
    return written


def _peak() -> str:
    if find_spec("resource") is None:  # not on Windows
        return ""
    return f", {peak_mib():,.0f} MiB at most"
