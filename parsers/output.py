"""Where the graphs of `usg parse` go: standard output, JSONL, or a corpus folder, each resumable where it can be.

JSONL is written to `OUT.part`, which takes the name OUT when all graphs are in it; a corpus consists of whole shards at
any time. A run that was killed is gone on with by giving the same inputs again: what is already there, `done` graphs,
is passed over, and the last of them tells whether the inputs are the same. What is whole stays as it is until there is
a graph to add.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from usg.corpus import Corpus, CorpusWriter
from usg.graph.scene_graph import SceneGraph
from usg.graph.serialize import from_json, to_json

FAILED = "failed"
"""The key of a graph's metadata under which a parser says why it could not read what the graph is of."""

_SUFFIXES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Output:
    """An open output.

    Attributes:
        path: its name, or `-`.
        done: graphs that were there before.
        last: the last of them.
        failed: what `FAILED` says of those that have it, by their number from 1.
        write: adds one graph.
    """

    path: str
    done: int
    last: SceneGraph | None
    failed: Mapping[int, str]
    write: Callable[[SceneGraph], None]


@contextmanager
def open_output(
    path: str, *, overwrite: bool = False, resume: bool = False, provenance: Mapping[str, Any] | None = None
) -> Iterator[Output]:
    """Open an output for graphs.

    Args:
        path: `-`, a file `.jsonl`, or a folder for a corpus.
        overwrite: replace what is there.
        resume: keep what an interrupted run left there and go on.
        provenance: into the manifest of a corpus.

    Yields:
        The output; leaving the block without an error makes it whole.

    Raises:
        FileExistsError: something is there, whole or not, and neither `overwrite` nor `resume` is given.
        ValueError: both are given, standard output is to be resumed, or the name says no format.
    """
    if overwrite and resume:
        raise ValueError("--overwrite and --resume exclude each other; give one")
    if path == "-":
        if resume:
            raise ValueError("standard output cannot be resumed; name a file or folder with -o")
        yield Output(path, 0, None, {}, _line_writer(sys.stdout.buffer, "standard output"))
        with _named("standard output"):
            sys.stdout.buffer.flush()
    elif Path(path).suffix.lower() in _SUFFIXES:
        with _jsonl(Path(path), overwrite, resume) as output:
            yield output
    elif Path(path).suffix:
        raise ValueError(f"cannot tell what {path} is to be; name a file .jsonl, a folder for a corpus, or -")
    else:
        with _corpus(Path(path), overwrite, resume, provenance) as output:
            yield output


@contextmanager
def _jsonl(path: Path, overwrite: bool, resume: bool) -> Iterator[Output]:
    part = path.with_name(f"{path.name}.part")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name a file, or a folder without the suffix")
    if not path.absolute().parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: the folder {path.parent} does not exist; create it first")
    if path.exists() and not (overwrite or resume):
        raise FileExistsError(f"{path} exists and is not overwritten; remove it, name another, or give --overwrite")
    if part.exists() and not (overwrite or resume):
        raise FileExistsError(f"{part} is there, of an interrupted run; give --resume to go on or --overwrite")
    # Both are there when an --overwrite was interrupted: the part is the newer.
    whole = resume and path.exists() and not part.exists()
    found = path if whole else part
    done, end, last, failed = _whole_lines(found) if resume and found.exists() else (0, 0, None, {})
    file: BinaryIO | None = None if whole else _open_part(part, end)

    def write(graph: SceneGraph) -> None:
        nonlocal file
        if file is None:  # the inputs have grown; until then the file keeps its name
            os.replace(path, part)
            file = _open_part(part, end)
        _line_writer(file, str(part))(graph)

    try:
        yield Output(str(path), done, last, failed, write)
    except BaseException:
        if file is not None:
            with suppress(OSError):  # a disk that is full was told by `write`
                file.close()
            if not part.stat().st_size:  # nothing to go on with
                part.unlink()
        raise
    if file is not None:
        with _named(str(part)):
            file.close()
        os.replace(part, path)


def _open_part(part: Path, end: int) -> BinaryIO:
    """The part, to write on from a byte; what is behind it is cut off."""
    file = part.open("ab")
    file.truncate(end)
    return file


def _whole_lines(path: Path) -> tuple[int, int, SceneGraph | None, dict[int, str]]:
    """How many graphs a file holds, where they end, the last, and which failed; a line that was cut short is none."""
    done, end, last = 0, 0, b""
    failed: dict[int, str] = {}
    mark = f'"{FAILED}"'.encode()  # few lines hold it, and only those are parsed
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break
            done, end, last = done + 1, end + len(line), line
            if mark in line and (reason := from_json(line).metadata.get(FAILED)):
                failed[done] = str(reason)
    return done, end, from_json(last) if done else None, failed


def _line_writer(file: BinaryIO, name: str) -> Callable[[SceneGraph], None]:
    def write(graph: SceneGraph) -> None:
        line = to_json(graph).encode() + b"\n"
        with _named(name):
            file.write(line)

    return write


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Puts the name of the output into an error, as that of a full disk: `write` and `close` do not know it."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, name) from error


@contextmanager
def _corpus(path: Path, overwrite: bool, resume: bool, provenance: Mapping[str, Any] | None) -> Iterator[Output]:
    done, last = 0, None
    failed: dict[int, str] = {}
    resume = resume and path.is_dir() and any(path.iterdir())
    if resume:
        corpus = Corpus(path)
        done, last = len(corpus), corpus[-1] if len(corpus) else None
        reasons = ((number, corpus.metadata(number - 1).get(FAILED)) for number in range(1, done + 1))
        failed = {number: str(reason) for number, reason in reasons if reason}
        del corpus
    with CorpusWriter(path, provenance=provenance, overwrite=overwrite, append=resume) as writer:
        yield Output(str(path), done, last, failed, writer.write)
