"""JSONL: one graph a line, as `usg.graph.serialize` writes it; `-` is standard input or output."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from usg.files import atomic_path
from usg.formats.problems import Problems
from usg.graph.scene_graph import SceneGraph
from usg.graph.serialize import from_json, to_json


def read(path: str | Path, problems: Problems) -> Iterator[SceneGraph]:
    """The graphs of a file, one a line; empty lines are passed over.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is empty.
    """
    name = "standard input" if str(path) == "-" else str(path)
    empty = True
    with _opened(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            empty = False
            try:
                graph = from_json(line)
            except RecursionError:
                problems.add(f"{name}:{number}", "brackets are nested too deeply for a scene graph")
            except ValueError as error:
                problems.add(f"{name}:{number}", str(error))
            else:
                yield graph
    if empty:
        raise ValueError(f"{name} is empty; expected one graph a line, as JSON")


def write(graphs: Iterable[SceneGraph], path: str | Path, problems: Problems) -> int:
    """Write graphs, one a line; the file takes its name when it is whole.

    Returns:
        How many were written.
    """
    if str(path) == "-":
        return _write_lines(graphs, sys.stdout.buffer, problems)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        return _write_lines(graphs, file, problems)


def _write_lines(graphs: Iterable[SceneGraph], file: BinaryIO, problems: Problems) -> int:
    written = 0
    for number, graph in enumerate(graphs):
        try:
            line = to_json(graph).encode()
        except ValueError as error:
            problems.add(f"graph {number}", str(error))
            continue
        file.write(line + b"\n")
        written += 1
    return written


@contextmanager
def _opened(path: str | Path) -> Iterator[Iterable[bytes]]:
    if str(path) == "-":
        yield sys.stdin.buffer
        return
    with Path(path).open("rb") as file:
        yield file
