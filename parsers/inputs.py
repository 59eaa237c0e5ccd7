"""The inputs that are meant on the command line of `usg parse`: files, folders, globs, or standard input."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path


def find_inputs(
    inputs: Sequence[str], what: str, inside: Callable[[Path], Iterable[Path]], takes: Callable[[Path], bool]
) -> list[str]:
    """Files and `-` as they are, what is in folders and globs sorted within each.

    Args:
        inputs: names.
        what: is looked for, for errors.
        inside: gives what is meant by a folder, sorted.
        takes: whether what a glob gives is meant.

    Raises:
        FileNotFoundError: there is no such file, or nothing of it in a folder or glob.
    """
    files: list[str] = []
    for name in inputs:
        path = Path(name)
        if name == "-" or path.is_file():
            found = [name]
        elif path.is_dir():
            found = [str(each) for each in inside(path)]
        else:
            found = sorted(str(each) for each in map(Path, glob.glob(name, recursive=True)) if takes(each))
        if not found:
            nothing = "the folder has no" if path.is_dir() else "no such file, folder or glob of"
            raise FileNotFoundError(f"cannot read {name}: {nothing} {what}")
        files += found
    return files


def is_medium(path: Path, suffixes: Collection[str]) -> bool:
    """Whether a file is to be read, by its name; a link that leads nowhere is, to be told when it is to be read."""
    named = path.suffix.lower() in suffixes and path.name[0] != "."
    # Of the rest only files: to read a pipe or device might never end.
    return named and (os.path.isfile(path) or not os.path.exists(path))
